// Dry run: what smart recording would have done with a recorded file.
import type { Clock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { FfmpegProcess } from '../ffmpeg/ffmpeg-process.ts';
import type { FfmpegProgram, FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import { NutFrameReader, type NutFrame } from '../snapshot/nut-frame-reader.ts';
import { scoreColor, type ColorRule } from './color-score.ts';
import { ScoreWindow } from './score-window.ts';

/** What is watched, and how. */
export interface SmartReplayRequest {
  /** Absolute path that the caller has checked. */
  readonly filePath: string;
  readonly threshold: number;
  readonly rule: ColorRule;
  /** Between two checks; 5 s by default. */
  readonly intervalMs?: number;
  /** Checks in a row whose scores are added up; 3 by default. */
  readonly checks?: number;
  /** Length of an automatic recording, after which checks begin anew; no end by default. */
  readonly recordingMs?: number;
  readonly signal?: AbortSignal;
  /** 0..1, or undefined while the length of the file is not known. */
  readonly onProgress?: (progress: number | undefined) => void;
}

/** One check. */
export interface ReplayScore {
  /** From the beginning of the file. */
  readonly atMs: number;
  readonly score: number;
  readonly sum: number;
}

/** What would have happened. */
export interface SmartReplayResult {
  readonly durationMs: number;
  readonly scores: readonly ReplayScore[];
  readonly recordings: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** What replays work with. */
export interface SmartReplayComponents {
  readonly clock: Clock;
  readonly ffmpeg: FfmpegProvider;
}

/** Bounds; every one has a default. */
export interface SmartReplayOptions {
  /** Longest run; 10 min by default. */
  readonly timeoutMs?: number;
  /** At the same time; 1 by default. */
  readonly maxRuns?: number;
  /** 20000 by default: more than a day of checks each 5 s. */
  readonly maxChecks?: number;
}

const WIDTH = 100;
const HEIGHT = 100;
const FRAME_BYTES = WIDTH * HEIGHT * 3;
const PROBE_TIMEOUT_MS = 15_000;
const DEFAULT_INTERVAL_MS = 5000;
const NICENESS = 10;
/** Containers of recordings; a playlist that names other files is none. */
const FORMATS = 'mov,mp4,m4a,3gp,3g2,mj2,mpegts,matroska,webm';

/** Reads key frames only: a recording of an hour takes seconds. */
export class SmartReplay {
  readonly #components: SmartReplayComponents;
  readonly #options: Required<SmartReplayOptions>;
  #runs = 0;

  constructor(components: SmartReplayComponents, options: SmartReplayOptions = {}) {
    this.#components = components;
    this.#options = { timeoutMs: 600_000, maxRuns: 1, maxChecks: 20_000, ...options };
  }

  /**
   * @throws MediaError `resource-exhausted` `replay-busy` or `recording-too-long`, `unavailable`
   * `ffmpeg-missing`, `failed-precondition` `recording-unreadable`, `canceled`, `deadline-exceeded`.
   */
  async run(request: SmartReplayRequest): Promise<SmartReplayResult> {
    if (this.#runs >= this.#options.maxRuns) {
      throw new MediaError('resource-exhausted', 'replay-busy', 'another dry run is going on');
    }
    this.#runs++;
    try {
      const program = await this.#components.ffmpeg.get();
      const lengthMs = await this.#probeLength(program, request);
      const timeline = new ReplayTimeline(request, this.#options.maxChecks);
      await this.#decode(program, request, (frame) => {
        timeline.add(frame);
        request.onProgress?.(lengthMs && Math.min(1, frame.timeMs / lengthMs));
      });
      return timeline.finish(lengthMs);
    } finally {
      this.#runs--;
    }
  }

  async #decode(
    program: FfmpegProgram,
    request: SmartReplayRequest,
    onFrame: (frame: NutFrame) => void,
  ): Promise<void> {
    let broken: MediaError | undefined;
    const reader = new NutFrameReader(FRAME_BYTES, onFrame);
    await using process = new FfmpegProcess(this.#components.clock, {
      program: program.path,
      args: replayArguments(request.filePath),
      timeoutMs: this.#options.timeoutMs,
      niceness: NICENESS,
      ...(request.signal ? { signal: request.signal } : {}),
      onOutput: (chunk) => {
        try {
          if (!broken) reader.push(chunk);
        } catch (thrown) {
          broken = toMediaError(thrown);
          void process.close();
        }
      },
    });
    const { failure } = await process.exited;
    if (broken) throw broken;
    if (failure?.code === 'ffmpeg-failed') throw unreadable(failure);
    if (failure) throw failure;
  }

  /** Length in ms; undefined when it can't be told. */
  async #probeLength(
    { probePath }: FfmpegProgram,
    { filePath, signal }: SmartReplayRequest,
  ): Promise<number | undefined> {
    if (probePath === undefined) return undefined;
    const input = inputArguments(filePath);
    try {
      const output = await runFfmpeg(this.#components.clock, {
        program: probePath,
        args: ['-v', 'error', ...input, '-show_entries', 'format=duration', '-of', 'csv=p=0'],
        maxOutputBytes: 1024,
        timeoutMs: PROBE_TIMEOUT_MS,
        ...(signal ? { signal } : {}),
      });
      const seconds = Number(output.toString().trim());
      return seconds > 0 ? seconds * 1000 : undefined;
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      return undefined;
    }
  }
}

