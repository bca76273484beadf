// Descriptions of tracks are found in any MP4, and damage costs neither time nor memory.
import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { readSampleDescriptions } from '../../../pro/export/sample-entry.ts';

function box(type: string, ...content: readonly (Buffer | number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const entry = box('avc1', new Array<number>(20).fill(7));

function track(id: number, handler: string, entries: readonly Buffer[]): Buffer {
  const tkhd = box('tkhd', new Array<number>(12).fill(0), [0, 0, 0, id], [0, 0]);
  const hdlr = box('hdlr', new Array<number>(8).fill(0), Buffer.from(handler));
  const stsd = box('stsd', [0, 0, 0, 0, 0, 0, 0, entries.length], ...entries);
  return box('trak', tkhd, box('mdia', hdlr, box('minf', box('stbl', stsd))));
}

const moov = box('moov', track(1, 'vide', [entry]), track(2, 'soun', [entry, entry]));
const file = Buffer.concat([box('ftyp', [1, 2, 3, 4]), box('mdat', [9, 9]), moov]);

describe('readSampleDescriptions()', () => {
  let folder = '';
  let path = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-stsd-'));
    path = join(folder, 'a.mp4');
  });

  after(() => rm(folder, { recursive: true }));

  it('finds each track with its entry', async () => {
    await writeFile(path, file);
    assert.deepEqual(await readSampleDescriptions(path), [
      { trackId: 1, handler: 'vide', entry, entryCount: 1 },
      { trackId: 2, handler: 'soun', entry, entryCount: 2 },
    ]);
  });

  it('skips a mdat of 64 bits that is larger than memory', async () => {
    const large = Buffer.alloc(16);
    large.writeUInt32BE(1, 0);
    large.write('mdat', 4, 'latin1');
    large.writeBigUInt64BE(2n ** 33n, 8);
    await writeFile(path, Buffer.concat([moov, large]));
    await truncate(path, moov.length + 2 ** 33);
    assert.equal((await readSampleDescriptions(path)).length, 2);
  });

  it('refuses too many boxes, small ones and large descriptions', async () => {
    const many = Buffer.concat(Array.from({ length: 5100 }, () => box('free')));
    const huge = track(1, 'vide', [box('avc1', Buffer.alloc(70_000))]);
    for (const bytes of [many, Buffer.from('\0\0\0\x04moov'), box('moov', huge)]) {
      await writeFile(path, bytes);
      await assert.rejects(readSampleDescriptions(path), { code: 'export-mp4-damaged' });
    }
  });

  it('throws nothing but MediaError, whatever bytes are broken', async () => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, bytes);
        await readSampleDescriptions(path).catch((thrown: unknown) => {
          assert(thrown instanceof MediaError, String(thrown));
        });
      }),
      { numRuns: 60 },
    );
  });
});
