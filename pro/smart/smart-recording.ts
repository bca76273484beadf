// Records capture devices by themselves: when the picture has had color for some checks in a row.
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { ProEvent, RecordEndReason } from '../events/pro-event.ts';
import type { GrabbedFrame, GrabOptions } from '../snapshot/key-frame-grabber.ts';
import type { Picture } from '../snapshot/key-frame-decoder.ts';
import type { PictureSize } from '../snapshot/key-frame.ts';
import { WatchedPath, type ScoredCheck, type SmartFacts, type SmartPath } from './watched-path.ts';

/** Whether a capture device sees something at its input. */
export interface DeviceAvailability {
  /** Resolves to undefined when it does, else to the reason. Rejects when it can't be asked. */
  whyUnavailable(pathName: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Starts and stops recordings that nobody asked for. */
export interface AutomaticRecorder {
  startAutomatic(pathName: string): Promise<unknown>;
  stopAutomatic(pathName: string, reason: RecordEndReason): Promise<unknown>;
}

/** Pictures of live streams; PictureSource is one. */
export interface LivePictures {
  grab(pathName: string, options: GrabOptions): Promise<GrabbedFrame>;
  decode(
    frame: GrabbedFrame,
    options: {
      readonly pathName: string;
      readonly scaledTo: PictureSize;
      readonly signal: AbortSignal;
    },
  ): Promise<Picture>;
}

/** What smart recording works with. */
export interface SmartRecordingComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: {
    subscribe(subscriber: (event: ProEvent) => void): () => void;
    publish(event: ProEvent): void;
  };
  readonly streams: { isOnline(pathName: string): boolean };
  readonly device: DeviceAvailability;
  readonly pictures: LivePictures;
  readonly recorder: AutomaticRecorder;
}

/** Settings; every one has a default. */
export interface SmartRecordingOptions {
  /** Between two checks of a path; 5 s by default. */
  readonly intervalMs?: number;
  /** Checks in a row whose scores are added up; 3 by default. */
  readonly checks?: number;
  /** Scores kept per path; 120 by default. */
  readonly historyScores?: number;
  /** A check that takes longer has failed; 20 s by default. */
  readonly checkTimeoutMs?: number;
}

interface Watch {
  readonly state: WatchedPath;
  timer: Timer;
  /** The check that runs. */
  check: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
}

const SMALL: PictureSize = { widthPixels: 100, heightPixels: 100 };
/** Cameras that save bits send key frames rarely, and can't be asked for one. */
const KEY_FRAME_WAIT_MS = 15_000;
const MAX_KEY_FRAME_AGE_MS = 30_000;

/** Watches the paths it is told to; the checks of different paths are spread over the interval. */
export class SmartRecording implements AsyncDisposable {
  readonly #components: SmartRecordingComponents;
  readonly #options: Required<SmartRecordingOptions>;
  readonly #watches = new Map<string, Watch>();
  #unsubscribe: (() => void) | undefined;
  #hasWarned = false;

  constructor(components: SmartRecordingComponents, options: SmartRecordingOptions = {}) {
    this.#components = components;
    this.#options = {
      intervalMs: 5000,
      checks: 3,
      historyScores: 120,
      checkTimeoutMs: 20_000,
      ...options,
    };
  }

  /** Begins to listen; paths are given by `setPaths`. */
  start(): void {
    this.#unsubscribe ??= this.#components.events.subscribe((event) => this.#onEvent(event));
  }

