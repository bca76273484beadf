// Locks by file, and the runner of many actions.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { FileLocks } from '../../../core/library/file-locks.ts';
import { forEachConcurrently } from '../../../core/library/for-each-concurrently.ts';

const place = (file: string): { root: string; file: string } => ({ root: '/r', file });

describe('FileLocks', () => {
  it('runs actions on a file one after the other, others beside', async () => {
    const locks = new FileLocks();
    const log: string[] = [];
    const work = (name: string, ...files: readonly string[]): Promise<void> =>
      locks.run(files.map(place), async () => {
        log.push(`${name}+`);
        await setImmediate();
        log.push(`${name}-`);
      });
    await Promise.all([work('1', 'a'), work('2', 'b'), work('3', 'b', 'a'), work('4', 'a', 'b')]);
    assert.deepEqual(log, ['1+', '2+', '1-', '2-', '3+', '3-', '4+', '4-']);
    assert.equal(locks.size, 0);
  });

  it('goes on after a failure, which only its caller sees', async () => {
    const locks = new FileLocks();
    const failed = locks.run([place('a'), place('a')], () => Promise.reject(new Error('no')));
    const next = locks.run([place('a')], () => Promise.resolve(7));
    await assert.rejects(failed, /no/u);
    assert.equal(await next, 7);
    assert.equal(locks.size, 0);
  });
});

describe('forEachConcurrently()', () => {
  it('has as many at work as allowed, and takes every item once', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await forEachConcurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await setImmediate();
      seen.push(item);
      running--;
    });
    assert.deepEqual([seen.sort(), most, running], [[1, 2, 3, 4, 5, 6, 7], 3, 0]);
  });

  it('starts nothing after a failure, and throws it when all have ended', async () => {
    const seen: number[] = [];
    const run = forEachConcurrently([1, 2, 3, 4, 5, 6], 2, async (item) => {
      seen.push(item);
      await setImmediate();
      if (item === 2) throw new Error('two');
    });
    await assert.rejects(run, /two/u);
    assert(seen.length <= 4, String(seen));
  });
});
