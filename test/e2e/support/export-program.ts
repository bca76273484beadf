// Exports in a process of its own, so that a test can kill it: `export-program.ts <recordings> <file> <parts>`.
import { join } from 'node:path';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { DayFolderTarget } from '../../../pro/export/day-folder-target.ts';
import { ExportQueue } from '../../../pro/export/export-queue.ts';
import { Mp4Export } from '../../../pro/export/mp4-export.ts';
import { WorkFolders } from '../../../pro/export/work-folders.ts';
import { FfmpegInstallation } from '../../../pro/ffmpeg/ffmpeg-program.ts';

const [, , recordPath = '', file = '', partCount = '1'] = process.argv;
const clock = systemClock;
const ffmpeg = new FfmpegInstallation(clock, { searchPath: process.env['PATH'] ?? '' });
const queue = new ExportQueue({
  clock,
  logger: silentLogger,
  events: { publish: ({ state, progress }) => void process.stdout.write(`${state} ${progress}\n`) },
  backend: new Mp4Export({ clock, ffmpeg }, { minFreeBytes: 0 }),
  source: { resolve: (fullPath) => Promise.resolve({ fullPath }) },
  target: new DayFolderTarget(clock, { recordPath }),
  folders: new WorkFolders(join(recordPath, 'tmp')),
});
const part = { id: 'x', resPath: file, range: { startS: 0.5, endS: 3.5 }, marks: [] };
const parts = Array.from({ length: Number(partCount) }, () => part);
const { output } = await queue.run({ parts }, new AbortController().signal);
process.stdout.write(`ready ${output?.fullPath ?? ''}\n`);
