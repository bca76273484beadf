// What the thread of an export and the rest of the server tell each other.
import type { ErrorKind } from '../../core/base/media-error.ts';
import type { FfmpegProgram } from '../ffmpeg/ffmpeg-program.ts';
import type { ExportOutput, ExportWork } from './export-backend.ts';

/** What the thread begins with. */
export interface Mp4WorkerData {
  readonly work: ExportWork;
  readonly program: FfmpegProgram;
  readonly niceness: number;
  readonly processTimeoutMs: number;
  readonly minFreeBytes: number;
}

/** The only thing it is told: to end its processes and itself. */
export interface Mp4WorkerInput {
  readonly type: 'abort';
}

/** What it tells: progress, then how it ended. */
export type Mp4WorkerOutput =
  | { readonly type: 'progress'; readonly progress: number }
  | { readonly type: 'done'; readonly output: ExportOutput }
  | {
      readonly type: 'failed';
      readonly kind: ErrorKind;
      readonly code: string;
      readonly message: string;
    };
