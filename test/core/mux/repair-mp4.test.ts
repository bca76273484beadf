// Tests of repairMp4() and readMp4Summary(): what is left of files that were cut off, and of files that lie.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import { readMp4Summary } from '../../../core/mux/read-mp4-summary.ts';
import { repairMp4 } from '../../../core/mux/repair-mp4.ts';
import { AAC, boxesOf, findBox, grow, H264, MemoryFile, videoAndAudio } from './mux-media.ts';

const TRACKS = [{ codec: H264 }, { codec: AAC }];
const OPTIONS = { createdAt: Date.UTC(2026, 0, 1), title: 'gallery', expectedDurationMs: 4000 };

describe('repairMp4()', () => {
  const { file, partEnds, closing } = grow(new Mp4Writer(TRACKS, OPTIONS), videoAndAudio(4));
  const firstEnd = partEnds[0] ?? 0;

  it('closes a file as finish() would', async () => {
    const found = await repairMp4(file);
    assert.ok(found.kind === 'growing');
    assert.equal(found.partCount, 4);
    assert.equal(found.endPosition, file.sizeBytes);
    const ours = file.truncated(file.sizeBytes);
    ours.write(found.writes);
    const theirs = file.truncated(file.sizeBytes);
    theirs.write(closing);
    assert.deepEqual(ours.bytes, theirs.bytes);
  });

  it('keeps every whole part of a file that was cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: file.sizeBytes }), async (sizeBytes) => {
        const cut = file.truncated(sizeBytes);
        const found = await repairMp4(cut);
        const whole = partEnds.filter((end) => end <= sizeBytes);
        if (whole.length === 0) {
          assert.ok(found.kind === 'empty' || found.kind === 'foreign');
          return;
        }
        assert.ok(found.kind === 'growing');
        assert.equal(found.partCount, whole.length);
        assert.equal(found.endPosition, whole.at(-1));
        const repaired = cut.truncated(found.endPosition);
        repaired.write(found.writes);
        boxesOf(repaired.bytes);
        const summary = await readMp4Summary(repaired);
        assert.equal(summary?.isClosed, true);
        assert.equal(summary.durationMs, found.summary.durationMs);
        assert.equal(Math.floor((summary.durationMs ?? 0) / 1000), whole.length);
      }),
      { numRuns: 200, examples: partEnds.flatMap((end) => [[end], [end - 1], [end + 1]]) },
    );
  });

  it('goes on from every step of finish()', async () => {
    // Without room in front the index goes to the end, in more steps.
    for (const expectedDurationMs of [4000, 0]) {
      const options = { ...OPTIONS, expectedDurationMs };
      const grown = grow(new Mp4Writer(TRACKS, options), videoAndAudio(12));
      const expected = grown.file.truncated(grown.file.sizeBytes);
      expected.write(grown.closing);
      const state = grown.file.truncated(grown.file.sizeBytes);
      for (const write of grown.closing.slice(0, -1)) {
        state.write([write]);
        const found = await repairMp4(state);
        assert.ok(found.kind === 'growing');
        const repaired = state.truncated(found.endPosition);
        repaired.write(found.writes);
        assert.deepEqual(repaired.bytes, expected.bytes);
      }
      assert.equal((await repairMp4(expected)).kind, 'closed');
    }
  });

  it('says which tracks there are and for how long', async () => {
    const found = await repairMp4(file.truncated(firstEnd));
    assert.ok(found.kind === 'growing');
    assert.deepEqual(
      found.summary.tracks.map(({ codecName }) => codecName),
      ['H264', 'MPEG-4 Audio'],
    );
    assert.equal(Math.round(found.summary.durationMs ?? 0), 1003);
    assert.equal(found.summary.createdAt, OPTIONS.createdAt);
  });

  it('keeps the title', async () => {
    const found = await repairMp4(file);
    assert.ok(found.kind === 'growing');
    const repaired = file.truncated(found.endPosition);
    repaired.write(found.writes);
    assert.equal(
      Buffer.from(findBox(repaired.bytes, 'moov/udta')?.body ?? []).includes('gallery'),
      true,
    );
  });

  it('reads headers only', async () => {
    file.readBytes = 0;
    file.readCount = 0;
    await repairMp4(file);
    assert.ok(file.readCount <= 2 + partEnds.length * 2, `${file.readCount} reads`);
  });

  it('ends at a part whose samples reach past its media or go back in time', async () => {
    const secondPart = boxesOf(file.bytes).filter(({ type }) => type === 'moof')[1];
    assert.ok(secondPart);
    const fragment = findBox(file.bytes.subarray(secondPart.position), 'moof/traf/tfdt');
    assert.ok(fragment);
    const time = fragment.body.byteOffset + 8;
    for (const position of [time + 1, fragment.body.byteOffset + 12 + 8 + 4 + 4]) {
      const broken = file.truncated(file.sizeBytes);
      // A decoding time, or a data offset, of zero.
      broken.write([{ position, chunks: [new Uint8Array(4)] }]);
      const found = await repairMp4(broken);
      assert.ok(found.kind === 'growing');
      assert.equal(found.partCount, 1);
    }
  });

  it('calls other files foreign', async () => {
    const texts = ['', 'x', '\0\0\0\x08moov', 'RIFF....AVI LIST', '\0\0\0\x01mdat'];
    for (const text of texts) {
      const found = await repairMp4(new MemoryFile(Buffer.from(text, 'latin1')));
      assert.equal(found.kind, 'foreign', JSON.stringify(text));
    }
  });

  it('survives any damage with few reads', async () => {
    const damage = fc.record({
      position: fc.oneof(
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 0, max: file.sizeBytes - 1 }),
      ),
      value: fc.constantFrom(0, 1, 0x7f, 0xff),
    });
    const many = fc.array(damage, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(many, fc.integer({ min: 0, max: 64 }), async (damages, cutBytes) => {
        const broken = file.truncated(file.sizeBytes - cutBytes);
        for (const { position, value } of damages) {
          broken.write([{ position, chunks: [Uint8Array.of(value)] }]);
        }
        const found = await repairMp4(broken);
        await readMp4Summary(broken);
        assert.ok(broken.readCount < 500, `${broken.readCount} reads`);
        assert.ok(broken.readBytes < 100 * broken.sizeBytes, `${broken.readBytes} bytes`);
        if (found.kind === 'growing') assert.ok(found.endPosition <= broken.sizeBytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('survives random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const boxed = Buffer.concat([Buffer.from('\0\0\0\x10ftypisom\0\0\0\0', 'latin1'), bytes]);
        const { kind } = await repairMp4(new MemoryFile(boxed));
        assert.notEqual(kind, 'growing');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('readMp4Summary()', () => {
  it('reads a closed file of many parts with few reads', async () => {
    const { file, closing } = grow(new Mp4Writer(TRACKS, OPTIONS), videoAndAudio(60));
    file.write(closing);
    const summary = await readMp4Summary(file);
    const durationMs = summary?.durationMs;
    assert.deepEqual(summary, {
      isClosed: true,
      durationMs,
      createdAt: OPTIONS.createdAt,
      tracks: [
        {
          kind: 'video',
          codecName: 'H264',
          sampleEntryType: 'avc1',
          widthPixels: 704,
          heightPixels: 480,
          channelCount: 0,
        },
        {
          kind: 'audio',
          codecName: 'MPEG-4 Audio',
          sampleEntryType: 'mp4a',
          widthPixels: 0,
          heightPixels: 0,
          channelCount: 2,
        },
      ],
    });
    assert.ok(Math.abs((durationMs ?? 0) - 60_000) < 25);
    assert.ok(file.readCount <= 20, `${file.readCount} reads`);
  });

  it('says that a growing file is not closed and does not guess its duration', async () => {
    const { file } = grow(new Mp4Writer(TRACKS), videoAndAudio(2));
    const summary = await readMp4Summary(file);
    assert.equal(summary?.isClosed, false);
    assert.equal(summary.durationMs, undefined);
    assert.equal(summary.createdAt, undefined);
  });

  it('finds nothing in other files', async () => {
    assert.equal(await readMp4Summary(new MemoryFile(new Uint8Array(5000))), undefined);
    assert.equal(await readMp4Summary(new MemoryFile()), undefined);
  });
});
