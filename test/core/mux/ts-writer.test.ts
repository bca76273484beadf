// Tests of TsWriter and of the packets, tables and headers below it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { splitAnnexB } from '../../../core/codec/annex-b.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { h264NalType } from '../../../core/codec/h264-nal-unit.ts';
import { crc32Mpeg } from '../../../core/mux/crc32-mpeg.ts';
import { writePesHeader } from '../../../core/mux/pes-header.ts';
import { TsPacketBuffer } from '../../../core/mux/ts-packet-buffer.ts';
import { TsWriter } from '../../../core/mux/ts-writer.ts';
import { AAC, audioSample, grow, H264, videoAndAudio, videoSample } from './mux-media.ts';

interface Packet {
  readonly pid: number;
  readonly isStart: boolean;
  readonly counter: number;
  readonly adaptation: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads packets as ISO/IEC 13818-1 section 2.4.3 defines them. */
function packetsOf(bytes: Uint8Array): Packet[] {
  assert.equal(bytes.length % 188, 0);
  return Array.from({ length: bytes.length / 188 }, (_, index) => {
    const packet = bytes.subarray(index * 188, (index + 1) * 188);
    const [sync = 0, second = 0, third = 0, fourth = 0, adaptationLength = 0] = packet;
    assert.equal(sync, 0x47);
    const adaptationBytes = (fourth & 0x20) === 0 ? 0 : 1 + adaptationLength;
    return {
      pid: ((second & 0x1f) << 8) | third,
      isStart: (second & 0x40) !== 0,
      counter: fourth & 0x0f,
      adaptation: packet.subarray(4, 4 + adaptationBytes),
      payload: packet.subarray(4 + adaptationBytes),
    };
  });
}

/** PES packets of one stream. */
function pesOf(packets: readonly Packet[], pid: number): Buffer[] {
  const found: Uint8Array[][] = [];
  for (const packet of packets.filter((candidate) => candidate.pid === pid)) {
    if (packet.isStart) found.push([]);
    found.at(-1)?.push(packet.payload);
  }
  return found.map((chunks) => Buffer.concat(chunks));
}

describe('TsPacketBuffer', () => {
  it('carries payload of any size in packets that are full', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(-1, 0, 2 ** 33 - 1),
        fc.boolean(),
        (chunks, pcrTicks, isRandomAccess) => {
          const buffer = new TsPacketBuffer();
          const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
          const stream = { pid: 0x101, continuityCounter: 14 };
          buffer.addPayload(stream, { chunks, sizeBytes, pcrTicks, isRandomAccess });
          const packets = packetsOf(Buffer.concat(buffer.take()));
          assert.deepEqual(pesOf(packets, 0x101), [Buffer.concat(chunks)]);
          packets.forEach(({ counter }, index) => assert.equal(counter, (14 + index) % 16));
          const flags = packets[0]?.adaptation[1] ?? 0;
          assert.equal((flags & 0x40) !== 0, isRandomAccess);
          assert.equal((flags & 0x10) !== 0, pcrTicks >= 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps what was taken while it goes on', () => {
    const buffer = new TsPacketBuffer();
    const stream = { pid: 1, continuityCounter: 0 };
    buffer.addSection(stream, Uint8Array.of(1));
    const first = Buffer.concat(buffer.take());
    const kept = Buffer.from(first);
    for (let index = 0; index < 1000; index++) buffer.addSection(stream, Uint8Array.of(2));
    assert.equal(
      buffer.take().reduce((sum, { length }) => sum + length, 0),
      188_000,
    );
    assert.deepEqual(first, kept);
    assert.equal(buffer.isEmpty, true);
  });
});

describe('crc32Mpeg()', () => {
  it('gives the check value of CRC-32/MPEG-2', () => {
    assert.equal(crc32Mpeg(Buffer.from('123456789'), 0, 9), 0x0376e6e7);
  });
});

describe('writePesHeader()', () => {
  it('writes times with their marker bits', () => {
    const target = new Uint8Array(19);
    const header = { streamId: 0xe0, payloadBytes: 10, ptsTicks: 2 ** 33 - 1, dtsTicks: 90_000 };
    assert.equal(writePesHeader(target, header), 19);
    const hex = Buffer.from(target).toString('hex');
    assert.equal(hex, '000001e0' + '0017' + '84c00a' + '3fffffffff' + '110005bf21');
  });

  it('leaves the decoding time out when it is the same, and a length that has no room', () => {
    const target = new Uint8Array(19);
    const times = { ptsTicks: 5, dtsTicks: 5 };
    assert.equal(writePesHeader(target, { streamId: 0xe0, payloadBytes: 65_528, ...times }), 14);
    assert.deepEqual([...target.subarray(4, 9)], [0, 0, 0x84, 0x80, 5]);
  });
});

describe('TsWriter', () => {
  it('begins each part with tables whose checksum is right', () => {
    const { file, partEnds } = grow(
      new TsWriter([{ codec: H264 }, { codec: AAC }]),
      videoAndAudio(2),
    );
    for (const start of [0, partEnds[0] ?? 0]) {
      const [association, map, first] = packetsOf(file.bytes.slice(start, start + 3 * 188));
      assert.deepEqual([association?.pid, map?.pid, first?.pid], [0, 0x1000, 0x100]);
      for (const table of [association, map]) {
        const section = table?.payload.subarray(1) ?? new Uint8Array(0);
        const length = 3 + (((section[1] ?? 0) & 0x0f) << 8) + (section[2] ?? 0);
        // The checksum over a section with its checksum is 0.
        assert.equal(crc32Mpeg(section, 0, length), 0);
      }
    }
    const tables = packetsOf(file.bytes).filter(({ pid }) => pid === 0);
    assert.equal(tables.length, 2);
  });

  it('counts the packets of each stream without a gap', () => {
    const { file, closing } = grow(
      new TsWriter([{ codec: H264 }, { codec: AAC }]),
      videoAndAudio(2),
    );
    assert.deepEqual(closing, []);
    const next = new Map<number, number>();
    for (const { pid, counter } of packetsOf(file.bytes)) {
      assert.equal(counter, next.get(pid) ?? 0);
      next.set(pid, (counter + 1) % 16);
    }
    assert.deepEqual([...next.keys()], [0, 0x1000, 0x100, 0x101]);
  });

  it('puts a delimiter before each picture and parameter sets before key frames that lack them', () => {
    const writer = new TsWriter([{ codec: H264 }]);
    writer.begin();
    const own = { ...videoSample(25), units: [Uint8Array.of(0x67, 1), ...videoSample(25).units] };
    for (const sample of [videoSample(0), videoSample(1), own]) writer.add(sample);
    const packets = packetsOf(Buffer.concat(writer.finish().flatMap(({ chunks }) => chunks)));
    const kinds = pesOf(packets, 0x100).map((pes) =>
      splitAnnexB(pes.subarray(9 + (pes[8] ?? 0))).map((nal) => h264NalType(nal[0] ?? 0)),
    );
    assert.deepEqual(kinds, [
      [9, 7, 8, 5],
      [9, 1],
      [9, 7, 5],
    ]);
  });

  it('puts ADTS and Opus headers before frames', () => {
    const opus: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
    const writer = new TsWriter([{ codec: opus }, { codec: AAC }]);
    writer.begin();
    writer.add({ ...audioSample(0), trackIndex: 0, units: [new Uint8Array(300).fill(7)] });
    writer.add(audioSample(0));
    const packets = packetsOf(Buffer.concat(writer.endPart().flatMap(({ chunks }) => chunks)));
    const [opusPes] = pesOf(packets, 0x100);
    const [aacPes] = pesOf(packets, 0x101);
    assert.equal(opusPes?.toString('hex', 14, 19), '7fe0ff2d07');
    assert.equal(aacPes?.toString('hex', 14, 21), 'fff14c80037ffc');
    // Without video the first track carries the clock.
    assert.equal((packets[0]?.adaptation[1] ?? 0) & 0x10, 0x10);
  });

  it('rejects codecs, tracks and times that it cannot write', () => {
    const vp8: Codec = { name: 'VP8', clockRateHz: 90000 };
    assert.throws(() => new TsWriter([{ codec: vp8 }]), { kind: 'unsupported', message: /VP8/u });
    assert.throws(() => new TsWriter([]), { kind: 'invalid-argument' });
    const writer = new TsWriter([{ codec: H264 }]);
    writer.add(videoSample(1));
    const second = videoSample(2);
    for (const change of [{ dtsTicks: 3600 }, { ptsTicks: 7199 }, { trackIndex: 1 }]) {
      assert.throws(() => writer.add({ ...second, ...change }), { kind: 'invalid-argument' });
    }
    writer.add(second);
  });

  it('writes nothing for samples without a picture', () => {
    const writer = new TsWriter([{ codec: H264 }]);
    writer.begin();
    writer.add({ ...videoSample(0), units: [Uint8Array.of(9, 0xf0)] });
    assert.deepEqual(writer.endPart(), []);
  });
});
