// The export queue with its back end.
import { join } from 'node:path';
import { DayFolderTarget } from '../export/day-folder-target.ts';
import type { ExportBackend } from '../export/export-backend.ts';
import { ExportQueue } from '../export/export-queue.ts';
import { IndexedTarget } from '../export/indexed-target.ts';
import { Mp4Export } from '../export/mp4-export.ts';
import { RVideoBackend } from '../export/rvideo-backend.ts';
import { RVideoClient } from '../export/rvideo-client.ts';
import { WorkFolders } from '../export/work-folders.ts';
import type { Recordings } from './assemble-recordings.ts';
import type { ProContext } from './pro-context.ts';

/** Builds the queue; what a killed process left is removed first. */
export async function assembleExport(
  context: ProContext,
  recordings: Pick<Recordings, 'resolve' | 'registerImage'>,
): Promise<ExportQueue> {
  const { clock, logger, events, lifetime, recordFolder, pro } = context;
  const { concurrency, queueJobs, maxBytes, historyJobs } = pro.export;
  const timeLimitMs = pro.rvideo.url === '' ? pro.export.timeLimitMs : pro.rvideo.timeLimitMs;
  const log = logger.scope('export');
  const target = new IndexedTarget({
    target: new DayFolderTarget(clock, { recordPath: recordFolder }),
    register: (filePath) => recordings.registerImage(filePath, ''),
    logger: log,
  });
  const queue = new ExportQueue(
    {
      ...{ clock, logger: log, events, source: recordings, target, backend: backendOf(context) },
      folders: new WorkFolders(join(recordFolder, 'tmp')),
    },
    {
      ...{ maxRunning: concurrency, maxQueued: queueJobs, maxHistory: historyJobs },
      ...{ timeLimitMs, maxOutputBytes: maxBytes },
    },
  );
  lifetime.own(queue);
  await queue.sweepTemporaries();
  return queue;
}

/** ffmpeg here, or the codec service when one is configured. */
function backendOf({ clock, ffmpeg, pro }: ProContext): ExportBackend {
  const local = new Mp4Export({ clock, ffmpeg });
  const { url, token, timeoutMs, pollIntervalMs } = pro.rvideo;
  if (url === '') return local;
  const client = new RVideoClient(clock, { url, token, requestTimeoutMs: timeoutMs });
  return new RVideoBackend({ clock, client, inspector: local }, { pollPeriodMs: pollIntervalMs });
}
