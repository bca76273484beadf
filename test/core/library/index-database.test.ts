// The file of the index: damaged, lost, too new, in use.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IndexDatabase } from '../../../core/library/index-database.ts';
import { indexMigrations, migrate } from '../../../core/library/index-schema.ts';
import { recording, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const everything = { filter: {}, limit: 10 };

describe('IndexDatabase', () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'sub', 'index.sqlite');
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const countOf = (database: IndexDatabase): number => database.run('list', everything).total;
  const fill = (): void => {
    const database = new IndexDatabase(file);
    database.run('put', [recording()]);
    database.close();
    database.close();
  };

  it('creates a file and opens it again', () => {
    const database = new IndexDatabase(file);
    assert.equal(database.origin, 'created');
    database.close();
    fill();
    const again = new IndexDatabase(file);
    assert.deepEqual([again.origin, countOf(again)], ['opened', 1]);
    again.close();
  });

  for (const [what, damage] of [
    ['is no database', (): void => writeFileSync(file, 'text that is no database at all')],
    ['was cut', (): void => truncateSync(file, 5000)],
    [
      'has a broken page',
      (): void => writeFileSync(file, readFileSync(file).fill(0x5a, 4096, 9000)),
    ],
  ] as const) {
    it(`puts a file aside that ${what}, and begins an empty one`, () => {
      fill();
      damage();
      const database = new IndexDatabase(file);
      assert.deepEqual([database.origin, countOf(database)], ['replaced', 0]);
      database.close();
      assert(existsSync(`${file}.damaged`));
    });
  }

  it('begins an empty file when the open one disappears', () => {
    const resets: string[] = [];
    const database = new IndexDatabase(file, { onReset: (reason) => void resets.push(reason) });
    database.run('put', [recording()]);
    for (const suffix of ['', '-wal']) rmSync(file + suffix);
    assert.equal(countOf(database), 0);
    database.run('put', [recording()]);
    assert.equal(countOf(database), 1);
    assert.deepEqual(resets, ['the file is gone']);
    database.close();
    const again = new IndexDatabase(file);
    assert.equal(countOf(again), 1);
    again.close();
  });

  it('begins an empty file when the open one turns out to be damaged', () => {
    const filling = new IndexDatabase(file);
    // More than the memory that pages are kept in.
    const path = 'x'.repeat(1500);
    filling.run(
      'put',
      Array.from({ length: 1500 }, (_, n) => recording({ file: `d/${n}`, path })),
    );
    filling.close();
    const resets: string[] = [];
    const database = new IndexDatabase(file, { onReset: (reason) => void resets.push(reason) });
    writeFileSync(file, readFileSync(file).fill(0x5a, 100));
    assert.equal(countOf(database), 0);
    assert.equal(resets.length, 1);
    database.run('put', [recording()]);
    assert.equal(countOf(database), 1);
    database.close();
  });

  it('lives in memory on a full disk, and in the file again when there is room', () => {
    fill();
    let isFull = true;
    const resets: string[] = [];
    const database = new IndexDatabase(file, {
      roomRetryMs: 0,
      onReset: (reason) => void resets.push(reason),
      openFile: (name) => {
        if (!isFull) return new DatabaseSync(name);
        throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      },
    });
    assert.deepEqual([database.origin, countOf(database)], ['inMemory', 0]);
    const other = recording({ file: 'd/other.mp4' });
    database.run('put', [other]);
    assert.equal(countOf(database), 1);
    isFull = false;
    assert.equal(countOf(database), 1);
    assert.deepEqual(resets, ['the disk was full']);
    database.run('put', [other]);
    database.close();
    const again = new IndexDatabase(file);
    assert.deepEqual([again.origin, countOf(again)], ['opened', 2]);
    again.close();
  });

  it('is open in one process at a time', () => {
    fill();
    const other = new DatabaseSync(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
    const open = (): unknown => new IndexDatabase(file, { busyTimeoutMs: 1 });
    assert.throws(open, { code: 'index-in-use', kind: 'unavailable' });
    other.close();
    const database = new IndexDatabase(file);
    assert.equal(countOf(database), 1);
    database.close();
  });

  it('says which file it cannot open', () => {
    const open = (): unknown => new IndexDatabase('/dev/null/index.sqlite');
    assert.throws(open, { code: 'index-unavailable', message: /\/dev\/null\/index\.sqlite/u });
  });

  it('keeps the file of a newer program', () => {
    fill();
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    const database = new IndexDatabase(file);
    assert.deepEqual([database.origin, countOf(database)], ['replaced', 0]);
    database.close();
    assert(existsSync(`${file}.newer`));
  });
});

describe('migrate()', () => {
  it('takes the steps that are missing from every version', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (2)'];
    for (let known = 0; known <= steps.length; known++) {
      const database = new DatabaseSync(':memory:');
      migrate(database, steps.slice(0, known));
      migrate(database, steps);
      migrate(database, steps);
      const values = database
        .prepare('SELECT x FROM a ORDER BY x')
        .all()
        .map(({ x }) => x);
      assert.deepEqual(values, [1, 2], `from ${known}`);
    }
  });

  it('takes a step whole or not at all', () => {
    const database = new DatabaseSync(':memory:');
    assert.throws(() => migrate(database, ['CREATE TABLE a (x); CREATE TABLE a (x)']));
    database.exec('ROLLBACK');
    migrate(database, indexMigrations);
    const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    assert.equal(version, indexMigrations.length);
  });
});
