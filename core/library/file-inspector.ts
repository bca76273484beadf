// Looks into MP4 and MPEG-TS files, and closes MP4 files that a killed process left.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { MediaError } from '../base/media-error.ts';
import { readMp4Summary, type Mp4Summary } from '../mux/read-mp4-summary.ts';
import { repairMp4, type Mp4Growing } from '../mux/repair-mp4.ts';
import { fileRandomAccess } from './file-random-access.ts';
import { readMovieTitle } from './movie-title.ts';
import type { RecordingFacts, RecordingInspector } from './recording-inspector.ts';
import { readTsSummary } from './ts-summary.ts';

const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const WRITE = constants.O_RDWR | constants.O_NOFOLLOW;

/** The inspector of the formats that recorders write. Files of other programs are never changed. */
export class FileInspector implements RecordingInspector {
  async inspect(filePath: string): Promise<RecordingFacts> {
    await using handle = await open(filePath, READ);
    const { size } = await handle.stat();
    const file = fileRandomAccess(handle, size);
    if (isTransportStream(filePath)) {
      const summary = await readTsSummary(file);
      if (!summary) throw damaged(filePath, 'it is no MPEG-TS file');
      return { ...summary, isComplete: true };
    }
    const summary = await readMp4Summary(file);
    if (!summary) throw damaged(filePath, 'it is no MP4 file, or was cut');
    return factsOf(summary, await readMovieTitle(file), summary.isClosed);
  }

  async repair(filePath: string): Promise<RecordingFacts | undefined> {
    // The packets of MPEG-TS stand for themselves: there is nothing to close.
    if (isTransportStream(filePath)) return this.inspect(filePath);
    await using handle = await open(filePath, WRITE);
    const { size } = await handle.stat();
    const file = fileRandomAccess(handle, size);
    const title = await readMovieTitle(file);
    const found = await repairMp4(file);
    switch (found.kind) {
      case 'empty':
        return undefined;
      case 'closed':
        return factsOf(found.summary, title, true);
      case 'growing':
        await close(handle, found);
        return factsOf(found.summary, title, true);
      case 'foreign': {
        const summary = await readMp4Summary(file);
        if (!summary) throw damaged(filePath, found.reason);
        return factsOf(summary, title, true);
      }
    }
  }
}

/** Who renames a file may write its extension in capitals. */
function isTransportStream(filePath: string): boolean {
  return filePath.toLowerCase().endsWith('.ts');
}

/** Each write leaves a file that plays, so being killed here once more does no harm. */
async function close(handle: FileHandle, { endPosition, writes }: Mp4Growing): Promise<void> {
  await handle.truncate(endPosition);
  for (const { position, chunks } of writes) {
    let at = position;
    for (const chunk of chunks) {
      let written = 0;
      while (written < chunk.length) {
        const { bytesWritten } = await handle.write(
          chunk,
          written,
          chunk.length - written,
          at + written,
        );
        written += bytesWritten;
      }
      at += chunk.length;
    }
    // Order counts also when the power fails.
    await handle.datasync();
  }
}

function factsOf(
  { durationMs = 0, createdAt, tracks }: Mp4Summary,
  title: string | undefined,
  isComplete: boolean,
): RecordingFacts {
  return {
    durationMs: Math.round(durationMs),
    tracks: tracks.map(({ codecName, sampleEntryType }) => codecName ?? sampleEntryType),
    isComplete,
    ...(title === undefined ? {} : { path: title }),
    ...(createdAt === undefined ? {} : { startAt: createdAt }),
  };
}

function damaged(filePath: string, why: string): MediaError {
  return new MediaError('invalid-argument', 'recording-damaged', `'${filePath}': ${why}`);
}
