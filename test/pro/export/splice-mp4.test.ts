// The MP4 that is written leads from each sample to its bytes and its times, checked with a reader of its own.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { OutputTrack } from '../../../pro/export/output-track.ts';
import { readSampleDescriptions } from '../../../pro/export/sample-entry.ts';
import { spliceMp4, type Splice } from '../../../pro/export/splice-mp4.ts';

const entry = (type: string): Buffer => {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(32, 0);
  bytes.write(type, 4, 'latin1');
  return bytes;
};
const watch = { signal: new AbortController().signal, onProgress: () => undefined };

interface ReadSample {
  readonly bytes: string;
  readonly timeTicks: number;
  readonly isKey: boolean;
}

/** Boxes by their paths, e.g. `moov/trak/mdia/minf/stbl/stsz`; tracks in order. */
function boxes(file: Buffer, start = 0, end = file.length, path = ''): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (let at = start; at + 8 <= end;) {
    const size = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    assert(size >= 8 && at + size <= end, `${path}/${type} of ${size} bytes at ${at}`);
    found.push([`${path}/${type}`, file.subarray(at + 8, at + size)]);
    if (['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts', 'dinf'].includes(type)) {
      found.push(...boxes(file, at + 8, at + size, `${path}/${type}`));
    }
    at += size;
  }
  return found;
}

function readTrack(file: Buffer, index: number): ReadSample[] {
  const table = (name: string): Buffer | undefined =>
    boxes(file).filter(([path]) => path === `/moov/trak/${name}`)[index]?.[1];
  const stbl = (name: string): Buffer | undefined => {
    const tracks = boxes(file).filter(([path]) => path === '/moov/trak/mdia/minf/stbl');
    return boxes(tracks[index]?.[1] ?? Buffer.alloc(0)).find(([path]) => path === `/${name}`)?.[1];
  };
  const words = (box: Buffer | undefined, skip: number): number[] =>
    Array.from(
      { length: ((box?.length ?? skip) - skip) / 4 },
      (_, i) => box?.readUInt32BE(skip + i * 4) ?? 0,
    );
  const sizes = words(stbl('stsz'), 12);
  const offsets = words(stbl('stco'), 8);
  const groups = words(stbl('stsc'), 8);
  const spread = (runs: number[]): number[] =>
    runs.flatMap((count, i) =>
      i % 2 === 0 ? new Array<number>(count).fill(runs[i + 1] ?? 0) : [],
    );
  const durations = spread(words(stbl('stts'), 8));
  const shifts = spread(words(stbl('ctts'), 8));
  const keys = stbl('stss') ? new Set(words(stbl('stss'), 8)) : undefined;
  const edits = words(table('edts/elst'), 8);
  const delay = edits.length === 0 ? 0 : (edits.at(-2) ?? 0);
  const samples: ReadSample[] = [];
  let decodeTicks = 0;
  for (const [chunk, offset] of offsets.entries()) {
    let group = 0;
    while (group + 3 < groups.length && (groups[group + 3] ?? 0) <= chunk + 1) group += 3;
    let at = offset;
    for (let left = groups[group + 1] ?? 0; left > 0; left--) {
      const sample = samples.length;
      const size = sizes[sample] ?? 0;
      samples.push({
        bytes: file.toString('latin1', at, at + size),
        timeTicks: decodeTicks + (shifts[sample] ?? 0) - delay,
        isKey: keys?.has(sample + 1) ?? true,
      });
      decodeTicks += durations[sample] ?? 0;
      at += size;
    }
  }
  assert.equal(samples.length, sizes.length);
  return samples;
}

