// Tests of the timeline: output keeps the source's time although samples got lost on the way in.
import assert from 'node:assert/strict';
import { SampleTimeline } from '../../../core/transcode/sample-timeline.ts';

const FRAME = 1024;

describe('SampleTimeline', () => {
  it('counts samples as long as the source is steady', () => {
    const timeline = new SampleTimeline(44100, 48000);
    for (let frame = 0; frame < 1000; frame++) timeline.noteInput(frame * FRAME, FRAME);
    assert.equal(timeline.firstTicks, 0);
    assert.equal(timeline.outputTime(48000), 48000);
  });

  it('jumps with the source from the sample where packets were lost', () => {
    const timeline = new SampleTimeline(48000, 48000);
    for (let frame = 0; frame < 10; frame++) timeline.noteInput(frame * FRAME, FRAME);
    for (let frame = 60; frame < 70; frame++) timeline.noteInput(frame * FRAME, FRAME);
    assert.equal(timeline.outputTime(9 * FRAME), 9 * FRAME);
    assert.equal(timeline.outputTime(10 * FRAME), 60 * FRAME);
    assert.equal(timeline.outputTime(15 * FRAME), 65 * FRAME);
  });

  it('does not chase jitter of a few milliseconds', () => {
    const timeline = new SampleTimeline(48000, 48000);
    for (let frame = 0; frame < 100; frame++) {
      timeline.noteInput(frame * FRAME + (frame % 2) * 900, FRAME);
    }
    assert.equal(timeline.outputTime(50 * FRAME), 50 * FRAME);
  });

  it('goes on across the wrap of the source timestamps', () => {
    const timeline = new SampleTimeline(48000, 48000);
    const start = 0x100000000 - 5 * FRAME;
    for (let frame = 0; frame < 20; frame++) {
      timeline.noteInput((start + frame * FRAME) >>> 0, FRAME);
    }
    assert.equal(timeline.firstTicks, start);
    assert.equal(timeline.outputTime(15 * FRAME), 15 * FRAME);
  });
});
