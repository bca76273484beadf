// MP4 that is read while it is written.
import assert from 'node:assert/strict';
import { LiveMp4Writer } from '../../../core/mux/live-mp4-writer.ts';
import type { MuxWrite } from '../../../core/mux/container-writer.ts';
import type { Codec } from '../../../core/codec/codec.ts';

const OPUS: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
const VP8: Codec = { name: 'VP8', clockRateHz: 90000 };
const VP8_KEY_FRAME = Uint8Array.of(0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2);

function bytesOf(writes: readonly MuxWrite[]): Buffer {
  return Buffer.concat(writes.flatMap(({ chunks }) => [...chunks]));
}

/** Types of the boxes at the top, each exactly filling its place. */
function boxesOf(bytes: Buffer): string[] {
  const types: string[] = [];
  let position = 0;
  while (position < bytes.length) {
    types.push(bytes.toString('latin1', position + 4, position + 8));
    position += bytes.readUInt32BE(position);
  }
  assert.equal(position, bytes.length);
  return types;
}

function sound(writer: LiveMp4Writer, dtsTicks: number): void {
  const units = [Uint8Array.of(0xfc, 1, 2)];
  writer.add({ trackIndex: 0, units, dtsTicks, ptsTicks: dtsTicks, isKeyFrame: true });
}

describe('LiveMp4Writer', () => {
  it('writes a header, then one fragment for each part, without a hole', () => {
    const writer = new LiveMp4Writer([{ codec: OPUS }]);
    const writes = [...writer.begin()];
    for (let part = 0; part < 3; part++) {
      for (let index = 0; index < 4; index++) sound(writer, (part * 4 + index) * 960);
      writes.push(...writer.endPart());
    }
    sound(writer, 12 * 960);
    writes.push(...writer.finish());
    const boxes = ['ftyp', 'moov', ...Array<string[]>(4).fill(['moof', 'mdat']).flat()];
    assert.deepEqual(boxesOf(bytesOf(writes)), boxes);
    let position = 0;
    for (const write of writes) {
      assert.equal(write.position, position);
      position += bytesOf([write]).length;
    }
  });

  it('counts fragments and places them in time', () => {
    const writer = new LiveMp4Writer([{ codec: OPUS }]);
    writer.begin();
    sound(writer, 960);
    writer.endPart();
    sound(writer, 1920);
    const fragment = bytesOf(writer.endPart());
    assert.equal(fragment.readUInt32BE(fragment.indexOf('mfhd') + 8), 2);
    assert.equal(fragment.readBigUInt64BE(fragment.indexOf('tfdt') + 8), 1920n);
  });

  it('waits with the header for the first key frame where only that tells the size', () => {
    const writer = new LiveMp4Writer([{ codec: VP8 }]);
    assert.deepEqual(writer.begin(), []);
    assert.deepEqual(writer.endPart(), []);
    const units = [VP8_KEY_FRAME];
    writer.add({ trackIndex: 0, units, dtsTicks: 0, ptsTicks: 0, isKeyFrame: true });
    assert.deepEqual(boxesOf(bytesOf(writer.endPart())), ['ftyp', 'moov', 'moof', 'mdat']);
  });

  it('refuses tracks that it has not and times that go back', () => {
    const writer = new LiveMp4Writer([{ codec: OPUS }]);
    const sample = { units: [Uint8Array.of(1)], dtsTicks: 5, ptsTicks: 5, isKeyFrame: true };
    assert.throws(() => writer.add({ ...sample, trackIndex: 1 }), { code: 'track-index' });
    writer.add({ ...sample, trackIndex: 0 });
    assert.throws(() => writer.add({ ...sample, trackIndex: 0 }), { code: 'sample-time' });
  });
});