  /** Paths to watch from now on; those that stay go on as they are, with their new settings. */
  setPaths(paths: readonly SmartPath[]): void {
    const names = new Set(paths.map(({ name }) => name));
    for (const name of [...this.#watches.keys()]) if (!names.has(name)) this.#forget(name);
    for (const path of paths) {
      const known = this.#watches.get(path.name);
      if (known) known.state.path = path;
      else this.#watch(path);
    }
  }

  /** State of every watched path, by name. */
  scores(): readonly SmartFacts[] {
    return [...this.#watches.values()]
      .map(({ state }) => state.facts)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Checks of a path that gave a score, oldest first; undefined when it isn't watched. */
  historyOf(pathName: string): readonly ScoredCheck[] | undefined {
    return this.#watches.get(pathName)?.state.history;
  }

  /** Ends the checks; recordings go on, they are their owner's. Idempotent. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    const running = [...this.#watches.values()].flatMap(({ check }) => check?.done ?? []);
    for (const name of [...this.#watches.keys()]) this.#forget(name);
    await Promise.all(running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #watch(path: SmartPath): void {
    const { clock } = this.#components;
    const { intervalMs } = this.#options;
    const { checks, historyScores } = this.#options;
    const watch: Watch = {
      state: new WatchedPath(path, { checks, historyScores }),
      check: undefined,
      timer: clock.after(intervalMs * shareOf(path.name), () => {
        watch.timer = clock.every(intervalMs, () => this.#due(watch));
        this.#due(watch);
      }),
    };
    this.#watches.set(path.name, watch);
  }

  #forget(name: string): void {
    const watch = this.#watches.get(name);
    this.#watches.delete(name);
    watch?.timer.cancel();
    watch?.check?.abort.abort(canceled('the path is no longer watched'));
  }

  #due(watch: Watch): void {
    if (watch.check || !watch.state.isArmed) return;
    const abort = new AbortController();
    const timeout = this.#components.clock.after(this.#options.checkTimeoutMs, () =>
      abort.abort(canceled('the check took too long')),
    );
    const done = this.#check(watch, abort.signal).finally(() => {
      timeout.cancel();
      watch.check = undefined;
    });
    watch.check = { abort, done };
  }

  async #check({ state }: Watch, signal: AbortSignal): Promise<void> {
    const { name } = state.path;
    const { clock, streams, device } = this.#components;
    const { beginnings } = state;
    try {
      if (!streams.isOnline(name)) {
        if (state.isRecording) this.#stop(state, 'streamLost', 'the stream was lost');
        throw failedCheck('no stream');
      }
      const reason = await device.whyUnavailable(name, signal);
      if (reason !== undefined) throw failedCheck(reason);
      const note = await this.#look(state, signal);
      if (!this.#isWatched(state)) return;
      // Lost meanwhile, and maybe back: what was seen before does not count.
      if (state.beginnings !== beginnings) throw failedCheck(state.facts.reason);
      this.#publish(state, note());
      const { sum, threshold } = state.facts;
      if (state.wantsRecording) await this.#record(state, `color ${sum} is above ${threshold}`);
    } catch (thrown) {
      if (!this.#isWatched(state)) return;
      const failure = signal.aborted ? toMediaError(signal.reason) : toMediaError(thrown);
      state.noteFailure(failure.message, clock.nowMs());
      if (failure.code === 'ffmpeg-missing') await this.#recordWithoutChecks(state, failure);
    }
  }

  /** Decodes the newest key frame, unless it is the one of the check before; returns what judges it. */
  async #look(state: WatchedPath, signal: AbortSignal): Promise<() => ScoredCheck> {
    const { clock, pictures } = this.#components;
    const pathName = state.path.name;
    const frame = await pictures.grab(pathName, {
      maxAgeMs: MAX_KEY_FRAME_AGE_MS,
      waitMs: KEY_FRAME_WAIT_MS,
      acceptsOld: false,
      signal,
    });
    if (state.knows(frame.id)) return () => state.noteSameFrame(clock.nowMs());
    const picture = await pictures.decode(frame, { pathName, scaledTo: SMALL, signal });
    return () => state.notePicture(frame.id, picture, clock.nowMs());
  }

  #publish(state: WatchedPath, { score, sum }: ScoredCheck): void {
    const { name, threshold } = state.path;
    const { isRecording } = state;
    this.#components.events.publish({
      type: 'smartScore',
      ...{ name, score, sum, threshold, isRecording },
    });
  }

  async #record(state: WatchedPath, why: string): Promise<void> {
    const { recorder, streams, logger } = this.#components;
    const { name } = state.path;
    try {
      await recorder.startAutomatic(name);
      state.noteRecording();
      logger.info(`path '${name}': recording starts, ${why}`);
    } catch (thrown) {
      const { message } = toMediaError(thrown);
      logger.warn(`path '${name}': the recording could not start: ${message}`);
      state.noteStopped(`the recording could not start: ${message}`);
      return;
    }
    // What happened while it started.
    if (!streams.isOnline(name)) this.#stop(state, 'streamLost', 'the stream was lost');
    else if (!state.isArmed) this.#stop(state, 'noSignal', 'the device is not ready');
  }

  /** Better too much recorded than nothing. */
  async #recordWithoutChecks(state: WatchedPath, failure: MediaError): Promise<void> {
    if (!this.#hasWarned) {
      const text = 'smart recording can not see: paths are recorded whenever they have a stream';
      this.#components.logger.warn(`${text}: ${failure.message}`);
    }
    this.#hasWarned = true;
    if (!state.isRecording && state.isArmed && !state.isLeftAlone) {
      await this.#record(state, 'unseen');
    }
  }

  #onEvent(event: ProEvent): void {
    if (!('name' in event)) return;
    const state = this.#watches.get(event.name)?.state;
    if (!state) return;
    switch (event.type) {
      case 'streamOffline':
        state.isLeftAlone = false;
        this.#stop(state, 'streamLost', 'the stream was lost');
        break;
      case 'pathNotReady':
        state.isArmed = false;
        state.isLeftAlone = false;
        this.#stop(state, 'noSignal', `the device is not ready: ${event.reason}`);
        break;
      case 'pathReady':
        state.isArmed = true;
        break;
      case 'recordStarted':
        if (event.isAutomatic) state.noteRecording(event.id);
        break;
      case 'recordStopped':
        if (!state.isRecording || state.goesOnAfter(event.id)) break;
        if (event.reason === 'stopped') state.isLeftAlone = true;
        state.noteStopped(`the recording ended: ${event.reason}`);
        break;
      default:
    }
  }

  /** The recorder may have seen it too and be done already. */
  #stop(state: WatchedPath, reason: RecordEndReason, text: string): void {
    const { recorder, logger } = this.#components;
    const { name } = state.path;
    const wasRecording = state.isRecording;
    state.noteStopped(text);
    if (!wasRecording) return;
    recorder.stopAutomatic(name, reason).catch((thrown: unknown) => {
      logger.warn(`path '${name}': ${toMediaError(thrown).message}`);
    });
  }

  #isWatched(state: WatchedPath): boolean {
    return this.#watches.get(state.path.name)?.state === state;
  }
}

function failedCheck(reason: string): MediaError {
  return new MediaError('unavailable', 'smart-check-failed', reason);
}

function canceled(reason: string): MediaError {
  return new MediaError('canceled', 'smart-check-canceled', reason);
}

/** 0..1, the same for a path each time. */
function shareOf(pathName: string): number {
  return createHash('sha256').update(pathName).digest().readUInt32BE(0) / 2 ** 32;
}