function inputArguments(filePath: string): string[] {
  const guards = ['-protocol_whitelist', 'file', '-format_whitelist', FORMATS];
  return [...guards, '-i', `file:${filePath}`];
}

function replayArguments(filePath: string): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-threads', '1'],
    ...['-skip_frame', 'nokey', ...inputArguments(filePath)],
    ...['-map', '0:v:0', '-an', '-sn', '-dn', '-fps_mode', 'passthrough', '-enc_time_base'],
    ...['1:1000', '-vf', `scale=${WIDTH}:${HEIGHT}:flags=area`, '-pix_fmt', 'rgb24'],
    ...['-c:v', 'rawvideo', '-f', 'nut', '-write_index', '0', 'pipe:1'],
  ];
}

/** Checks as they would have been: at each instant the newest key frame counts. */
class ReplayTimeline {
  readonly #request: SmartReplayRequest;
  readonly #maxChecks: number;
  readonly #intervalMs: number;
  readonly #window: ScoreWindow;
  readonly #scores: ReplayScore[] = [];
  readonly #recordings: { fromMs: number; toMs: number }[] = [];
  #newest: NutFrame | undefined;
  #newestScore: number | undefined;
  #startMs: number | undefined;
  #recordingUntilMs = Number.NEGATIVE_INFINITY;

  constructor(request: SmartReplayRequest, maxChecks: number) {
    this.#request = request;
    this.#maxChecks = maxChecks;
    this.#intervalMs = request.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#window = new ScoreWindow(request.checks ?? 3);
  }

  add(frame: NutFrame): void {
    this.#startMs ??= frame.timeMs;
    this.#checkUntil(frame.timeMs - this.#startMs);
    this.#newest = frame;
    this.#newestScore = undefined;
  }

  finish(lengthMs: number | undefined): SmartReplayResult {
    if (!this.#newest) throw unreadable();
    const lastMs = this.#newest.timeMs - (this.#startMs ?? 0);
    const durationMs = Math.round(Math.max(lengthMs ?? 0, lastMs));
    this.#checkUntil(durationMs + 1);
    const recordings = this.#recordings.map(({ fromMs, toMs }) => {
      return { fromMs, toMs: Math.min(toMs, durationMs) };
    });
    return { durationMs, scores: this.#scores, recordings };
  }

  /** All checks before `untilMs`, the first one at the first key frame. */
  #checkUntil(untilMs: number): void {
    const frame = this.#newest;
    if (!frame) return;
    for (
      let atMs = this.#scores.length * this.#intervalMs;
      atMs < untilMs;
      atMs += this.#intervalMs
    ) {
      if (this.#scores.length >= this.#maxChecks) throw tooLong(this.#maxChecks);
      this.#newestScore ??= scoreColor({ rgb: frame.data }, this.#request.rule).score;
      this.#check(atMs, this.#newestScore);
    }
  }

  #check(atMs: number, score: number): void {
    const { threshold, recordingMs = Number.POSITIVE_INFINITY } = this.#request;
    const wasRecording = this.#recordings.length > 0 && this.#recordingUntilMs > atMs - 1;
    if (!wasRecording && this.#recordingUntilMs > atMs - this.#intervalMs - 1) this.#window.clear();
    this.#window.push(score);
    this.#scores.push({ atMs, score, sum: this.#window.sum });
    if (wasRecording || !this.#window.isOver(threshold)) return;
    this.#recordingUntilMs = atMs + recordingMs;
    this.#recordings.push({ fromMs: atMs, toMs: this.#recordingUntilMs });
  }
}

function unreadable(cause?: MediaError): MediaError {
  const why = cause ? `: ${cause.message}` : ': it has no key frames';
  const text = `the recording can't be read${why}`;
  return new MediaError('failed-precondition', 'recording-unreadable', text, { cause });
}

function tooLong(maxChecks: number): MediaError {
  const text = `the recording needs more than ${maxChecks} checks`;
  return new MediaError('resource-exhausted', 'recording-too-long', text);
}
