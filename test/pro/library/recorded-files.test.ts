// Recorded files on a real folder, the way the API uses them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../../core/base/logger.ts';
import type { RecordingFolder } from '../../../core/library/recording-folder.ts';
import { RecordingLibrary } from '../../../core/library/recording-library.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { createDateFolder } from '../../../pro/library/date-folder-layout.ts';
import { RecordedFiles, type RecordedFileList } from '../../../pro/library/recorded-files.ts';
import { ServedFiles } from '../../../pro/library/served-files.ts';
import { inProcessWorker } from '../../core/library/support/in-process-worker.ts';
import { FakeInspector, fileText } from '../../core/library/support/recording-fixture.ts';
import { temporaryFolder, type TemporaryFolder } from '../../core/library/support/recordings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const day = '20250116';
const clip = `${day}/${day}-1430-abc12345.mp4`;
const picture = `${day}/1736980200123-0123456789abcdef.jpg`;

describe('RecordedFiles', () => {
  let temporary: TemporaryFolder;
  let folder: RecordingFolder;
  let library: RecordingLibrary;
  let files: RecordedFiles;
  let events: ProEvent[];
  const at = (file: string): string => join(temporary.path, file);
  const names = ({ files: found }: RecordedFileList): string[] => found.map(({ name }) => name);

  beforeEach(async () => {
    temporary = await temporaryFolder();
    for (const name of [day, '20250117', 'favorite', 'tmp']) await mkdir(at(name));
    await writeFile(at(clip), fileText({ path: 'live/hall', durationMs: 60_000 }));
    await writeFile(at(picture), 'jpg');
    await writeFile(at(`${day}/thumbnail-${picture.slice(9)}`), 'small');
    await writeFile(at('20250117/20250117-0900-late.mp4'), fileText({ path: 'cam' }));
    await writeFile(at('20250117/notes.txt'), 'mine');
    await writeFile(at('favorite/20250101-0000-kept.mp4'), fileText());
    folder = createDateFolder(temporary.path);
    const clock = new FakeClock(Date.now() + 60_000);
    library = new RecordingLibrary(
      { clock, logger: silentLogger, inspector: new FakeInspector(), startWorker: inProcessWorker },
      { databaseFile: ':memory:', folders: [folder], settleMs: 0 },
    );
    await library.start();
    await library.reconcile();
    const bus = new EventBus(silentLogger);
    events = [];
    bus.subscribe((event) => void events.push(event));
    const diskSpace = (): Promise<{ totalBytes: number; freeBytes: number }> =>
      Promise.resolve({ totalBytes: 1000, freeBytes: 400 });
    files = new RecordedFiles({ library, folder, events: bus, pathCount: () => 3, diskSpace });
  });
  afterEach(async () => {
    await library.close();
    await temporary[Symbol.asyncDispose]();
  });

  it('lists a day with all that is known of a file', async () => {
    const list = await files.listByDate({ date: '2025-01-16' });
    assert.equal(list.total, 2);
    const startAt = new Date(2025, 0, 16, 14, 30).getTime();
    const found = list.files.find(({ fileType }) => fileType === 'video');
    assert(found);
    const { modifiedAt, ...facts } = found;
    assert(Math.abs(modifiedAt - Date.now()) < 60_000);
    assert.deepEqual(facts, {
      name: clip.slice(9),
      filePath: `/${clip}`,
      fullPath: at(clip),
      sizeBytes: readFileSync(at(clip)).length,
      fileType: 'video',
      pathName: 'live/hall',
      startAt,
      durationMs: 60_000,
      isFavorite: false,
      isRecording: false,
      isDamaged: false,
    });
    const image = list.files.find(({ fileType }) => fileType === 'image');
    assert.deepEqual(
      [image?.name, image?.startAt, image?.durationMs],
      [picture.slice(9), undefined, undefined],
    );
  });

  it('lists all days newest first, and favorites apart', async () => {
    const all = await files.listByDate({});
    assert.deepEqual(names(all).slice(1, 2), ['20250117-0900-late.mp4']);
    assert.deepEqual(
      names(all).sort(),
      [picture.slice(9), clip.slice(9), '20250117-0900-late.mp4', 'notes.txt'].sort(),
    );
    assert.deepEqual(names(await files.listFavorites({})), ['20250101-0000-kept.mp4']);
    assert.deepEqual(await files.listByDate({ date: '19990101' }), { files: [], total: 0 });
    await assert.rejects(async () => files.listByDate({ date: 'x' }), { code: 'bad-date' });
  });

  it('narrows lists', async () => {
    const list = async (filter: Parameters<RecordedFiles['listByDate']>[0]): Promise<string[]> =>
      names(await files.listByDate(filter));
    assert.deepEqual(await list({ fileType: 'other' }), ['notes.txt']);
    assert.deepEqual(await list({ fileType: '.JPG' }), [picture.slice(9)]);
    assert.deepEqual(await list({ search: 'LATE' }), ['20250117-0900-late.mp4']);
    assert.deepEqual(await list({ name: 'live/hall', fileType: 'video' }), [clip.slice(9)]);
    assert.deepEqual(await list({ fileType: 'video', itemsPerPage: 1, page: 1 }), [clip.slice(9)]);
    assert.deepEqual(await list({ itemsPerPage: 1, page: 99 }), []);
    for (const filter of [{ fileType: 'mp4' }, { page: -1 }, { itemsPerPage: 0 }, { page: 0.5 }]) {
      await assert.rejects(async () => files.listByDate(filter), { code: 'bad-file-filter' });
    }
    const long = { search: 'x'.repeat(256) };
    await assert.rejects(async () => files.listByDate(long), { code: 'bad-file-filter' });
  });

  it('renames in every form of the name, and tells', async () => {
    assert.deepEqual(await files.rename(`/res/${clip}`, 'talk'), { newPath: `/${day}/talk.mp4` });
    assert.deepEqual(events, [
      {
        type: 'fileRenamed',
        filePath: `/${clip}`,
        newPath: `/${day}/talk.mp4`,
        reason: 'request',
      },
    ]);
    const again = await files.rename(at(`${day}/talk.mp4`), 'talk.mp4');
    assert.deepEqual([again.newPath, events.length], [`/${day}/talk.mp4`, 1]);
    const [found] = (await files.listByDate({ search: 'talk' })).files;
    assert.deepEqual(
      [found?.pathName, found?.startAt],
      ['live/hall', new Date(2025, 0, 16, 14, 30).getTime()],
    );
    await assert.rejects(files.rename(`/${clip}`, 'x'), { kind: 'not-found' });
    await writeFile(at(`${day}/taken.mp4`), 'other');
    await assert.rejects(files.rename(`/${day}/talk.mp4`, 'taken'), { kind: 'already-exists' });
    await assert.rejects(files.rename(`/${day}`, 'x'), { kind: 'not-found' });
    await assert.rejects(files.rename('/tmp/x.mp4', 'x'), { code: 'file-reserved' });
    await assert.rejects(files.rename(`/${day}/talk.mp4`, '../x'), { code: 'bad-file-name' });
    assert.equal(events.length, 1);
  });

  it('moves favorites with their thumbnails, and finds room for them', async () => {
    const moved = await files.favorite(`/${picture}`, undefined);
    assert.deepEqual(moved, { newPath: `/favorite/${picture.slice(9)}` });
    assert(existsSync(at(`favorite/thumbnail-${picture.slice(9)}`)));
    assert.deepEqual(await files.favorite(moved.newPath, undefined), moved);
    await writeFile(at(`favorite/${clip.slice(9)}`), 'taken');
    const numbered = await files.favorite(`/${clip}`, undefined);
    assert.equal(numbered.newPath, `/favorite/${day}-1430-abc12345-1.mp4`);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['fileFavorite', 'fileFavorite'],
    );
    const late = '/20250117/20250117-0900-late.mp4';
    const taken = files.favorite(late, '20250101-0000-kept');
    await assert.rejects(taken, { kind: 'already-exists' });
    assert.deepEqual(await files.favorite(late, 'best'), { newPath: '/favorite/best.mp4' });
    await assert.rejects(files.favorite(late, 'best'), { kind: 'not-found' });
    const list = await files.listFavorites({ fileType: 'video' });
    assert(list.files.every(({ isFavorite }) => isFavorite));
    assert.equal(list.total, 3);
  });

  it('deletes with thumbnail, and tells', async () => {
    assert.deepEqual(await files.remove(`/${picture}`), { filePath: `/${picture}` });
    assert(!existsSync(at(picture)) && !existsSync(at(`${day}/thumbnail-${picture.slice(9)}`)));
    const deleted = { type: 'fileDeleted', filePath: `/${picture}`, reason: 'request' };
    assert.deepEqual(events, [deleted]);
    for (const reference of [`/${picture}`, '/x.mp4', `/${day}/none.mp4`]) {
      await assert.rejects(files.remove(reference), { kind: 'not-found' }, reference);
    }
    await assert.rejects(files.remove('/snapshot_cam.json'), { code: 'file-reserved' });
    assert.equal(events.length, 1);
  });

  it('shows a growing file as it is, and leaves it alone', async () => {
    const file = at('20250117/20250117-1000-live.mp4');
    const startAt = new Date(2025, 0, 17, 10).getTime();
    library.opened({ pathName: 'cam', file, startAt, tracks: [] });
    await writeFile(file, 'x'.repeat(77));
    await library.settle();
    const [live] = (await files.listByDate({ search: 'live.mp4' })).files;
    assert.deepEqual([live?.isRecording, live?.sizeBytes, live?.durationMs], [true, 77, undefined]);
    const refused = { kind: 'failed-precondition', message: /is being recorded by path 'cam'/u };
    await assert.rejects(files.remove('/20250117/20250117-1000-live.mp4'), refused);
    await assert.rejects(files.rename('/20250117/20250117-1000-live.mp4', 'x'), refused);
    await assert.rejects(files.favorite('/20250117/20250117-1000-live.mp4', undefined), refused);
  });

  it('takes pictures in with their thumbnails', async () => {
    const file = `20250117/1736980200999-0123456789abcdef.jpg`;
    await writeFile(at(file), 'jpg');
    await writeFile(at(`20250117/thumbnail-${file.slice(9)}`), 'small');
    const image = await files.registerImage(`/${file}`, 'cam');
    assert.deepEqual([image.pathName, image.fileType, image.sizeBytes], ['cam', 'image', 3]);
    const found = await files.listByDate({ name: 'cam', fileType: 'image' });
    assert.deepEqual(names(found), [file.slice(9)]);
    await assert.rejects(files.registerImage('/20250117/none.jpg', 'cam'), { kind: 'not-found' });
  });

  it('takes a picture into the index whose thumbnail is moved away in this moment', async () => {
    const file = `${day}/1736980200999-0123456789abcdef.jpg`;
    const thumbnail = `${day}/thumbnail-${file.slice(9)}`;
    await writeFile(at(file), 'jpg');
    await writeFile(at(thumbnail), 'small');
    const racing = new RecordedFiles({
      library: {
        ...{ index: library.index, files: library.files },
        register: async (where, name, path) => {
          if (name === thumbnail) await unlink(at(thumbnail));
          return library.register(where, name, path);
        },
      },
      ...{ folder, events: new EventBus(silentLogger), pathCount: () => 3 },
    });
    await racing.registerImage(`/${file}`, 'cam');
    assert.deepEqual(names(await files.listByDate({ name: 'cam', fileType: 'image' })), [
      file.slice(9),
    ]);
  });

  it('counts, and gives the timeline of a path', async () => {
    assert.deepEqual(await files.dashboard(), {
      filesCount: 5,
      jpgCount: 1,
      videoCount: 4,
      pathCount: 3,
      disk: { allBytes: 1000, freeBytes: 400, usedBytes: 600 },
    });
    const startAt = new Date(2025, 0, 16, 14, 30).getTime();
    const gap = { pathName: 'live/hall', fromAt: startAt + 60_000, toAt: startAt + 90_000 };
    library.gap({ ...gap, reason: 'noSignal' });
    await library.settle();
    const timeline = await files.timeline('live/hall', startAt + 1000, startAt + 70_000);
    assert.deepEqual(
      [timeline.recordings.map(({ filePath }) => filePath), timeline.gaps[0]?.reason],
      [[`/${clip}`], 'noSignal'],
    );
    const backwards = files.timeline('live/hall', startAt, startAt);
    await assert.rejects(backwards, { code: 'bad-time-span' });
    await assert.rejects(files.timeline('x', NaN, startAt), { code: 'bad-time-span' });
  });

  it('tells other rooms where a file is', async () => {
    assert.deepEqual(await files.resolve(`/res/${clip}`), {
      filePath: `/${clip}`,
      fullPath: at(clip),
    });
    await assert.rejects(files.resolve(`/${day}/none.mp4`), { kind: 'not-found' });
  });
});

