// The export back end that works here: cuts and joins MP4 and MPEG-TS with the ffmpeg of this machine.
import type { Clock } from '../../core/base/clock.ts';
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
import { runMp4Worker } from './run-mp4-worker.ts';
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

const DEFAULTS: Required<Mp4ExportOptions> = {
  niceness: 10,
  processTimeoutMs: 4 * 3_600_000,
  minFreeBytes: 512 * 2 ** 20,
};

/**
 * Copies what can be copied, and encodes anew pictures between a cut and the next key frame, and
 * pieces that differ from the first one (see common-format.ts). Cuts are exact to one picture. Each
 * job has a thread of its own.
 */
export class Mp4Export implements ExportBackend {
  readonly name = 'ffmpeg';
  readonly #clock: Clock;
  readonly #ffmpeg: FfmpegProvider;
  readonly #bounds: Required<Mp4ExportOptions>;
  readonly #runs: FfmpegRuns;

  constructor(components: Mp4ExportComponents, options: Mp4ExportOptions = {}) {
    this.#clock = components.clock;
    this.#ffmpeg = components.ffmpeg;
    this.#bounds = { ...DEFAULTS, ...options };
    const { niceness, processTimeoutMs: timeoutMs } = this.#bounds;
    this.#runs = new FfmpegRuns(components, { niceness, timeoutMs });
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
    const program = await this.#ffmpeg.get();
    return runMp4Worker(this.#clock, { ...this.#bounds, work, program }, watch);
  }
}
