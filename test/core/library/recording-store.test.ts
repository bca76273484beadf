// The SQL of the index on a database in memory.
import assert from 'node:assert/strict';
import type { RecordingFilter } from '../../../core/library/index-query.ts';
import type { RecordingStore } from '../../../core/library/recording-store.ts';
import type { Recording } from '../../../core/library/recording.ts';
import { NOON, recording, storeInMemory } from './support/recordings.ts';

const HOUR = 3_600_000;

function filled(...recordings: readonly Partial<Recording>[]): RecordingStore {
  const store = storeInMemory();
  store.run('put', recordings.map(recording));
  return store;
}

function files(store: RecordingStore, filter: RecordingFilter): string[] {
  return store.run('list', { filter, limit: 100 }).items.map(({ file }) => file);
}

describe('RecordingStore', () => {
  it('gives back what was put, and the newer of two with the same name', () => {
    const store = filled({}, { root: '/other', path: 'x' });
    const first = recording();
    assert.deepEqual(store.run('get', first), first);
    const second = { ...first, state: 'damaged', tracks: [], sizeBytes: 5 } as const;
    store.run('put', [second]);
    assert.deepEqual(store.run('get', first), second);
    store.run('remove', [first]);
    assert.equal(store.run('get', first), undefined);
    assert.deepEqual(files(store, { root: '/other' }), [first.file]);
  });

  it('takes all of a batch or nothing', () => {
    const store = filled();
    const batch = [recording(), recording({ file: 'x.mp4', startAt: NaN })];
    assert.throws(() => store.run('put', batch), /NOT NULL/u);
    assert.deepEqual(files(store, {}), []);
    store.run('put', [recording()]);
    assert.deepEqual(files(store, {}), ['20250116/a.mp4']);
  });

  it('lists and counts recordings that claim impossible lengths, sizes and dates', () => {
    const wild = { durationMs: 2 ** 53 * 1000, sizeBytes: 2 ** 62, modifiedAt: 2 ** 62 };
    const store = filled({ file: '20250116/z.mp4', ...wild, startAt: -(2 ** 62) }, {});
    assert.deepEqual(files(store, {}), ['20250116/a.mp4', '20250116/z.mp4']);
    const { items } = store.run('list', { filter: {}, order: 'oldest', limit: 1 });
    const [item] = items;
    assert.ok(item && item.durationMs <= 366 * 24 * HOUR);
    assert.doesNotThrow(() => new Date(item.modifiedAt).toISOString());
    assert.doesNotThrow(() => new Date(item.startAt).toISOString());
    assert.equal(store.run('totals', { by: 'kind', filter: {} })[0]?.count, 2);
  });

  it('keeps a move until it ended, and takes the row along', () => {
    const store = filled({}, { file: '20250116/b.mp4', path: 'stale' });
    const move = { root: '/rec', from: '20250116/a.mp4', to: '20250116/b.mp4' };
    store.run('beginMove', move);
    store.run('beginMove', move);
    assert.deepEqual(store.run('moves', { root: '/rec' }), [move]);
    assert.deepEqual(store.run('moves', { root: '/other' }), []);
    store.run('endMove', { move, recording: recording({ file: move.to }) });
    assert.deepEqual(store.run('moves', { root: '/rec' }), []);
    const { items } = store.run('list', { filter: {}, limit: 9 });
    assert.deepEqual(items, [recording({ file: move.to })]);
  });

  it('knows growing files, folders and what is in them', () => {
    const store = filled({}, { file: '20250117/b.mp4', state: 'growing' }, { file: 'c.mp4' });
    const growing = store.run('growing', { root: '/rec' });
    assert.deepEqual(
      growing.map(({ file }) => file),
      ['20250117/b.mp4'],
    );
    assert.deepEqual(store.run('growing', { root: '/' }), []);
    const folders = store.run('folders', { root: '/rec' });
    assert.deepEqual([...folders].sort(), ['', '20250116', '20250117']);
    const inRoot = store.run('inFolder', { root: '/rec', folder: '' });
    assert.deepEqual(
      inRoot.map(({ file }) => file),
      ['c.mp4'],
    );
  });
});

