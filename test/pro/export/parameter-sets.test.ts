// Parameter sets of sample entries: read, joined without two of one number, numbered apart.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  freeParameterSetId,
  joinSampleEntries,
  readVideoConfig,
  toSampleBytes,
} from '../../../pro/export/parameter-sets.ts';

/** ue(v) of a small number at the beginning of a byte string. */
function ue(value: number): number[] {
  const bits = (value + 1).toString(2);
  const text = ('0'.repeat(bits.length - 1) + bits).padEnd(24, '1');
  return [0, 8, 16].map((at) => parseInt(text.slice(at, at + 8), 2));
}

const sps = (id: number, tail = 0): number[] => [0x67, 100, 0, 31, ...ue(id), tail];
const pps = (id: number, tail = 0): number[] => [0x68, ...ue(id), tail];

function withLength(set: readonly number[]): number[] {
  return [set.length >> 8, set.length & 255, ...set];
}

function box(type: string, content: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + content.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  return bytes;
}

function avcEntry(spsList: number[][], ppsList: number[][], lengthBytes = 4): Buffer {
  const config = [
    ...[1, 100, 0, 31, 0xfc | (lengthBytes - 1), 0xe0 | spsList.length],
    ...spsList.flatMap(withLength),
    ppsList.length,
    ...ppsList.flatMap(withLength),
    ...[0xfd, 0xf8, 0xf8, 0],
  ];
  const children = [...box('pasp', [0, 0, 0, 1, 0, 0, 0, 1]), ...box('avcC', config)];
  return box('avc1', [...new Array<number>(78).fill(0), ...children, ...box('btrt', [1, 2, 3])]);
}

function hevcEntry(): Buffer {
  const array = (type: number, set: number[]): number[] => [type, 0, 1, ...withLength(set)];
  const config = [...new Array<number>(21).fill(0), 3, 3];
  const arrays = [...array(32, [64, 1]), ...array(33, [66, 1]), ...array(34, [68, 1])];
  return box('hvc1', [...new Array<number>(78).fill(0), ...box('hvcC', [...config, ...arrays])]);
}

const setsOf = (entry: Buffer): number[][] =>
  (readVideoConfig(entry)?.sets ?? []).map((set) => [...set]);

describe('readVideoConfig()', () => {
  it('reads avcC and hvcC', () => {
    const avc = readVideoConfig(avcEntry([sps(0)], [pps(0), pps(1)]));
    assert.deepEqual([avc?.codec, avc?.lengthBytes], ['h264', 4]);
    assert.deepEqual(setsOf(avcEntry([sps(0)], [pps(0), pps(1)])), [sps(0), pps(0), pps(1)]);
    assert.equal(readVideoConfig(avcEntry([sps(0)], [pps(0)], 2))?.lengthBytes, 2);
    assert.equal(readVideoConfig(hevcEntry())?.codec, 'hevc');
    assert.deepEqual(setsOf(hevcEntry()), [
      [64, 1],
      [66, 1],
      [68, 1],
    ]);
  });

  it('knows no other entry, and none that is cut', () => {
    assert.equal(readVideoConfig(box('av01', [])), undefined);
    const entry = avcEntry([sps(0)], [pps(0)]);
    for (let length = 0; length < 120; length++) {
      assert.equal(readVideoConfig(entry.subarray(0, length)), undefined);
    }
  });

  it('takes any bytes', () => {
    const start = avcEntry([sps(0)], [pps(0)]);
    fc.assert(
      fc.property(fc.nat(start.length - 1), fc.uint8Array({ maxLength: 20 }), (at, bytes) => {
        const entry = Buffer.from(start);
        entry.set(bytes.subarray(0, entry.length - at), at);
        const config = readVideoConfig(entry);
        assert((config?.sets ?? []).every((set) => set.length > 0 && set.length < entry.length));
        joinSampleEntries(entry, [start]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('joinSampleEntries()', () => {
  it('adds sets whose numbers are free, and keeps the rest of the entry', () => {
    const first = avcEntry([sps(0)], [pps(0)]);
    const joined = joinSampleEntries(first, [
      avcEntry([sps(8)], [pps(8)]),
      avcEntry([sps(0, 9)], [pps(0, 9)]),
    ]);
    assert.deepEqual(setsOf(joined), [sps(0), sps(8), pps(0), pps(8)]);
    assert.equal(joined.readUInt32BE(0), joined.length);
    assert.deepEqual([...joined.subarray(-3)], [1, 2, 3]);
    assert.deepEqual(setsOf(joinSampleEntries(first, [])), setsOf(first));
  });

  it('says of H.265 that sets stand in the samples', () => {
    const joined = joinSampleEntries(hevcEntry(), [hevcEntry()]);
    assert.equal(joined.toString('latin1', 4, 8), 'hev1');
    assert.deepEqual(setsOf(joined), setsOf(hevcEntry()));
  });
});

describe('freeParameterSetId()', () => {
  it('takes a number that no entry has', () => {
    assert.equal(freeParameterSetId([]), 8);
    assert.equal(freeParameterSetId([avcEntry([sps(8)], [pps(9)]), hevcEntry()]), 10);
    const all = Array.from({ length: 30 }, (_, id) => sps(id + 1));
    assert.equal(freeParameterSetId([avcEntry(all, [pps(0)])]), 31);
  });
});

describe('toSampleBytes()', () => {
  it('puts four bytes of length in front of each set', () => {
    const bytes = toSampleBytes([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    assert.deepEqual([...bytes], [0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3]);
  });
});
