// The questions of the Control API about recordings, put to a real library on a real folder.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryRecordings } from '../../../core/api/library-recordings.ts';
import { RecordingLibrary } from '../../../core/library/recording-library.ts';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { FakeInspector, fileText, testLayout } from '../library/support/recording-fixture.ts';
import { NOON, temporaryFolder } from '../library/support/recordings.ts';

describe('libraryRecordings()', () => {
  it('tells paths and starts, and deletes the one file that starts at a moment', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, '20250116'));
    await using library = new RecordingLibrary(
      {
        clock: new FakeClock(Date.now()),
        logger: new RecordingLogger(),
        inspector: new FakeInspector(),
      },
      {
        databaseFile: join(folder.path, '.library', 'index.sqlite'),
        folders: [{ safe: new SafeFolder(folder.path), layout: testLayout }],
      },
    );
    await library.start();
    const fileOf = (name: string): string => join(folder.path, '20250116', name);
    for (const [name, startAt] of [
      ['a.mp4', NOON],
      ['b.mp4', NOON + 2000],
    ] as const) {
      await writeFile(fileOf(name), fileText());
      const opened = { pathName: 'cam', file: fileOf(name), startAt, tracks: [] };
      library.opened(opened);
      const size = { durationMs: 1000, sizeBytes: 5 };
      library.closed({ ...opened, ...size, reason: 'timeout', isFinished: true });
    }
    await library.settle();
    const recordings = libraryRecordings(library);
    assert.deepEqual(await recordings.recordedPaths(), ['cam']);
    assert.deepEqual(await recordings.starts('cam'), [NOON, NOON + 2000]);
    assert.deepEqual(await recordings.starts('other'), []);
    assert.equal(await recordings.deleteSegment('cam', NOON + 1), false);
    assert.equal(await recordings.deleteSegment('other', NOON), false);
    assert.equal(await recordings.deleteSegment('cam', NOON), true);
    assert.deepEqual(await recordings.starts('cam'), [NOON + 2000]);
    assert.deepEqual([existsSync(fileOf('a.mp4')), existsSync(fileOf('b.mp4'))], [false, true]);
  });
});
