// The export back end that works here: cuts and joins MP4 and MPEG-TS with the ffmpeg of this machine.
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import type {
  ExportBackend,
  ExportInputInfo,
  ExportOutput,
  ExportWatch,
  ExportWork,
} from './export-backend.ts';
import { FfmpegRuns } from './ffmpeg-runs.ts';
import { probeMedia } from './media-file.ts';
import { Mp4Job } from './mp4-job.ts';
import { sniffContainer } from './sniff-container.ts';

/** What it works with. */
export interface Mp4ExportComponents {
  readonly clock: Clock;
  readonly ffmpeg: FfmpegProvider;
}

/** Bounds; all have defaults. */
export interface Mp4ExportOptions {
  /** -20..19 as in nice(1); 10 by default. */
  readonly niceness?: number;
  /** For a single process; 4 hours by default, the queue bounds jobs more tightly. */
  readonly processTimeoutMs?: number;
  /** Disk space that stays free; 512 MiB by default. */
  readonly minFreeBytes?: number;
}

const NICENESS = 10;
const PROCESS_TIMEOUT_MS = 4 * 3_600_000;
const MIN_FREE_BYTES = 512 * 1024 * 1024;

/**
 * Copies what can be copied, and encodes anew pictures between a cut and the next key frame, and
 * pieces that differ from the first one (see common-format.ts). Cuts are exact to one picture.
 */
export class Mp4Export implements ExportBackend {
  readonly name = 'ffmpeg';
  readonly #runs: FfmpegRuns;
  readonly #minFreeBytes: number;

  constructor(components: Mp4ExportComponents, options: Mp4ExportOptions = {}) {
    this.#runs = new FfmpegRuns(components, {
      niceness: options.niceness ?? NICENESS,
      timeoutMs: options.processTimeoutMs ?? PROCESS_TIMEOUT_MS,
    });
    this.#minFreeBytes = options.minFreeBytes ?? MIN_FREE_BYTES;
  }

  check(): Promise<void> {
    return this.#runs.check();
  }

  async inspect(fullPath: string, signal: AbortSignal): Promise<ExportInputInfo> {
    const container = await sniffContainer(fullPath);
    const { durationS } = await probeMedia(this.#runs, { fullPath, container }, signal);
    return { durationS };
  }

  async run(work: ExportWork, watch: ExportWatch): Promise<ExportOutput> {
    const options = { minFreeBytes: this.#minFreeBytes };
    try {
      return await new Mp4Job({ runs: this.#runs }, options, { work, watch }).run();
    } catch (thrown) {
      throw explain(thrown);
    }
  }
}

/** Files that can't be decoded and disks that fail are no bugs of the server. */
function explain(thrown: unknown): unknown {
  if (thrown instanceof MediaError) {
    if (thrown.code !== 'ffmpeg-failed') return thrown;
    const text = `export: ${thrown.message}`;
    return new MediaError('unsupported', 'export-undecodable', text, { cause: thrown });
  }
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return thrown;
  const text = `export: ${thrown.message}`;
  return new MediaError('unavailable', 'export-disk-failed', text, { cause: thrown });
}
