// What is kept of fragments that nobody confirmed, and what goes first.
import assert from 'node:assert/strict';
import { FragmentBuffer } from '../../../pro/put-media/fragment-buffer.ts';
import { EPOCH_MS, testFragment } from './put-media-media.ts';

function filled(count: number, sent = 0): FragmentBuffer {
  const buffer = new FragmentBuffer({ maxDurationMs: 10_000, maxBytes: 1000 });
  for (let index = 0; index < count; index++) buffer.push(testFragment(index), index);
  for (let index = 0; index < sent; index++) buffer.markSent(index * 1000, 50);
  return buffer;
}

/** Timecode of the next one to send. */
const nextOf = ({ next }: FragmentBuffer): number | undefined => next?.fragment.timecodeMs;

const at = (index: number): number => EPOCH_MS + index * 1000;

describe('FragmentBuffer', () => {
  it('gives fragments in order, sent ones not again', () => {
    const buffer = filled(3, 1);
    assert.equal(nextOf(buffer), at(1));
    buffer.markSent(1000, 60);
    assert.deepEqual([nextOf(buffer), buffer.sentCount], [at(2), 2]);
    buffer.markSent(2000, 70);
    assert.equal(nextOf(buffer), undefined);
    buffer.markSent(3000, 80);
    assert.equal(buffer.sentCount, 3);
  });

  it('is done with a confirmed fragment and those sent before it, but not with later ones', () => {
    const buffer = filled(4, 3);
    assert.equal(buffer.confirm(1000), 2);
    assert.deepEqual([buffer.count, buffer.sentCount, buffer.sizeBytes], [2, 1, 80]);
    assert.equal(buffer.oldest?.fragment.timecodeMs, at(2));
  });

  it('takes a timecode of the cluster or of the fragment, and no other', () => {
    const buffer = filled(3, 2);
    assert.equal(buffer.confirm(at(2)), 0, 'not sent yet');
    assert.equal(buffer.confirm(5), 0);
    assert.equal(buffer.confirm(at(0)), 1);
    assert.equal(buffer.findSent(1000)?.fragment.timecodeMs, at(1));
  });

  it('sends everything again after a rewind', () => {
    const buffer = filled(3, 2);
    assert.equal(buffer.rewind(), 2);
    assert.equal(nextOf(buffer), at(0));
    assert.equal(buffer.confirm(1000), 0);
  });

  it('drops the oldest beyond its duration, sent or not', () => {
    const buffer = filled(10, 2);
    assert.equal(buffer.push(testFragment(10), 10), 1);
    assert.deepEqual([buffer.count, buffer.sentCount], [10, 1]);
    assert.equal(buffer.oldest?.fragment.timecodeMs, at(1));
  });

  it('drops the oldest beyond its size, but never the newest', () => {
    const buffer = filled(5);
    assert.equal(buffer.push(testFragment(5, { sizeBytes: 900 }), 5), 3);
    assert.equal(buffer.sizeBytes, 980);
    assert.equal(buffer.push(testFragment(6, { sizeBytes: 5000 }), 6), 3);
    assert.deepEqual([buffer.count, buffer.sizeBytes], [1, 5000]);
  });

  it('drops one fragment out of the middle', () => {
    const buffer = filled(4, 2);
    const entry = buffer.findSent(1000);
    assert.ok(entry);
    assert.equal(buffer.drop(entry), true);
    assert.equal(buffer.drop(entry), false);
    assert.deepEqual([buffer.count, buffer.sentCount, buffer.sizeBytes], [3, 1, 120]);
    assert.equal(nextOf(buffer), at(2));
  });
});
