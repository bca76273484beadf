// Tests of SampleMerger: whom it waits for, and how long.
import assert from 'node:assert/strict';
import {
  SampleMerger,
  type MergeInput,
  type SampleMergerOptions,
} from '../../../core/record/sample-merger.ts';
import { TrackAligner } from '../../../core/record/track-aligner.ts';
import { TrackInput, type TimedSample } from '../../../core/record/track-input.ts';
import { Stream } from '../../../core/stream/stream.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { CameraFeed, H264, OPUS } from './camera-feed.ts';

/** A queue in milliseconds. */
class Queue implements MergeInput {
  readonly clockRateHz = 1000;
  readonly #samples: TimedSample[] = [];

  get first(): TimedSample | undefined {
    return this.#samples[0];
  }

  get newest(): TimedSample | undefined {
    return this.#samples.at(-1);
  }

  shift(): TimedSample | undefined {
    return this.#samples.shift();
  }

  add(...timesMs: readonly number[]): void {
    for (const ticks of timesMs) {
      this.#samples.push({
        ...{ units: [], sizeBytes: 0, ptsTicks: ticks, dtsTicks: ticks },
        ...{ isKeyFrame: true, isAfterJump: false, arrivalMs: ticks },
      });
    }
  }
}

/** Two tracks whose timelines are the same: both began at the same instant. */
function rig(options?: SampleMergerOptions): {
  readonly video: Queue;
  readonly audio: Queue;
  readonly merger: SampleMerger;
  readonly merged: string[];
} {
  const clock = new FakeClock();
  const stream = new Stream([H264, OPUS], { clock });
  const inputs = stream.tracks.flatMap((track) => TrackInput.create(track, 10_000) ?? []);
  const [lead] = inputs;
  assert.ok(lead);
  const feed = new CameraFeed(stream.attach([H264, OPUS]), [H264, OPUS]);
  feed.picture(0, { isKey: true });
  feed.sound(0);
  for (const input of inputs) {
    input.moveToTime(0);
    input.pull();
  }
  const aligner = new TrackAligner(stream.clock, inputs, lead);
  const merged: string[] = [];
  const video = new Queue();
  const audio = new Queue();
  const merger = new SampleMerger(
    {
      aligner,
      handler: { onMerged: (index, { ptsTicks }) => merged.push(`${index}:${ptsTicks}`) },
    },
    { inputs: [video, audio], lead: video },
    options,
  );
  return { video, audio, merger, merged };
}

describe('SampleMerger', () => {
  it('hands samples out in the order of time', () => {
    const { video, audio, merger, merged } = rig();
    video.add(0, 40, 80);
    audio.add(0, 20, 40, 60);
    merger.drain(0, false);
    assert.deepEqual(merged, ['0:0', '1:0', '1:20', '0:40', '1:40', '1:60']);
    merger.drain(0, true);
    assert.equal(merged.at(-1), '0:80');
  });

  it('waits for a track that never had a sample only when told so, and until then', () => {
    const patient = rig({ maxFirstWaitMs: 3000 });
    const other = rig();
    for (const { video, merger } of [patient, other]) {
      video.add(0, 40);
      merger.drain(500, false);
    }
    assert.deepEqual([patient.merged, other.merged], [[], ['0:0', '0:40']]);
    patient.merger.drain(3499, false);
    assert.deepEqual(patient.merged, []);
    patient.merger.drain(3500, false);
    assert.deepEqual(patient.merged, ['0:0', '0:40']);
  });

  it('puts what was waited for in its place', () => {
    const { video, audio, merger, merged } = rig({ maxFirstWaitMs: 3000 });
    video.add(0, 40);
    merger.drain(0, false);
    audio.add(0, 20, 50);
    merger.drain(900, false);
    assert.deepEqual(merged, ['0:0', '1:0', '1:20', '0:40', '1:50'].slice(0, merged.length));
    assert.equal(merged.length, 4);
  });

  it('waits no more when it is told to stop', () => {
    const { video, merger, merged } = rig({ maxFirstWaitMs: 3000 });
    video.add(0);
    merger.stopWaiting();
    merger.drain(0, false);
    assert.deepEqual(merged, ['0:0']);
  });

  it('waits for a track that is behind as long as it moves, when told so', () => {
    const { video, audio, merger, merged } = rig({ maxFirstWaitMs: 3000, maxCatchUpMs: 10_000 });
    audio.add(0);
    video.add(0, 2000, 4000);
    merger.drain(0, false);
    assert.deepEqual(merged, ['0:0', '1:0']);
    audio.add(1000);
    merger.drain(900, false);
    assert.deepEqual(merged.slice(2), ['1:1000']);
    merger.drain(1900, false);
    assert.equal(merged.length, 3);
    merger.drain(1901, false);
    assert.deepEqual(merged.slice(3), ['0:2000', '0:4000']);
  });

  it('waits for nobody that is more than a second behind, else', () => {
    const { video, audio, merger, merged } = rig();
    audio.add(0);
    video.add(0, 900, 2000);
    merger.drain(0, false);
    assert.deepEqual(merged, ['0:0', '1:0', '0:900', '0:2000']);
  });
});
