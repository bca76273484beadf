// Takes pictures of paths at fixed intervals and keeps them.
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type {
  PeriodicChange,
  PeriodicSetting,
  SnapshotConfigStore,
} from './snapshot-config-store.ts';
import type { SnapshotRequest } from './snapshot-service.ts';

/** What the pictures are made with. */
export interface PeriodicSnapshotsComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly configs: Pick<SnapshotConfigStore, 'load' | 'all' | 'get' | 'change'>;
  readonly streams: {
    isOnline(pathName: string): boolean;
    /** @throws MediaError `path-not-found`. */
    assertConfigured(pathName: string): void;
  };
  readonly snapshots: { save(request: SnapshotRequest, signal: AbortSignal): Promise<unknown> };
}

interface Series {
  readonly timer: Timer;
  readonly abort: AbortController;
  isTaking: boolean;
  hasFailed: boolean;
}

/** Skips a picture while the path has no stream, and while the one before is still being made. */
export class PeriodicSnapshots implements AsyncDisposable {
  readonly #components: PeriodicSnapshotsComponents;
  readonly #series = new Map<string, Series>();
  readonly #taking = new Set<Promise<void>>();
  #isClosed = false;

  constructor(components: PeriodicSnapshotsComponents) {
    this.#components = components;
  }

  /** Begins with what the files say. */
  async start(): Promise<void> {
    const { configs } = this.#components;
    await configs.load();
    for (const [pathName, setting] of configs.all) this.#restart(pathName, setting);
  }

  readSetting(pathName: string): PeriodicSetting {
    this.#components.streams.assertConfigured(pathName);
    return this.#components.configs.get(pathName);
  }

  /**
   * Changes what is given; resolves to the whole setting. Takes effect at once and after a restart.
   * @throws MediaError `path-not-found`, `value-out-of-range`, `too-many-snapshot-configs`, `disk-full`.
   */
  async writeSetting(pathName: string, change: PeriodicChange): Promise<PeriodicSetting> {
    this.#components.streams.assertConfigured(pathName);
    const setting = await this.#components.configs.change(pathName, change);
    this.#restart(pathName, setting);
    return setting;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pathName of [...this.#series.keys()]) this.#stop(pathName);
    await Promise.all(this.#taking);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #restart(pathName: string, setting: PeriodicSetting): void {
    this.#stop(pathName);
    if (!setting.enabled || this.#isClosed) return;
    const { clock } = this.#components;
    const intervalMs = setting.intervalSeconds * 1000;
    const due = (): void => this.#due(pathName, setting.quality);
    // Fifty paths of the same interval do not want their pictures in the same moment.
    let timer: Timer = clock.after(intervalMs * shareOf(pathName), () => {
      timer = clock.every(intervalMs, due);
      due();
    });
    this.#series.set(pathName, {
      timer: { cancel: () => timer.cancel() },
      abort: new AbortController(),
      isTaking: false,
      hasFailed: false,
    });
  }

  #stop(pathName: string): void {
    const series = this.#series.get(pathName);
    this.#series.delete(pathName);
    series?.timer.cancel();
    series?.abort.abort(new MediaError('canceled', 'snapshots-stopped', 'no longer wanted'));
  }

  #due(pathName: string, quality: number): void {
    const series = this.#series.get(pathName);
    if (!series || series.isTaking || !this.#components.streams.isOnline(pathName)) return;
    series.isTaking = true;
    const taking = this.#take(pathName, quality, series).finally(() => {
      series.isTaking = false;
      this.#taking.delete(taking);
    });
    this.#taking.add(taking);
  }

  async #take(pathName: string, quality: number, series: Series): Promise<void> {
    const { snapshots, logger } = this.#components;
    try {
      await snapshots.save({ name: pathName, quality, thumbnailSize: 0 }, series.abort.signal);
      series.hasFailed = false;
    } catch (thrown) {
      if (series.abort.signal.aborted) return;
      const text = `periodic picture of path '${pathName}': ${toMediaError(thrown).message}`;
      if (series.hasFailed) logger.debug(text);
      else logger.warn(text);
      series.hasFailed = true;
    }
  }
}

/** 0..1, the same for a path each time. */
function shareOf(pathName: string): number {
  return createHash('sha256').update(pathName).digest().readUInt32BE(0) / 2 ** 32;
}
