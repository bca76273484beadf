// A process that records, renames and deletes until it is killed; started by recording-library.test.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../../core/base/clock.ts';
import { silentLogger } from '../../../../core/base/logger.ts';
import { RecordingLibrary } from '../../../../core/library/recording-library.ts';
import { SafeFolder } from '../../../../core/library/safe-folder.ts';
import { FakeInspector, fileText, testLayout } from './recording-fixture.ts';

const root = process.argv[2] ?? '';
const folder = { safe: new SafeFolder(root), layout: testLayout };
const library = new RecordingLibrary(
  { clock: systemClock, logger: silentLogger, inspector: new FakeInspector() },
  { databaseFile: join(root, '.library', 'index.sqlite'), folders: [folder] },
);
await library.start();
await mkdir(join(root, '20250116'), { recursive: true });
await mkdir(join(root, 'favorite'), { recursive: true });

async function record(n: number): Promise<void> {
  const file = `20250116/${n}.mp4`;
  const absolute = join(root, file);
  const pathName = `cam${n}`;
  await writeFile(absolute, fileText({ isComplete: false, path: pathName }));
  const segment = { pathName, file: absolute, startAt: Date.now(), tracks: [] } as const;
  library.opened(segment);
  if (n % 5 === 0) return;
  await writeFile(absolute, fileText({ path: pathName }));
  const facts = { durationMs: 1000, sizeBytes: 1, reason: 'stopped', isFinished: true } as const;
  library.closed({ ...segment, ...facts });
  if (n % 3 === 0) await library.files.move(folder, file, `favorite/${n}.mp4`);
  if (n % 7 === 1) await library.files.remove(folder, file).catch(() => undefined);
}

for (let n = 0; n < 100_000; n++) {
  await record(n);
  if (n === 20) process.send?.('busy');
}
