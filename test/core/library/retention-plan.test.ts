// Which recordings go, without any disk.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RetentionPlan, type RetentionLimits } from '../../../core/library/retention-plan.ts';

const NOW = 1_000_000;
const off: RetentionLimits = {
  maxAgeMs: () => 0,
  shortestMaxAgeMs: 0,
  maxBytes: 0,
  minFreeBytes: 0,
};
const empty = { nowAt: NOW, usedBytes: 0, freeBytes: 0 };

describe('RetentionPlan', () => {
  it('keeps everything when no limit is set', () => {
    const plan = new RetentionPlan(off, { ...empty, usedBytes: 1e15 });
    assert.equal(plan.judge({ path: 'cam', startAt: 0, sizeBytes: 1 }), undefined);
    assert(plan.horizonAt < 0);
    assert.equal(plan.missingBytes, 0);
  });

  it('lets go what is older than its path allows', () => {
    const maxAgeMs = (path: string): number => (path === 'short' ? 10 : path === 'ever' ? 0 : 100);
    const plan = new RetentionPlan({ ...off, maxAgeMs, shortestMaxAgeMs: 10 }, empty);
    const judge = (path: string, ageMs: number): unknown =>
      plan.judge({ path, startAt: NOW - ageMs, sizeBytes: 1 });
    assert.deepEqual([judge('short', 11), judge('short', 10)], ['age', undefined]);
    assert.deepEqual([judge('', 101), judge('', 100)], ['age', undefined]);
    assert.equal(judge('ever', NOW), undefined);
    assert.equal(plan.horizonAt, NOW - 10);
  });

  it('frees what is above the total, and some more', () => {
    const plan = new RetentionPlan({ ...off, maxBytes: 1000 }, { ...empty, usedBytes: 1001 });
    const item = { path: '', startAt: 5, sizeBytes: 10 };
    assert(plan.horizonAt > NOW);
    const judged = Array.from({ length: 5 }, () => plan.judge(item));
    assert.deepEqual(judged, ['bytes', 'bytes', 'bytes', undefined, undefined]);
    assert.equal(plan.missingBytes, 0);
    plan.takeBack(item);
    assert.equal(plan.judge(item), 'bytes');
    const enough = new RetentionPlan({ ...off, maxBytes: 1000 }, { ...empty, usedBytes: 1000 });
    assert.equal(enough.judge(item), undefined);
  });

  it('frees what the disk lacks, and says what it could not', () => {
    const plan = new RetentionPlan({ ...off, minFreeBytes: 1000 }, { ...empty, freeBytes: 990 });
    assert.equal(plan.missingBytes, 30);
    assert.equal(plan.judge({ path: '', startAt: 5, sizeBytes: 20 }), 'freeSpace');
    assert.equal(plan.missingBytes, 10);
    const full = new RetentionPlan({ ...off, minFreeBytes: 1000 }, { ...empty, freeBytes: 1000 });
    assert.equal(full.missingBytes, 0);
  });

  it('frees as little as needed, and leaves a total below the limit', () => {
    const sizes = fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20_000 }), (all, maxBytes) => {
        const usedBytes = all.reduce((sum, size) => sum + size, 0);
        const plan = new RetentionPlan({ ...off, maxBytes }, { ...empty, usedBytes });
        let left = usedBytes;
        for (const [n, sizeBytes] of all.entries()) {
          const goes = plan.judge({ path: '', startAt: n, sizeBytes }) !== undefined;
          assert(!goes || left > maxBytes * 0.98);
          if (goes) left -= sizeBytes;
        }
        assert(left <= maxBytes);
      }),
    );
  });
});
