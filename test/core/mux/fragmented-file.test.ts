// Parts of recordings: of files that grow, that are closed, that were cut off, and of files that lie.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { readFragmentSamples } from '../../../core/mux/fragment-samples.ts';
import { FragmentedFile, type FilePart } from '../../../core/mux/fragmented-file.ts';
import { LiveMp4Writer } from '../../../core/mux/live-mp4-writer.ts';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import { AAC, grow, H264, MemoryFile, videoAndAudio } from './mux-media.ts';

const TRACKS = [{ codec: H264 }, { codec: AAC }];
const PARTS = 4;

async function partsOf(file: MemoryFile): Promise<FilePart[]> {
  const opened = await FragmentedFile.open(file);
  const parts: FilePart[] = [];
  let position = opened.startPosition;
  for (let part = await opened.partAt(position); part; part = await opened.partAt(position)) {
    parts.push(part);
    position = part.endPosition;
  }
  return parts;
}

describe('FragmentedFile', () => {
  const { file, partEnds, closing } = grow(new Mp4Writer(TRACKS), videoAndAudio(PARTS));
  const closed = file.truncated(file.sizeBytes);
  closed.write(closing);

  it('tells what the tracks are', async () => {
    const { tracks } = await FragmentedFile.open(file);
    assert.deepEqual(
      tracks.map(({ kind, timescale }) => [kind, timescale]),
      [
        ['video', H264.clockRateHz],
        ['audio', AAC.clockRateHz],
      ],
    );
  });

  it('finds the same parts in a file that grows and in the closed one', async () => {
    const growing = await partsOf(file);
    assert.equal(growing.length, PARTS);
    assert.deepEqual(
      growing.map(({ endPosition }) => endPosition),
      partEnds,
    );
    assert.deepEqual(await partsOf(closed), growing);
  });

  it('finds them when the index had to go to the end', async () => {
    const grown = grow(new Mp4Writer(TRACKS, { expectedDurationMs: 0 }), videoAndAudio(12));
    grown.file.write(grown.closing);
    assert.equal((await partsOf(grown.file)).length, 12);
  });

  it('finds those of files without room for an index', async () => {
    const live = grow(new LiveMp4Writer(TRACKS), videoAndAudio(PARTS));
    assert.equal((await partsOf(live.file)).length, PARTS);
  });

  it('gives every whole part of a file that was cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: partEnds[0] ?? 0, max: file.sizeBytes }), async (size) => {
        const whole = partEnds.filter((end) => end <= size).length;
        assert.equal((await partsOf(file.truncated(size))).length, whole);
      }),
      { numRuns: 200, examples: partEnds.map((end) => [end] as [number]) },
    );
  });

  it('reads or refuses files with any byte changed', async () => {
    const at = fc.integer({ min: 0, max: file.sizeBytes - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.integer({ min: 0, max: 255 }), fc.boolean(), async (...change) => {
        const [position, value, isClosed] = change;
        const broken = (isClosed ? closed : file).truncated(file.sizeBytes);
        broken.write([{ position, chunks: [Uint8Array.of(value)] }]);
        try {
          assert.ok((await partsOf(broken)).length <= PARTS);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError && thrown.kind === 'invalid-argument');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('readFragmentSamples()', () => {
  const box = (type: string, ...content: readonly Uint8Array[]): Buffer => {
    const body = Buffer.concat(content);
    const header = Buffer.alloc(8);
    header.writeUInt32BE(8 + body.length);
    header.write(type, 4, 'latin1');
    return Buffer.concat([header, body]);
  };
  const words = (...values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
    return bytes;
  };
  const fragment = (...traf: readonly Buffer[]): Buffer =>
    box('moof', box('mfhd', words(0, 1)), box('traf', ...traf));
  const time = box('tfdt', words(0, 9000));
  const defaults = new Map([[1, { durationTicks: 20, sizeBytes: 5, flags: 0x10000 }]]);

  it('takes what a fragment leaves out from the defaults', () => {
    const header = box('tfhd', words(0x020000, 1));
    const run = box('trun', words(0x000005, 3, 100, 0x2000000));
    const [track] = readFragmentSamples(fragment(header, time, run), defaults) ?? [];
    assert.equal(track?.dataOffset, 100);
    assert.deepEqual(
      track.samples.map(({ dtsTicks, sizeBytes, isKeyFrame }) => [dtsTicks, sizeBytes, isKeyFrame]),
      [
        [9000, 5, true],
        [9020, 5, false],
        [9040, 5, false],
      ],
    );
  });

  it('joins runs that follow each other, and refuses others', () => {
    const header = box('tfhd', words(0x020000, 1));
    const runs = (second: number): Buffer[] => [
      box('trun', words(0x000001, 2, 100)),
      box('trun', words(0x000001, 1, second)),
    ];
    const read = (second: number): number | undefined =>
      readFragmentSamples(fragment(header, time, ...runs(second)), defaults)?.[0]?.samples.length;
    assert.deepEqual([read(110), read(111), read(90)], [3, undefined, undefined]);
  });

  it('refuses counts that nothing stands behind', () => {
    const header = box('tfhd', words(0x020000, 1));
    const huge = box('trun', words(0x000001, 0xffffffff, 100));
    assert.equal(readFragmentSamples(fragment(header, time, huge), defaults), undefined);
    const many = Array.from({ length: 30 }, () => box('trun', words(0x000001, 1000, 100)));
    assert.equal(readFragmentSamples(fragment(header, time, ...many), defaults), undefined);
  });

  it('reads or refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        readFragmentSamples(box('moof', bytes), defaults);
        readFragmentSamples(fragment(box('tfhd', bytes), time, box('trun', bytes)), defaults);
      }),
      { numRuns: 5000 },
    );
  });
});
