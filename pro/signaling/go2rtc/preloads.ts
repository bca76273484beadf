// Streams that are kept running though nobody watches, so that the first viewer need not wait.
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { ReadLease } from '../../../core/path/path.ts';
import type { StreamTarget } from './stream-directory.ts';

/** What preloading works with. */
export interface PreloadsComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: Pick<PathManager, 'grant' | 'waitForStream' | 'read'>;
}

interface Preload {
  readonly id: string;
  readonly query: string;
  readonly abort: AbortController;
  lease: ReadLease | undefined;
  timer: Timer | undefined;
}

const RETRY_MS = 10_000;
const MAX_PRELOADS = 1000;

/** By stream name. A stream that ends is asked for again until its preload is taken away. */
export class Preloads {
  readonly #components: PreloadsComponents;
  readonly #preloads = new Map<string, Preload>();

  constructor(components: PreloadsComponents) {
    this.#components = components;
  }

  /** As go2rtc prints them. */
  list(): Readonly<Record<string, unknown>> {
    const entries = [...this.#preloads].map(
      ([name, { id, query }]) =>
        [name, { consumer: { id, format_name: 'preload' }, query }] as const,
    );
    return Object.fromEntries(entries);
  }

  /** Resolves when the stream is there. @throws MediaError as PathManager.waitForStream() and read(). */
  async add(target: StreamTarget, query: string, signal: AbortSignal): Promise<void> {
    if (!this.#preloads.has(target.name) && this.#preloads.size >= MAX_PRELOADS) {
      const message = `${MAX_PRELOADS} streams are preloaded already`;
      throw new MediaError('resource-exhausted', 'go2rtc-preloads-full', message);
    }
    const abort = new AbortController();
    const lease = await this.#read(target, AbortSignal.any([abort.signal, signal]));
    const { id } = lease;
    this.#end(target.name);
    const preload: Preload = { id, query, abort, lease: lease.lease, timer: undefined };
    this.#preloads.set(target.name, preload);
    this.#watch(target, preload);
  }

  /** @throws MediaError `go2rtc-preload-not-found`. */
  remove(name: string): void {
    if (this.#end(name)) return;
    throw new MediaError('not-found', 'go2rtc-preload-not-found', 'streams: preload not found');
  }

  /** As remove(), also when there is none: its stream was taken away. */
  forget(name: string): void {
    this.#end(name);
  }

  /** Idempotent. */
  close(): void {
    for (const name of [...this.#preloads.keys()]) this.#end(name);
  }

  async #read(
    { pathName }: StreamTarget,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly lease: ReadLease }> {
    const { paths } = this.#components;
    const grant = paths.grant(pathName, { user: '' });
    await paths.waitForStream(grant, signal);
    const id = randomUUID();
    return { id, lease: paths.read(grant, { id, type: 'preload' }) };
  }

  /** Streams end when their path or its publisher goes. */
  #watch(target: StreamTarget, preload: Preload): void {
    const { clock, logger } = this.#components;
    preload.timer = clock.every(RETRY_MS, () => {
      if (preload.lease?.stream.closedReason === undefined && preload.lease) return;
      preload.lease?.close();
      preload.lease = undefined;
      this.#read(target, preload.abort.signal).then(
        ({ lease }) => {
          if (preload.abort.signal.aborted || preload.lease) lease.close();
          else preload.lease = lease;
        },
        (thrown: unknown) => {
          logger.debug(`preload of ${target.name}: ${toMediaError(thrown).message}`);
        },
      );
    });
  }

  #end(name: string): boolean {
    const preload = this.#preloads.get(name);
    if (!preload) return false;
    this.#preloads.delete(name);
    preload.timer?.cancel();
    preload.abort.abort(new MediaError('canceled', 'go2rtc-preload-ended', 'not wanted any more'));
    preload.lease?.close();
    return true;
  }
}
