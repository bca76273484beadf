// Tests of the page modules that decide when to try again.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { loadBrowserModule } from './browser-module.ts';

interface Progress {
  readonly packets: number;
  readonly videoPackets: number;
  readonly framesDecoded: number;
}
interface StallWatch {
  update(now: Progress, nowMs: number): string | undefined;
  pause(): void;
}
interface BackOff {
  nextMs(): number;
  reset(): void;
}

// The one place where the types of these modules are claimed.
const { StallWatch } = (await loadBrowserModule('stall-watch.js')) as {
  StallWatch: new (options: { stallMs: number; silenceMs: number }) => StallWatch;
};
const { BackOff } = (await loadBrowserModule('back-off.js')) as {
  BackOff: new (options: { minMs: number; maxMs: number; random?: () => number }) => BackOff;
};

describe('BackOff', () => {
  it('doubles from 1 s to 10 s', () => {
    const backOff = new BackOff({ minMs: 1000, maxMs: 10_000, random: () => 0.5 });
    const waits = Array.from({ length: 6 }, () => backOff.nextMs());
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 10_000, 10_000]);
    backOff.reset();
    assert.equal(backOff.nextMs(), 1000);
  });

  it('spreads by a quarter to both sides and never goes over the limit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(2000), (random, count) => {
        const backOff = new BackOff({ minMs: 1000, maxMs: 10_000, random: () => random });
        let waitMs = 0;
        for (let attempt = 0; attempt <= Math.min(count, 20); attempt++) waitMs = backOff.nextMs();
        assert(waitMs >= 750 && waitMs <= 10_000, String(waitMs));
      }),
      { numRuns: 300 },
    );
  });
});

describe('StallWatch', () => {
  const options = { stallMs: 8000, silenceMs: 15_000 };

  /** One update a second; the first verdict and its second. */
  function verdict(
    watch: StallWatch,
    progressAt: (second: number) => Progress,
    seconds = 60,
  ): readonly [number, string] | undefined {
    for (let second = 0; second < seconds; second++) {
      const found = watch.update(progressAt(second), second * 1000);
      if (found !== undefined) return [second, found];
    }
    return undefined;
  }

  it('is content while pictures come, also slowly', () => {
    const progress = (second: number): Progress => ({
      ...{ packets: second * 100, videoPackets: second * 90 },
      framesDecoded: Math.floor(second / 5),
    });
    assert.equal(verdict(new StallWatch(options), progress), undefined);
  });

  it('notices packets without pictures', () => {
    const progress = (second: number): Progress => ({
      ...{ packets: second * 100, videoPackets: second * 90 },
      framesDecoded: Math.min(second, 10) * 25,
    });
    assert.deepEqual(verdict(new StallWatch(options), progress), [18, 'stalled']);
  });

  it('notices that the first picture never comes', () => {
    const progress = (second: number): Progress => ({
      ...{ packets: second * 100, videoPackets: second * 90, framesDecoded: 0 },
    });
    assert.deepEqual(verdict(new StallWatch(options), progress), [9, 'stalled']);
  });

  it('leaves audio alone', () => {
    const progress = (second: number): Progress => ({
      ...{ packets: second * 50, videoPackets: 0, framesDecoded: 0 },
    });
    assert.equal(verdict(new StallWatch(options), progress), undefined);
  });

  it('waits longer when nothing arrives at all, and then says that', () => {
    const progress = (second: number): Progress => {
      const active = Math.min(second, 5);
      return { packets: active * 100, videoPackets: active * 90, framesDecoded: active * 25 };
    };
    assert.deepEqual(verdict(new StallWatch(options), progress), [20, 'no-media']);
  });

  it('starts anew after a pause', () => {
    const watch = new StallWatch(options);
    const frozen = (second: number): Progress => ({
      ...{ packets: second, videoPackets: second, framesDecoded: 1 },
    });
    assert.equal(verdict(watch, frozen, 8), undefined);
    watch.pause();
    assert.equal(watch.update(frozen(30), 30_000), undefined);
    assert.equal(watch.update(frozen(37), 37_000), undefined);
    assert.equal(watch.update(frozen(38), 38_000), 'stalled');
  });

  it('can be switched off', () => {
    const watch = new StallWatch({ stallMs: 0, silenceMs: 0 });
    const progress = { packets: 1, videoPackets: 1, framesDecoded: 0 };
    assert.equal(
      verdict(watch, () => progress),
      undefined,
    );
  });
});
