// The slate of one path over time: read once, played again and again, tried again when it fails.
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { StreamWriter } from '../stream/stream-writer.ts';
import type { Slate } from './slate.ts';

/** What it works with. */
export interface PathSlateComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly slate: Slate;
}

/** Whom it tells. */
export interface PathSlateOptions {
  /** It may be shown: its tracks are known, or it failed some time ago. */
  readonly onReady: () => void;
  /** The writer was closed. */
  readonly onFailed: () => void;
}

const RETRY_MS = 5000;

/** Shown or hidden by the stream of the path. */
export class PathSlate {
  readonly #components: PathSlateComponents;
  readonly #options: PathSlateOptions;
  readonly #abort = new AbortController();
  #tracks: readonly TrackDescription[] | undefined;
  #playing: { readonly writer: StreamWriter; readonly abort: AbortController } | undefined;

  constructor(components: PathSlateComponents, options: PathSlateOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Undefined until they were read. */
  get tracks(): readonly TrackDescription[] | undefined {
    return this.#tracks;
  }

  get isShown(): boolean {
    return this.#playing !== undefined;
  }

  /** Reads the tracks; call it once. */
  start(): void {
    void this.#repeat(async () => {
      this.#tracks = await this.#components.slate.describe();
    });
  }

  /** Plays into `writer`, which it closes. */
  show(writer: StreamWriter): void {
    this.hide();
    const abort = new AbortController();
    const playing = { writer, abort };
    this.#playing = playing;
    this.#components.slate.play(writer, abort.signal).catch((thrown: unknown) => {
      if (this.#playing !== playing) return;
      this.hide();
      this.#warn(thrown);
      this.#options.onFailed();
      void this.#repeat(() => delay(this.#components.clock, RETRY_MS, this.#abort.signal));
    });
  }

  /** Makes room for a source. Idempotent. */
  hide(): void {
    const playing = this.#playing;
    this.#playing = undefined;
    playing?.writer.close();
    playing?.abort.abort();
  }

  /** Idempotent. */
  close(): void {
    this.#abort.abort();
    this.hide();
  }

  /** Does `action` until it succeeds once, then tells that the slate is ready. */
  async #repeat(action: () => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    for (;;) {
      try {
        await action();
        if (!isAborted(signal)) this.#options.onReady();
        return;
      } catch (thrown) {
        if (isAborted(signal)) return;
        this.#warn(thrown);
      }
      await delay(this.#components.clock, RETRY_MS, signal).catch(() => undefined);
      if (isAborted(signal)) return;
    }
  }

  #warn(thrown: unknown): void {
    const { message } = toMediaError(thrown);
    this.#components.logger.error(`alwaysAvailable: there is nothing to show: ${message}`);
  }
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
