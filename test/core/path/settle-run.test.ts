// Tests of how a run of a source ends.
import assert from 'node:assert/strict';
import { settleRun } from '../../../core/path/settle-run.ts';

describe('settleRun()', () => {
  it('passes the reason on as a MediaError', async () => {
    const { signal } = new AbortController();
    const run = Promise.reject(new TypeError('no tracks'));
    await assert.rejects(settleRun(run, signal), { name: 'MediaError', message: 'no tracks' });
  });

  it('is silent when the run was aborted, also after it began', async () => {
    const abort = new AbortController();
    const { promise, reject } = Promise.withResolvers<undefined>();
    const settled = settleRun(
      promise.then(() => undefined),
      abort.signal,
    );
    abort.abort();
    reject(new Error('the connection was closed'));
    await settled;
    await settleRun(Promise.reject(new Error('too late')), abort.signal);
  });
});
