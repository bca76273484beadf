// Looks into files that the writers of this project made, whole and cut anywhere.
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileInspector } from '../../../core/library/file-inspector.ts';
import { readMovieTitle } from '../../../core/library/movie-title.ts';
import { readTsSummary } from '../../../core/library/ts-summary.ts';
import type { ContainerWriter } from '../../../core/mux/container-writer.ts';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import { TsWriter } from '../../../core/mux/ts-writer.ts';
import { recordingFormats } from '../../../core/record/recording-formats.ts';
import { AAC, grow, H264, MemoryFile, videoAndAudio } from '../mux/mux-media.ts';
import { NOON, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const tracks = [{ codec: H264 }, { codec: AAC }];

/** Four seconds in parts of one. */
function written(writer: ContainerWriter, isFinished: boolean): Buffer {
  const { file, closing } = grow(writer, videoAndAudio(4));
  if (isFinished) file.write(closing);
  return Buffer.from(file.bytes);
}

const mp4 = (isFinished: boolean, title = 'live/Hörsaal 1'): Buffer =>
  written(new Mp4Writer(tracks, { createdAt: NOON, title }), isFinished);
const facts = {
  tracks: ['H264', 'MPEG-4 Audio'],
  isComplete: true,
  path: 'live/Hörsaal 1',
  startAt: NOON,
};

describe('FileInspector', () => {
  const inspector = new FileInspector();
  let folder: TemporaryFolder;
  let file: string;
  before(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'a.mp4');
  });
  after(() => folder[Symbol.asyncDispose]());

  it('reads a closed file, and has nothing to repair in it', async () => {
    writeFileSync(file, mp4(true));
    const { durationMs, ...others } = await inspector.inspect(file);
    assert.deepEqual(others, facts);
    assert(Math.abs(durationMs - 4000) < 30, String(durationMs));
    const before = readFileSync(file);
    assert.deepEqual(await inspector.repair(file), { durationMs, ...facts });
    assert.deepEqual(readFileSync(file), before);
  });

  it('finds the name of the path in what recorders write', async () => {
    const facts = { pathName: 'cam/1', startAt: NOON };
    writeFileSync(file, written(recordingFormats.mp4.createWriter(tracks, facts), true));
    const { path, startAt } = await inspector.inspect(file);
    assert.deepEqual([path, startAt], ['cam/1', NOON]);
  });

  it('closes a file that was left while it grew, up to its last whole part', async () => {
    const whole = mp4(false);
    writeFileSync(file, whole);
    assert.equal((await inspector.inspect(file)).isComplete, false);
    truncateSync(file, whole.length - 10);
    const repaired = await inspector.repair(file);
    assert(repaired && Math.abs(repaired.durationMs - 3000) < 30, JSON.stringify(repaired));
    assert.deepEqual(await inspector.inspect(file), repaired);
    assert.equal(repaired.path, facts.path);
  });

  it('says that nothing is in a file that was only begun', async () => {
    const whole = mp4(false);
    writeFileSync(file, whole.subarray(0, whole.indexOf('moof') - 4));
    assert.equal(await inspector.repair(file), undefined);
  });

  it('changes no file of others', async () => {
    const isDamaged = { code: 'recording-damaged' };
    for (const text of ['', 'no container at all', 'x'.repeat(5000)]) {
      writeFileSync(file, text);
      await assert.rejects(inspector.inspect(file), isDamaged);
      await assert.rejects(inspector.repair(file), isDamaged);
      assert.equal(readFileSync(file, 'utf8'), text);
    }
    await assert.rejects(inspector.inspect(join(folder.path, 'none.mp4')), { code: 'ENOENT' });
  });

  it('reads length and codecs of MPEG-TS, cut or not', async () => {
    const ts = join(folder.path, 'a.ts');
    const whole = written(new TsWriter(tracks), true);
    const renamed = join(folder.path, 'a.TS');
    for (const name of [ts, renamed]) writeFileSync(name, whole);
    assert.equal((await inspector.inspect(renamed)).isComplete, true);
    assert.ok(await inspector.repair(renamed));
    const { durationMs, ...others } = await inspector.inspect(ts);
    assert.deepEqual(others, { tracks: ['H264', 'MPEG-4 Audio'], isComplete: true });
    assert(durationMs > 3800 && durationMs <= 4000, String(durationMs));
    truncateSync(ts, Math.floor(whole.length / 2) + 7);
    const half = await inspector.repair(ts);
    assert(half && half.durationMs > 1000 && half.durationMs < 3000, JSON.stringify(half));
    writeFileSync(ts, mp4(true));
    await assert.rejects(inspector.inspect(ts), { code: 'recording-damaged' });
  });
});

describe('readMovieTitle() and readTsSummary()', () => {
  it('take files with random damage', async () => {
    const files = [mp4(true), written(new TsWriter(tracks), true)];
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), damage, fc.nat(), async (file, bytes, cut) => {
        const broken = Buffer.from(file.subarray(0, cut % file.length));
        for (const [at, value] of bytes) broken[at % (broken.length || 1)] = value;
        const memory = new MemoryFile(Uint8Array.from(broken));
        await readMovieTitle(memory);
        const summary = await readTsSummary(memory);
        assert((summary?.tracks.length ?? 0) <= 32);
      }),
      { numRuns: 200 },
    );
  });

  it('find no title where none is', async () => {
    assert.equal(await readMovieTitle(new MemoryFile(Uint8Array.from(mp4(true, '')))), undefined);
  });
});
