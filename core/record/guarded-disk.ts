// A disk that counts as full before it is: other programs need room, too.
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { systemDisk, type SegmentDisk, type SegmentHandle } from './segment-disk.ts';

/** What the guard works with. */
export interface GuardedDiskComponents {
  readonly clock: Clock;
  readonly disk?: SegmentDisk;
  /** Free bytes of the file system that holds a folder; statfs by default. */
  readonly freeBytesOf?: (folder: string) => Promise<number>;
}

/** Once the disk was full, this much more has to be free before it is used again. */
const HYSTERESIS = 1.1;
const CHECK_INTERVAL_MS = 5000;
const MAX_FOLDERS = 1000;

interface FolderState {
  checkedMs: number;
  isFull: boolean;
}

/** Refuses writes with ENOSPC while less than `minFreeBytes` are free; looks every five seconds. */
export class GuardedDisk implements SegmentDisk {
  readonly #clock: Clock;
  readonly #disk: SegmentDisk;
  readonly #freeBytesOf: (folder: string) => Promise<number>;
  readonly #minFreeBytes: number;
  readonly #folders = new Map<string, FolderState>();

  constructor(components: GuardedDiskComponents, minFreeBytes: number) {
    this.#clock = components.clock;
    this.#disk = components.disk ?? systemDisk;
    this.#freeBytesOf = components.freeBytesOf ?? freeBytes;
    this.#minFreeBytes = minFreeBytes;
  }

  makeFolder(folder: string): Promise<void> {
    return this.#disk.makeFolder(folder);
  }

  async create(file: string): Promise<SegmentHandle> {
    const folder = dirname(file);
    await this.#check(folder);
    const handle = await this.#disk.create(file);
    return {
      writev: async (chunks, position) => {
        await this.#check(folder);
        return handle.writev(chunks, position);
      },
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      stat: () => handle.stat(),
      close: () => handle.close(),
    };
  }

  remove(file: string): Promise<void> {
    return this.#disk.remove(file);
  }

  async #check(folder: string): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    let state = this.#folders.get(folder);
    if (state === undefined) {
      if (this.#folders.size >= MAX_FOLDERS) this.#folders.clear();
      state = { checkedMs: Number.NEGATIVE_INFINITY, isFull: false };
      this.#folders.set(folder, state);
    }
    if (nowMs - state.checkedMs >= CHECK_INTERVAL_MS) {
      state.checkedMs = nowMs;
      const free = await this.#freeBytesOf(folder);
      state.isFull = free < this.#minFreeBytes * (state.isFull ? HYSTERESIS : 1);
    }
    if (!state.isFull) return;
    // The code that a file system gives: whoever writes has one way to deal with both.
    throw Object.assign(new Error(`less than ${this.#minFreeBytes} bytes are free`), {
      code: 'ENOSPC',
    });
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
