// What names in the folder of Pro recordings mean.
import assert from 'node:assert/strict';
import {
  createDateFolder,
  dateFolderLayout as layout,
  extensionOf,
} from '../../../pro/library/date-folder-layout.ts';
import { dayFolderOf } from '../../../pro/library/day-folder.ts';

describe('dateFolderLayout', () => {
  it('describes recordings, pictures and what is not ours', () => {
    const at = new Date(2025, 0, 16, 14, 30).getTime();
    const video = { kind: 'video', container: 'mp4', isFavorite: false } as const;
    assert.deepEqual(layout.describe('20250116/20250116-1430-abc12345.mp4'), {
      ...video,
      startAt: at,
    });
    assert.deepEqual(layout.describe('20250116/custom-name.MP4'), video);
    assert.deepEqual(layout.describe('favorite/20250116-1430-abc12345-1.ts'), {
      kind: 'video',
      container: 'mpegts',
      isFavorite: true,
      startAt: at,
    });
    assert.deepEqual(layout.describe('20250116/1736980200123-0123456789abcdef.jpg'), {
      kind: 'image',
      container: 'jpg',
      isFavorite: false,
      startAt: 1_736_980_200_123,
    });
    assert.equal(layout.describe('20250116/thumbnail-x.jpg')?.kind, 'thumbnail');
    assert.equal(layout.describe('20250116/thumbnail-x.mp4')?.kind, 'video');
    assert.equal(layout.describe('20250116/notes.txt')?.kind, 'other');
    assert.equal(layout.describe('20250116/20250116-2530-abc.mp4')?.startAt, undefined);
    for (const foreign of ['x.mp4', 'tmp/x.mp4', '20250230/x.mp4', '20250116/sub/x.mp4', 'a/b/c']) {
      assert.equal(layout.describe(foreign), undefined, foreign);
    }
  });

  it('knows what goes with a file', () => {
    assert.deepEqual(layout.companionsOf('20250116/a.jpg'), ['20250116/thumbnail-a.jpg']);
    assert.deepEqual(layout.companionsOf('20250116/a.mp4'), ['20250116/thumbnail-a.mp4.jpg']);
    assert.deepEqual(layout.companionsOf('20250116/thumbnail-a.jpg'), []);
    assert.deepEqual(layout.companionsOf('20250116/a.txt'), []);
  });

  it('lets empty day folders go once nobody can need them', () => {
    const now = new Date(2025, 0, 16, 0, 5).getTime();
    const isRemovable = (folder: string): boolean => layout.isRemovableFolder(folder, now);
    assert(isRemovable('20250114') && isRemovable('20241231'));
    for (const folder of ['20250115', '20250116', '20250117', 'favorite', 'tmp', 'album', '']) {
      assert(!isRemovable(folder), folder);
    }
  });
});

describe('createDateFolder()', () => {
  it('keeps temporary files and settings to itself', () => {
    const { safe } = createDateFolder('/srv/recordings');
    for (const file of ['tmp', 'tmp/1/x.mp4', 'snapshot_cam.json', 'SNAPSHOT_a%2Fb.json']) {
      assert.throws(() => safe.check(file), { kind: /permission-denied|invalid-argument/u }, file);
    }
    for (const file of ['20250116/snapshot_cam.json', 'tmpx', '20250116/tmp']) {
      assert.equal(safe.check(file), file);
    }
  });
});

describe('extensionOf()', () => {
  it('is what follows the last dot', () => {
    const names = ['a.mp4', 'a.b.mp4', 'a', '.a', 'a.'];
    assert.deepEqual(names.map(extensionOf), ['.mp4', '.mp4', '', '', '.']);
    assert.match(dayFolderOf(0), /^(?:19691231|19700101)$/u);
  });
});
