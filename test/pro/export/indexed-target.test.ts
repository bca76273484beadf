// Exports in the index of recordings.
import assert from 'node:assert/strict';
import { silentLogger } from '../../../core/base/logger.ts';
import type { PublishedExport } from '../../../pro/export/day-folder-target.ts';
import { IndexedTarget } from '../../../pro/export/indexed-target.ts';

const published: PublishedExport = {
  ...{ fileName: 'e.mp4', filePath: '/20250116/e.mp4', fullPath: '/r/20250116/e.mp4' },
  sizeBytes: 5,
};

function targetWith(register: (filePath: string) => Promise<unknown>): IndexedTarget {
  const target = { publish: () => Promise.resolve(published) };
  return new IndexedTarget({ target, register, logger: silentLogger });
}

describe('IndexedTarget', () => {
  it('tells the index of a file before the export counts as finished', async () => {
    const told: string[] = [];
    const target = targetWith((filePath) => Promise.resolve(told.push(filePath)));
    assert.deepEqual(await target.publish('/r/tmp/x/out.mp4'), published);
    assert.deepEqual(told, ['/20250116/e.mp4']);
  });

  it('finishes the export when the index fails', async () => {
    const target = targetWith(() => Promise.reject(new Error('no index')));
    assert.deepEqual(await target.publish('/r/tmp/x/out.mp4'), published);
  });
});
