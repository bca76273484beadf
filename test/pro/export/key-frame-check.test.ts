// Only IDR pictures are places to begin at; a container's key flag is not enough.
import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isIdrPacket } from '../../../pro/export/key-frame-check.ts';

const nal = (first: number, length = 6): number[] => [
  ...[0, 0, 0, length, first],
  ...new Array<number>(length - 1).fill(9),
];

describe('isIdrPacket()', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-idr-'));
  });

  after(() => rm(folder, { recursive: true }));

  async function judge(codec: 'h264' | 'hevc', bytes: readonly number[]): Promise<boolean> {
    const path = join(folder, 'x');
    await writeFile(path, Buffer.from([1, 2, 3, ...bytes]));
    await using file = await open(path, 'r');
    return await isIdrPacket(file, codec, { position: 3, sizeBytes: bytes.length });
  }

  it('looks behind parameter sets and SEI of H.264', async () => {
    assert.equal(await judge('h264', [...nal(0x67), ...nal(0x68), ...nal(6), ...nal(0x65)]), true);
    assert.equal(await judge('h264', [...nal(6), ...nal(0x41)]), false);
    assert.equal(await judge('h264', nal(0x61)), false);
  });

  it('tells IDR of H.265 from other random access pictures', async () => {
    for (const [type, isIdr] of [
      [19, true],
      [20, true],
      [21, false],
      [16, false],
      [1, false],
    ] as const) {
      assert.equal(await judge('hevc', [...nal(32 << 1), ...nal(type << 1)]), isIdr, String(type));
    }
  });

  it('says no to packets without a picture, cut ones, and endless lists', async () => {
    assert.equal(await judge('h264', []), false);
    assert.equal(await judge('h264', [0, 0, 0, 200, 0x67, 1, 2]), false);
    assert.equal(await judge('h264', [255, 255, 255, 255, 0x67, 1, 2]), false);
    const many = Array.from({ length: 1000 }, () => nal(6, 1)).flat();
    assert.equal(await judge('h264', [...many, ...nal(0x65)]), false);
  });
});