describe('spliceMp4()', () => {
  let folder = '';
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-splice-'));
  });

  after(() => rm(folder, { recursive: true }));

  async function splice(
    parts: Partial<Splice> & Pick<Splice, 'files' | 'tracks'>,
  ): Promise<Buffer> {
    const outputFile = join(folder, `out-${count++}.mp4`);
    await spliceMp4({ chapters: [], outputFile, maxBytes: 1e9, ...parts }, watch);
    return readFile(outputFile);
  }

  it('leads from each sample to its bytes, times and key flag', async () => {
    const source = join(folder, 'source.bin');
    await writeFile(source, Buffer.from(Array.from({ length: 4000 }, (_, i) => i & 255)));
    const picture = fc.record({
      position: fc.nat(3000),
      sizeBytes: fc.integer({ min: 1, max: 900 }),
      isKey: fc.boolean(),
      prefix: fc.option(fc.uint8Array({ minLength: 1, maxLength: 9 }), { nil: undefined }),
      swap: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(picture, { minLength: 1, maxLength: 60 }),
        fc.nat(60),
        async (pictures, soundCount) => {
          const times = pictures.map((_, index) => index * 3600);
          for (const [index, { swap }] of pictures.entries()) {
            if (!swap || index === 0) continue;
            [times[index - 1], times[index]] = [times[index] ?? 0, times[index - 1] ?? 0];
          }
          const video = new OutputTrack({
            ...{ kind: 'video', timescaleHz: 90_000, entry: entry('avc1'), width: 64, height: 48 },
          });
          for (const [index, { position, sizeBytes, isKey, prefix }] of pictures.entries()) {
            const bytes = prefix && Buffer.from(prefix);
            const timeTicks = times[index] ?? 0;
            video.add({ file: 0, position, sizeBytes, timeTicks, isKey, prefix: bytes }, 3600);
          }
          const audio = new OutputTrack({
            ...{ kind: 'audio', timescaleHz: 48_000, entry: entry('mp4a'), width: 0, height: 0 },
          });
          for (let index = 0; index < soundCount; index++) {
            const timeTicks = index * 1024;
            audio.add({ file: 0, position: index, sizeBytes: 3, timeTicks, isKey: true }, 1024);
          }
          const tracks = soundCount > 0 ? [video, audio] : [video];
          const file = await splice({ files: [source], tracks });
          const types = boxes(file).map(([path]) => path);
          assert(types.indexOf('/moov') < types.indexOf('/mdat'));
          const byte = (at: number): string => String.fromCharCode(at & 255);
          const range = (at: number, size: number): string =>
            Array.from({ length: size }, (_, i) => byte(at + i)).join('');
          assert.deepEqual(
            readTrack(file, 0),
            pictures.map(({ position, sizeBytes, isKey, prefix }, index) => ({
              bytes: Buffer.from(prefix ?? []).toString('latin1') + range(position, sizeBytes),
              timeTicks: times[index] ?? 0,
              isKey,
            })),
          );
          if (soundCount > 0) assert.equal(readTrack(file, 1).length, soundCount);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('carries chapters and sample descriptions', async () => {
    const source = join(folder, 'one.bin');
    await writeFile(source, 'x');
    const info = { kind: 'video', timescaleHz: 1000, width: 2, height: 2 } as const;
    const video = new OutputTrack({ ...info, entry: entry('avc1') });
    video.add({ file: 0, position: 0, sizeBytes: 1, timeTicks: 0, isKey: true }, 40);
    const title = `${'é'.repeat(127)}𝄞`;
    const chapters = [{ startS: 1.5, title }];
    const outputFile = join(folder, 'chapters.mp4');
    await spliceMp4(
      { files: [source], tracks: [video], chapters, outputFile, maxBytes: 1e6 },
      watch,
    );
    const [description, ...none] = await readSampleDescriptions(outputFile);
    assert.deepEqual(
      [description?.trackId, description?.handler, description?.entryCount, none.length],
      [1, 'vide', 1, 0],
    );
    assert.deepEqual(description?.entry, entry('avc1'));
    const file = await readFile(outputFile);
    assert(file.includes('é'.repeat(127)) && !file.includes('𝄞'));
  });

  it('refuses a result that is too large before it writes', async () => {
    const info = { kind: 'video', timescaleHz: 1000, width: 2, height: 2 } as const;
    const video = new OutputTrack({ ...info, entry: entry('avc1') });
    video.add({ file: 0, position: 0, sizeBytes: 1e12, timeTicks: 0, isKey: true }, 40);
    const refused = splice({ files: ['/dev/zero'], tracks: [video], maxBytes: 1e9 });
    await assert.rejects(refused, { kind: 'resource-exhausted', code: 'export-too-large' });
  });

  it('says which file became shorter', async () => {
    const source = join(folder, 'short.bin');
    await writeFile(source, 'abc');
    const info = { kind: 'video', timescaleHz: 1000, width: 2, height: 2 } as const;
    const video = new OutputTrack({ ...info, entry: entry('avc1') });
    video.add({ file: 0, position: 1, sizeBytes: 5, timeTicks: 0, isKey: true }, 40);
    await assert.rejects(splice({ files: [source], tracks: [video] }), {
      code: 'export-file-changed',
      message: /short\.bin/u,
    });
  });
});

describe('OutputTrack.decodeTimes()', () => {
  const track = (times: readonly number[]): OutputTrack => {
    const info = { kind: 'video', timescaleHz: 1000, width: 2, height: 2 } as const;
    const made = new OutputTrack({ ...info, entry: Buffer.alloc(0) });
    for (const timeTicks of times) {
      made.add({ file: 0, position: 0, sizeBytes: 1, timeTicks, isKey: true }, 10);
    }
    return made;
  };

  it('decodes in rising order and shows nothing before it is decoded', () => {
    const near = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(near, (shifts) => {
        const times = shifts.map((shift, index) => 1000 + index * 10 + shift);
        const { decodeTicks, delayTicks } = track(times).decodeTimes();
        for (const [index, time] of times.entries()) {
          assert(time + delayTicks >= (decodeTicks[index] ?? 0));
          assert(index === 0 || (decodeTicks[index] ?? 0) > (decodeTicks[index - 1] ?? 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses an order that no encoder makes, without taking long', () => {
    const backwards = Array.from({ length: 100_000 }, (_, index) => -index);
    assert.throws(() => track(backwards).decodeTimes(), { code: 'export-order-broken' });
  });
});