describe('RecordingStore list', () => {
  const jpg = '20250116/c.jpg';
  const b = '20250116/b.MP4';
  const a = '20250116/a.mp4';
  const favorite = 'favorite/会议 Ⅷ.ts';
  const growing = '20250117/g.mp4';
  const newestFirst = [jpg, b, a, favorite, growing];
  const store = filled(
    { file: a },
    { file: b, startAt: NOON + HOUR, path: 'Türkamera' },
    { file: jpg, startAt: NOON + 2 * HOUR, kind: 'image', durationMs: 0 },
    { file: favorite, startAt: NOON - HOUR, isFavorite: true },
    { file: growing, startAt: NOON - 9 * HOUR, state: 'growing', durationMs: 0 },
  );

  it('gives the newest first, or the oldest, page by page', () => {
    assert.deepEqual(files(store, {}), newestFirst);
    const { items } = store.run('list', { filter: {}, order: 'oldest', limit: 9 });
    assert.deepEqual(items.map(({ file }) => file).reverse(), newestFirst);
    const page = store.run('list', { filter: {}, limit: 2, offset: 3 });
    assert.equal(page.total, 5);
    assert.deepEqual(
      page.items.map(({ file }) => file),
      newestFirst.slice(3),
    );
    assert.deepEqual(store.run('list', { filter: {}, limit: 2, offset: 99 }).items, []);
  });

  const cases: readonly (readonly [string, RecordingFilter, readonly string[]])[] = [
    ['root', { root: '/elsewhere' }, []],
    ['folder', { folder: '20250117' }, [growing]],
    ['path', { path: 'Türkamera' }, [b]],
    ['favorites', { isFavorite: true }, [favorite]],
    ['kinds', { kinds: ['image', 'other'] }, [jpg]],
    ['no kind at all', { kinds: [] }, []],
    ['extension in any case', { extension: '.mp4' }, [b, a, growing]],
    ['the end of a span, which is not part of it', { toAt: NOON }, [favorite, growing]],
    ['the start of a span, open ends included', { fromAt: NOON + HOUR }, [jpg, b, growing]],
    ['text of the path in any case', { text: 'TÜRK' }, [b]],
    ['decomposed text', { text: 'tu\u0308r' }, [b]],
    ['text of the name in any width', { text: '会议 viii' }, [favorite]],
    ['wildcards as they are', { text: '%' }, []],
    ['several things at once', { kinds: ['video'], text: 'B.mp', isFavorite: false }, [b]],
  ];
  for (const [what, filter, expected] of cases) {
    it(`narrows by ${what}`, () => assert.deepEqual(files(store, filter), expected));
  }

  it('takes no text for SQL', () => {
    assert.deepEqual(files(store, { text: "' OR 1=1 --", path: "x'; DROP TABLE recordings" }), []);
    assert.equal(files(store, {}).length, 5);
  });
});

describe('RecordingStore timeline', () => {
  it('gives what touches the span, with the reasons of gaps, oldest first', () => {
    const store = filled(
      { file: 'd/1.mp4', startAt: NOON, durationMs: HOUR },
      { file: 'd/2.mp4', startAt: NOON + 2 * HOUR, durationMs: HOUR },
      { file: 'd/3.mp4', startAt: NOON + 5 * HOUR, durationMs: HOUR },
      { file: 'd/4.mp4', startAt: NOON, durationMs: 9 * HOUR, path: 'other' },
      { file: 'd/5.jpg', startAt: NOON + HOUR, kind: 'image' },
    );
    const gap = { path: 'cam', fromAt: NOON + HOUR, toAt: NOON + 2 * HOUR, reason: 'streamLost' };
    const late = { ...gap, fromAt: NOON + 3 * HOUR, toAt: NOON + 5 * HOUR, reason: 'diskFull' };
    store.run('addGaps', [late, gap, gap]);
    const span = { path: 'cam', fromAt: NOON + HOUR / 2, toAt: NOON + 3 * HOUR, limit: 10 };
    const timeline = store.run('timeline', span);
    assert.deepEqual(
      timeline.recordings.map(({ file }) => file),
      ['d/1.mp4', 'd/2.mp4'],
    );
    assert.deepEqual(timeline.gaps, [gap]);
    store.run('forgetGaps', { beforeAt: NOON + 4 * HOUR });
    assert.deepEqual(store.run('timeline', { ...span, toAt: NOON + 9 * HOUR }).gaps, [late]);
  });
});

describe('RecordingStore with 5,000 recordings', () => {
  const store = storeInMemory();
  const all = Array.from({ length: 5000 }, (_, position) =>
    recording({
      file: `day${position % 50}/${position}.mp4`,
      path: `cam${position % 7}`,
      startAt: NOON + position * 1000,
      sizeBytes: position,
      isFavorite: position % 10 === 0,
    }),
  );
  store.run('put', all);

  it('adds up counts, bytes and durations', () => {
    const totals = store.run('totals', { by: 'path', filter: { isFavorite: false } });
    assert.equal(totals.length, 7);
    const expected = all.filter(({ path, isFavorite }) => path === 'cam3' && !isFavorite);
    assert.deepEqual(totals[3], {
      key: 'cam3',
      count: expected.length,
      sizeBytes: expected.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      durationMs: expected.length * 60_000,
    });
    const days = store.run('totals', { by: 'folder', filter: {} });
    assert.deepEqual([days.length, days[0]?.count], [50, 100]);
    assert.deepEqual(store.run('totals', { by: 'kind', filter: { path: 'none' } }), []);
  });

  it('hands candidates for deletion out page by page, none twice, none that must stay', () => {
    store.run('put', [recording({ file: 'x/1.mp4', state: 'growing', startAt: NOON - 1 })]);
    store.run('put', [recording({ file: 'x/2.txt', kind: 'other', startAt: NOON - 1 })]);
    const seen: string[] = [];
    let after: { startAt: number; id: number } | undefined;
    for (let page = 0; page < 20; page++) {
      const request = { root: '/rec', beforeAt: NOON + 4_000_000, limit: 500 };
      const rows = store.run('retentionPage', after ? { ...request, after } : request);
      seen.push(...rows.map(({ file }) => file));
      after = rows.at(-1);
      if (!after) break;
    }
    const expected = all.slice(0, 4000).filter(({ isFavorite }) => !isFavorite);
    assert.deepEqual(
      seen,
      expected.map(({ file }) => file),
    );
    const request = { root: '/', beforeAt: NOON * 2, limit: 5 };
    assert.deepEqual(store.run('retentionPage', request), []);
  });
});
