// Tests of FolderImageStore on a real folder.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderImageStore } from '../../../pro/snapshot/folder-image-store.ts';
import type { StoredImage } from '../../../pro/snapshot/image-store.ts';

const AT = new Date(2026, 2, 9, 12).getTime();

describe('FolderImageStore', () => {
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'images-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  function image(
    fileName: string,
    text: string,
    withThumbnail = false,
  ): Parameters<FolderImageStore['save']>[0] {
    const thumbnail = withThumbnail ? { thumbnail: Buffer.from(`small ${text}`) } : {};
    return { pathName: 'cam', fileName, jpeg: Buffer.from(text), takenAt: AT, ...thumbnail };
  }

  it('writes into the folder of the day and tells the index', async () => {
    const known: [StoredImage, string][] = [];
    const register = (stored: StoredImage, name: string): void => void known.push([stored, name]);
    const store = new FolderImageStore({ root, register });
    const stored = await store.save(image('a.jpg', 'one', true));
    assert.deepEqual(stored, {
      fileName: 'a.jpg',
      filePath: '/20260309/a.jpg',
      fullPath: join(root, '20260309/a.jpg'),
      thumbnail: 'thumbnail-a.jpg',
    });
    assert.deepEqual(known, [[stored, 'cam']]);
    assert.equal(await readFile(stored.fullPath, 'utf8'), 'one');
    assert.equal(await readFile(join(root, '20260309/thumbnail-a.jpg'), 'utf8'), 'small one');
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('leaves the room on the disk that others need', async () => {
    const store = new FolderImageStore({ root, minFreeBytes: Number.MAX_SAFE_INTEGER });
    await assert.rejects(store.save(image('a.jpg', 'one')), {
      ...{ kind: 'resource-exhausted', code: 'disk-full' },
    });
    assert.deepEqual(await readdir(root), []);
  });

  it('never replaces a picture: the name gets a number, also for many at once', async () => {
    const store = new FolderImageStore({ root });
    const texts = ['one', 'two', 'three'];
    const stored = await Promise.all(texts.map((text) => store.save(image('a.jpg', text, true))));
    const names = stored.map(({ fileName }) => fileName).sort();
    assert.deepEqual(names, ['a-1.jpg', 'a-2.jpg', 'a.jpg']);
    for (const [index, { fullPath, thumbnail }] of stored.entries()) {
      assert.equal(await readFile(fullPath, 'utf8'), texts[index]);
      const small = await readFile(join(root, '20260309', thumbnail), 'utf8');
      assert.equal(small, `small ${texts[index] ?? ''}`);
    }
  });

  it('replaces a thumbnail that was left over', async () => {
    const store = new FolderImageStore({ root });
    await store.save(image('b.jpg', 'b'));
    await writeFile(join(root, '20260309/thumbnail-a.jpg'), 'old');
    await store.save(image('a.jpg', 'new', true));
    assert.equal(await readFile(join(root, '20260309/thumbnail-a.jpg'), 'utf8'), 'small new');
  });

  it('leaves no picture behind that it reports as failed', async () => {
    const store = new FolderImageStore({ root });
    await mkdir(join(root, '20260309/thumbnail-a.jpg'), { recursive: true });
    await assert.rejects(store.save(image('a.jpg', 'one', true)), {
      kind: 'invalid-argument',
    });
    assert.deepEqual(await readdir(join(root, '20260309')), ['thumbnail-a.jpg']);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('does not follow a link that stands where the folder should be', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
    await symlink(elsewhere, join(root, '20260309'));
    await assert.rejects(new FolderImageStore({ root }).save(image('a.jpg', 'x')));
    assert.deepEqual(await readdir(elsewhere), []);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    await rm(elsewhere, { recursive: true });
  });
});
