// Makes the index entry of a file from the file itself.
import type { Stats } from 'node:fs';
import type { Logger } from '../base/logger.ts';
import { toMediaError } from '../base/media-error.ts';
import type { RecordingFolder } from './recording-folder.ts';
import type { RecordingFacts, RecordingInspector } from './recording-inspector.ts';
import type { FileDescription } from './recording-layout.ts';
import type { Recording } from './recording.ts';

/** A file to read. */
export interface RecordingReadRequest {
  readonly folder: RecordingFolder;
  readonly file: string;
  /** What the index knew before. */
  readonly row?: Recording | undefined;
}

/** An entry, and whether the file had to be repaired for it. */
export interface RecordingReadResult {
  /** Undefined for a file that was begun and has nothing in it. */
  readonly recording: Recording | undefined;
  readonly isRepaired: boolean;
}

const HOUR_MS = 3_600_000;

/** End reason of a recording whose process was killed. */
export const interruptedReason = 'interrupted';

/** What the recorder said counts first, then what stands in the file, then its name, then its dates. */
export class RecordingReader {
  readonly #inspector: RecordingInspector;
  readonly #logger: Logger;

  constructor(inspector: RecordingInspector, logger: Logger) {
    this.#inspector = inspector;
    this.#logger = logger;
  }

  /** Undefined when there is no such file or it is none of the layout. The caller holds its lock. */
  async read(request: RecordingReadRequest): Promise<RecordingReadResult | undefined> {
    const { folder, file } = request;
    const description = folder.layout.describe(file);
    const stats = description && (await folder.safe.stat(file));
    if (!stats) return undefined;
    if (description.kind !== 'video') {
      const recording = compose(request, description, { stats });
      return { recording, isRepaired: false };
    }
    return this.#readVideo(request, description, stats);
  }

  async #readVideo(
    request: RecordingReadRequest,
    description: FileDescription,
    stats: Stats,
  ): Promise<RecordingReadResult> {
    const { folder, file } = request;
    if (stats.size === 0) return { recording: undefined, isRepaired: false };
    const filePath = folder.safe.absolute(file);
    try {
      const found = await this.#inspector.inspect(filePath).catch(() => undefined);
      if (found?.isComplete === true) {
        return {
          recording: compose(request, description, { stats, facts: found }),
          isRepaired: false,
        };
      }
      const facts = await this.#inspector.repair(filePath);
      if (!facts) return { recording: undefined, isRepaired: false };
      const repaired = (await folder.safe.stat(file)) ?? stats;
      const recording = compose(request, description, { stats: repaired, facts });
      const endReason = recording.endReason === '' ? interruptedReason : recording.endReason;
      return { recording: { ...recording, endReason }, isRepaired: true };
    } catch (thrown) {
      this.#logger.warn(`recording ${filePath} is damaged: ${toMediaError(thrown).message}`);
      const after = (await folder.safe.stat(file)) ?? stats;
      return { recording: compose(request, description, { stats: after }), isRepaired: false };
    }
  }
}

function compose(
  { folder, file, row }: RecordingReadRequest,
  description: FileDescription,
  { stats, facts }: { readonly stats: Stats; readonly facts?: RecordingFacts },
): Recording {
  const durationMs = facts?.durationMs ?? row?.durationMs ?? 0;
  const isVideo = description.kind === 'video';
  return {
    root: folder.safe.root,
    file,
    path: firstName(row?.path, facts?.path, description.path),
    startAt:
      row?.startAt ?? startOf(facts?.startAt, description.startAt) ?? stats.mtimeMs - durationMs,
    durationMs,
    sizeBytes: stats.size,
    modifiedAt: Math.round(stats.mtimeMs),
    kind: description.kind,
    container: description.container,
    tracks: facts?.tracks ?? row?.tracks ?? [],
    state: isVideo && facts === undefined ? 'damaged' : 'closed',
    isFavorite: description.isFavorite,
    endReason: row?.endReason ?? '',
  };
}

/** The file tells whole seconds; its name may know the fraction, but not which summer time. */
function startOf(inFile: number | undefined, inName: number | undefined): number | undefined {
  if (inFile === undefined || inName === undefined) return inFile ?? inName;
  const apartMs = Math.floor(inName / 1000) * 1000 - inFile;
  return apartMs % HOUR_MS === 0 ? inName - apartMs : inFile;
}

function firstName(...names: readonly (string | undefined)[]): string {
  return names.find((name) => name !== undefined && name !== '') ?? '';
}
