// Answers made of real files: planned to the byte, sent in any piece, joined where they belong together.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { MediaError } from '../../../core/base/media-error.ts';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import { FragmentedFile } from '../../../core/mux/fragmented-file.ts';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import type { MuxTrack } from '../../../core/mux/container-writer.ts';
import { playbackBody } from '../../../core/playback/playback-body.ts';
import { PlaybackPlanner } from '../../../core/playback/playback-planner.ts';
import type { PlaybackPlan } from '../../../core/playback/playback-plan.ts';
import type { GetQuery } from '../../../core/playback/playback-query.ts';
import { RecordedSpans } from '../../../core/playback/recorded-spans.ts';
import type { PlaybackLibrary } from '../../../core/playback/recording-source.ts';
import type { Recording } from '../../../core/library/recording.ts';
import {
  indexInMemory,
  NOON,
  recording,
  temporaryFolder,
  type TemporaryFolder,
} from '../library/support/recordings.ts';
import { AAC, grow, H264, MemoryFile, videoAndAudio } from '../mux/mux-media.ts';

const layout = {
  hasFolder: () => true,
  describe: () => undefined,
  companionsOf: () => [],
  isRemovableFolder: () => false,
};

describe('PlaybackPlanner', () => {
  let folder: TemporaryFolder;
  let library: PlaybackLibrary;
  beforeEach(async () => {
    folder = await temporaryFolder();
    library = {
      index: indexInMemory(),
      folders: [{ safe: new SafeFolder(folder.path), layout }],
    };
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  /** A file of `seconds`, closed unless it still grows. */
  const record = async (
    offsetMs: number,
    seconds: number,
    fields: Partial<Recording> & { readonly tracks?: readonly string[] } = {},
    tracks: readonly MuxTrack[] = [{ codec: H264 }, { codec: AAC }],
  ): Promise<string> => {
    const { file, closing } = grow(new Mp4Writer(tracks), videoAndAudio(seconds));
    if (fields.state !== 'growing') file.write(closing);
    const name = `${offsetMs}.mp4`;
    await writeFile(join(folder.path, name), file.bytes.subarray(0, file.sizeBytes));
    const row = { root: folder.path, file: name, startAt: NOON + offsetMs };
    const entry = recording({ ...row, durationMs: seconds * 1000, ...fields });
    await library.index.call('put', [entry]);
    return name;
  };
  const plan = (fields: Partial<GetQuery> = {}): Promise<PlaybackPlan> => {
    const query = { pathName: 'cam', startAt: NOON, durationMs: 60_000, format: 'fmp4' } as const;
    return new PlaybackPlanner(
      library,
      { ...query, ...fields },
      new AbortController().signal,
    ).plan();
  };
  const bytesOf = (planned: PlaybackPlan, start = 0, end = planned.sizeBytes): Promise<Buffer> =>
    buffer(playbackBody(library, planned, { start, end }));
  const framesOf = async (planned: PlaybackPlan): Promise<number> => {
    const bytes = new MemoryFile();
    bytes.write([{ position: 0, chunks: [await bytesOf(planned)] }]);
    const file = await FragmentedFile.open(bytes);
    let frames = 0;
    let { startPosition: position } = file;
    let lastTicks = -1;
    for (let part = await file.partAt(position); part; part = await file.partAt(position)) {
      position = part.endPosition;
      const samples = part.tracks.find(({ trackId }) => trackId === 1)?.samples ?? [];
      frames += samples.length;
      for (const { dtsTicks } of samples) {
        assert.ok(dtsTicks > lastTicks, 'times go up');
        lastTicks = dtsTicks;
      }
    }
    assert.equal(position, planned.sizeBytes);
    return frames;
  };
  const codeOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'none',
      (thrown: unknown) => (thrown instanceof MediaError ? thrown.code : String(thrown)),
    );

  it('joins files that follow each other, one of them still growing', async () => {
    await record(0, 2);
    await record(2000, 2, { state: 'growing', durationMs: 0 });
    const one = await framesOf(await plan({ durationMs: 1999 }));
    const both = await plan();
    assert.equal(both.files.length, 2);
    assert.equal(await framesOf(both), one * 2);
  });

  it('sends every piece as it is in the whole', async () => {
    await record(0, 3);
    for (const format of ['fmp4', 'mp4'] as const) {
      const planned = await plan({ format, startAt: NOON + 300 });
      const whole = await bytesOf(planned);
      assert.equal(whole.length, planned.sizeBytes);
      for (let start = 0; start < whole.length; start += Math.ceil(whole.length / 37)) {
        const end = Math.min(whole.length, start + 1500);
        assert.ok((await bytesOf(planned, start, end)).equals(whole.subarray(start, end)));
      }
    }
  });

  it('ends at a hole, at other tracks and at a file that is gone', async () => {
    await record(0, 1);
    await record(3000, 1);
    assert.equal((await plan()).files.length, 1);
    await record(4000, 1, {}, [{ codec: H264 }, { codec: { ...AAC, clockRateHz: 44_100 } }]);
    assert.equal((await plan({ startAt: NOON + 3000 })).files.length, 1);
    const gone = await record(10_000, 1);
    await record(9000, 1);
    await rm(join(folder.path, gone));
    assert.equal((await plan({ startAt: NOON + 9000 })).files.length, 1);
  });

  it('begins with the recording that begins there, not with the last picture of the one before', async () => {
    await record(0, 2);
    await record(1950.4, 3, {}, [{ codec: H264 }, { codec: { ...AAC, clockRateHz: 44_100 } }]);
    const names = async (offsetMs: number): Promise<unknown> =>
      (await plan({ startAt: NOON + offsetMs })).files.map((file) => file.recording.file);
    assert.deepEqual(await names(1950), ['1950.4.mp4']);
    assert.deepEqual(await names(1500), ['0.mp4']);
    assert.deepEqual(await names(0), ['0.mp4']);
  });

  it('passes over what is damaged at the beginning', async () => {
    await record(0, 1);
    await record(1000, 1);
    await writeFile(join(folder.path, '0.mp4'), 'no video');
    assert.equal((await plan()).files[0]?.recording.file, '1000.mp4');
  });

  it('says why there is nothing', async () => {
    assert.equal(await codeOf(plan()), 'no-segment');
    await record(0, 1, { container: 'mpegts' });
    assert.equal(await codeOf(plan()), 'recording-is-mpegts');
    await record(100_000, 1);
    await writeFile(join(folder.path, '100000.mp4'), 'no video');
    assert.equal(await codeOf(plan({ startAt: NOON + 100_000 })), 'recording-damaged');
  });

  it('stops when the client has gone', async () => {
    await record(0, 2);
    const query = { pathName: 'cam', startAt: NOON, durationMs: 1000, format: 'mp4' } as const;
    const planner = new PlaybackPlanner(library, query, AbortSignal.abort(new Error('gone')));
    await assert.rejects(planner.plan(), /gone/u);
  });

  describe('RecordedSpans', () => {
    const list = async (...offsets: (number | undefined)[]): Promise<readonly number[][]> => {
      const [startAt, endAt] = offsets.map((at) => (at === undefined ? undefined : NOON + at));
      const spans = await new RecordedSpans(library).list('cam', { startAt, endAt });
      return spans.map((span) => [span.startAt - NOON, Math.round(span.durationMs / 100) * 100]);
    };

    it('joins neighbours, by their reason or by their tracks, and keeps others apart', async () => {
      await record(0, 2, { endReason: 'timeout' });
      await record(2000, 2, { endReason: 'interrupted' });
      await record(4000, 2, { endReason: 'tracksChanged' });
      await record(6000, 2);
      await record(20_000, 2, { state: 'growing', durationMs: 0 });
      await record(30_000, 2, { state: 'damaged' });
      assert.deepEqual(await list(), [
        [0, 6000],
        [6000, 2000],
        [20_000, 2000],
      ]);
      assert.deepEqual(await list(1000, 3000), [[1000, 2000]]);
    });

    it('lists what is left when a file can no longer be read', async () => {
      await record(0, 2);
      await record(2000, 2);
      await writeFile(join(folder.path, '0.mp4'), '');
      assert.deepEqual(await list(), [
        [0, 2000],
        [2000, 2000],
      ]);
    });
  });
});