describe('ServedFiles', () => {
  it('opens recordings and pictures, and knows nothing of the rest', async () => {
    await using temporary = await temporaryFolder();
    const at = (file: string): string => join(temporary.path, file);
    for (const name of [day, 'tmp', '.index', 'album']) await mkdir(at(name));
    await writeFile(at(clip), 'movie');
    await writeFile(at(`${day}/page.html`), '<script>');
    for (const hidden of ['tmp/x.mp4', '.index/recordings.sqlite', 'snapshot_cam.json', 'x.mp4']) {
      await writeFile(at(hidden), 'hidden');
    }
    await writeFile(at('album/x.mp4'), 'hidden');
    await writeFile(at(`${day}/.hidden.mp4`), 'hidden');
    await symlink('/etc/hostname', at(`${day}/link.mp4`));
    const served = new ServedFiles(createDateFolder(temporary.path));
    const file = await served.open(`/${clip}`);
    const { contentType, sizeBytes, name, etag } = file;
    assert.deepEqual([contentType, sizeBytes, name], ['video/mp4', 5, clip.slice(9)]);
    assert.match(etag, /^"[0-9a-z-]+"$/u);
    assert.equal(await file.handle.readFile('utf8'), 'movie');
    await file.handle.close();
    const page = await served.open(`${day}/page.html`);
    await page.handle.close();
    assert.equal(page.contentType, 'application/octet-stream');
    const hidden = [
      ...[
        '/tmp/x.mp4',
        '/.index/recordings.sqlite',
        '/snapshot_cam.json',
        '/x.mp4',
        '/album/x.mp4',
      ],
      ...[`/${day}/.hidden.mp4`, `/${day}/link.mp4`, `/${day}`, `/${day}/`, '/', '', '/../x.mp4'],
      ...[`//${clip}`, `/${day}/../${clip}`, '/none/x.mp4', `/${day}/none.mp4`, `/${clip}\0`],
    ];
    for (const path of hidden) {
      const refused = { kind: 'not-found', message: 'file not found' };
      await assert.rejects(served.open(path), refused, path);
    }
  });
});
