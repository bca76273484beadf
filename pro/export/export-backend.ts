// What does the work of an export: the ffmpeg of this machine, or a codec service somewhere else.
import type { VideoMark } from './export-request.ts';

/** One piece with its file found and its range checked. */
export interface ExportPart {
  readonly id: string;
  /** Absolute name, checked by the library. */
  readonly fullPath: string;
  /** Seconds from the beginning of the file; absent for the whole file. */
  readonly range: { readonly startS: number; readonly endS: number } | undefined;
  readonly marks: readonly VideoMark[];
}

/** One job for a back end. */
export interface ExportWork {
  /** UUID of the job. */
  readonly id: string;
  readonly parts: readonly ExportPart[];
  /** Empty folder of the job; whatever stands in it is removed afterwards. */
  readonly folder: string;
  readonly maxOutputBytes: number;
}

/** How to follow and to end the work. */
export interface ExportWatch {
  readonly signal: AbortSignal;
  /** 0..1, never less than before. */
  readonly onProgress: (progress: number) => void;
}

/** A finished MP4 in the folder of the job. */
export interface ExportOutput {
  /** Absolute name. */
  readonly file: string;
  /** Undefined when the back end doesn't know. */
  readonly durationS: number | undefined;
}

/** What is known about a file before it is exported. */
export interface ExportInputInfo {
  /** Undefined when the back end can't tell; then it checks ranges by itself. */
  readonly durationS: number | undefined;
}

/** Does exports one by one; the queue decides when. */
export interface ExportBackend {
  /** `ffmpeg` or `rvideo`. */
  readonly name: string;
  /** @throws MediaError `unavailable` when no export can work now. */
  check(): Promise<void>;
  /** @throws MediaError `unsupported` when the file is no recording. */
  inspect(fullPath: string, signal: AbortSignal): Promise<ExportInputInfo>;
  /** @throws MediaError; after the signal the failure doesn't matter, but nothing may go on. */
  run(work: ExportWork, watch: ExportWatch): Promise<ExportOutput>;
}
