// Tests of calls to other services: what comes back, and every way in which nothing does.
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { fetchText, type FetchTextRequest } from '../../../core/base/fetch-text.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('fetchText()', () => {
  const clock = new FakeClock();
  let server: Server;
  let answer: (response: ServerResponse) => void;

  before(async () => {
    server = createServer((_, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  function request(more: Partial<FetchTextRequest> = {}): Promise<{ status: number }> {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const url = `http://127.0.0.1:${port}/?key=secret`;
    return fetchText(clock, { url, method: 'GET', timeoutMs: 1000, maxBytes: 100, ...more });
  }

  it('gives status, type and text, whatever the status', async () => {
    answer = (response) =>
      response.writeHead(418, { 'Content-Type': 'Text/Plain; charset=utf-8' }).end('tea');
    assert.deepEqual(await request(), { status: 418, contentType: 'text/plain', text: 'tea' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends with the reason of its signal, also in the middle of the answer', async () => {
    const abort = new AbortController();
    const reason = new MediaError('canceled', 'client-left', 'client left');
    answer = (response) => {
      response.write('beginning');
      abort.abort(reason);
    };
    await assert.rejects(request({ signal: abort.signal }), reason);
    await assert.rejects(request({ signal: abort.signal }), reason);
  });

  it('ends after its time, also in the middle of the answer', async () => {
    answer = (response) => {
      response.write('beginning');
      clock.advance(1000);
    };
    await assert.rejects(request(), { code: 'fetch-timeout', kind: 'deadline-exceeded' });
  });

  it('fails without a word of the URL', async () => {
    answer = (response) => response.destroy();
    await assert.rejects(request(), (error: Error) => !error.message.includes('secret'));
    await assert.rejects(request({ url: 'nonsense://u:secret@x' }), { code: 'fetch-failed' });
  });

  it('reads no more than it was told', async () => {
    answer = (response) => response.end('x'.repeat(101));
    await assert.rejects(request(), { code: 'fetch-too-large' });
    answer = (response) => response.end('x'.repeat(100));
    assert.equal((await request()).status, 200);
  });
});
