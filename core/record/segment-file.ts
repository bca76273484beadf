// One growing file: takes writes at once, does them one after the other, and survives a full disk.
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { MuxWrite } from '../mux/container-writer.ts';
import type { SegmentDisk, SegmentHandle } from './segment-disk.ts';

/** What a file works with. */
export interface SegmentFileComponents {
  readonly disk: SegmentDisk;
  readonly clock: Clock;
}

/** Settings of a file. */
export interface SegmentFileOptions {
  /** Absolute name; `attempt` counts from 0 while files of that name exist. */
  readonly nameFor: (attempt: number) => string;
  /** Longest time that written bytes stay in the memory of the system only. */
  readonly syncIntervalMs: number;
  /** The file exists from now on. */
  readonly onOpened: (file: string) => void;
  /** More than the head is in the file. */
  readonly onContent: () => void;
  /** Called once, after the file was cut behind the last complete write and closed. */
  readonly onFailed: (failure: MediaError) => void;
}

const MAX_NAME_ATTEMPTS = 100;

/** One step of the work; all that is given is done in this order. */
interface QueueEntry {
  /** What was written before has to be on the disk first. */
  readonly isSync?: boolean;
  readonly write?: MuxWrite;
  /** Media time that is in the file then. */
  readonly endMs?: number;
}

/**
 * Opens the file with the first write; nobody waits for it. After a failure (disk full, folder
 * removed) the torn write is cut off, so that what is there plays. A file that never got more than
 * its head is removed.
 */
export class SegmentFile implements AsyncDisposable {
  readonly #disk: SegmentDisk;
  readonly #clock: Clock;
  readonly #options: SegmentFileOptions;
  #queue: QueueEntry[] = [];
  #queueBytes = 0;
  #name: string | undefined;
  #handle: SegmentHandle | undefined;
  #sizeBytes = 0;
  #endMs = 0;
  #headBytes = 0;
  #hasContent = false;
  #syncedMs: number;
  #isClosing = false;
  #failure: MediaError | undefined;
  #running: Promise<void> | undefined;

  constructor(components: SegmentFileComponents, options: SegmentFileOptions) {
    this.#disk = components.disk;
    this.#clock = components.clock;
    this.#options = options;
    this.#syncedMs = components.clock.monotonicMs();
  }

  /** Absolute name; undefined before it was opened. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Bytes that wait for the disk. */
  get queueBytes(): number {
    return this.#queueBytes;
  }

  /** Bytes that are in the file; 0 once it was removed. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Media time that is in the file. */
  get endMs(): number {
    return this.#endMs;
  }

  get failure(): MediaError | undefined {
    return this.#failure;
  }

  /** Takes what stands before the first sample. */
  appendHead(writes: readonly MuxWrite[]): void {
    for (const { position, chunks } of writes) {
      this.#headBytes = Math.max(this.#headBytes, position + lengthOf(chunks));
    }
    this.append(writes);
  }

  /**
   * Takes writes; they are done in this order. The bytes must not change any more. With the last
   * one the file holds `endMs` of media.
   */
  append(writes: readonly MuxWrite[], endMs?: number): void {
    for (const write of writes) this.#push({ write });
    if (writes.length > 0 && endMs !== undefined) this.#push({ endMs });
  }

  /** As `append`; the last write is done when the others are safe, since it makes them count. */
  appendClosing(writes: readonly MuxWrite[]): void {
    this.append(writes.slice(0, -1));
    if (writes.length > 1) this.#push({ isSync: true });
    this.append(writes.slice(-1));
  }

  /** Resolves when everything is on the disk and the file is closed, or has failed. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
    const handle = this.#handle;
    if (!handle) return;
    this.#handle = undefined;
    try {
      await handle.datasync();
      await handle.close();
      await this.#removeWithoutContent();
    } catch (thrown) {
      await this.#fail(thrown, handle);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Works until the queue is empty; never rejects. */
  async #run(): Promise<void> {
    try {
      this.#handle ??= await this.#open();
      // Checked again after the wait, and in one turn with the end of the run.
      while (this.#queue.length > 0) await this.#drain(this.#handle);
    } catch (thrown) {
      const handle = this.#handle;
      this.#handle = undefined;
      await this.#fail(thrown, handle);
    }
    this.#running = undefined;
  }

  #push(entry: QueueEntry): void {
    if (this.#failure || this.#isClosing) return;
    this.#queue.push(entry);
    if (entry.write) this.#queueBytes += lengthOf(entry.write.chunks);
    this.#running ??= this.#run();
  }

  async #drain(handle: SegmentHandle): Promise<void> {
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      if (entry.isSync === true) await handle.datasync();
      if (entry.write) await this.#write(handle, entry.write);
      this.#endMs = entry.endMs ?? this.#endMs;
    }
  }

  async #write(handle: SegmentHandle, write: MuxWrite): Promise<void> {
    const length = lengthOf(write.chunks);
    await writeAll(handle, write);
    this.#queueBytes -= length;
    this.#sizeBytes = Math.max(this.#sizeBytes, write.position + length);
    if (!this.#hasContent && this.#sizeBytes > this.#headBytes) {
      this.#hasContent = true;
      this.#options.onContent();
    }
    await this.#syncWhenDue(handle);
  }

  async #open(): Promise<SegmentHandle> {
    for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const name = this.#options.nameFor(attempt);
      await this.#disk.makeFolder(dirname(name));
      try {
        const handle = await this.#disk.create(name);
        this.#name = name;
        this.#options.onOpened(name);
        return handle;
      } catch (thrown) {
        if (codeOf(thrown) !== 'EEXIST') throw thrown;
      }
    }
    const name = this.#options.nameFor(0);
    throw new MediaError(
      'already-exists',
      'recording-exists',
      `${MAX_NAME_ATTEMPTS} files with names like '${name}' exist already`,
    );
  }

  async #syncWhenDue(handle: SegmentHandle): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#syncedMs < this.#options.syncIntervalMs) return;
    this.#syncedMs = nowMs;
    await handle.datasync();
    // A file that was deleted goes on taking bytes, which nobody would ever see.
    const { nlink } = await handle.stat();
    if (nlink > 0) return;
    throw new MediaError(
      'unavailable',
      'recording-file-removed',
      `file '${this.#name ?? ''}' was removed while it was being written`,
    );
  }

  async #fail(thrown: unknown, handle: SegmentHandle | undefined): Promise<void> {
    this.#queue = [];
    this.#queueBytes = 0;
    this.#failure = toDiskError(thrown, this.#name ?? this.#options.nameFor(0));
    if (handle) await this.#cutAndClose(handle);
    this.#options.onFailed(this.#failure);
  }

  /** Best effort: the failure that is reported is the one that came first. */
  async #cutAndClose(handle: SegmentHandle): Promise<void> {
    await handle.truncate(this.#sizeBytes).catch(ignore);
    await handle.close().catch(ignore);
    await this.#removeWithoutContent().catch(ignore);
  }

  async #removeWithoutContent(): Promise<void> {
    if (this.#hasContent || this.#name === undefined) return;
    this.#sizeBytes = 0;
    await this.#disk.remove(this.#name);
  }
}

/** A write may be cut short, by a full disk for example; the rest then fails with the reason. */
async function writeAll(handle: SegmentHandle, write: MuxWrite): Promise<void> {
  let { chunks, position } = write;
  while (chunks.length > 0) {
    const { bytesWritten } = await handle.writev(chunks, position);
    if (bytesWritten === 0 && lengthOf(chunks) > 0) {
      throw new MediaError('unavailable', 'recording-write-failed', 'the disk takes no bytes');
    }
    position += bytesWritten;
    chunks = withoutFirst(chunks, bytesWritten);
  }
}

function withoutFirst(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let rest = count;
  for (const [index, chunk] of chunks.entries()) {
    if (rest < chunk.length) return [chunk.subarray(rest), ...chunks.slice(index + 1)];
    rest -= chunk.length;
  }
  return [];
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return length;
}

function toDiskError(thrown: unknown, name: string): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const code = codeOf(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MediaError(
      'resource-exhausted',
      'disk-full',
      `the disk is full (${code}); '${name}'`,
      {
        cause: thrown,
      },
    );
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new MediaError('unavailable', 'recording-write-failed', `${why}; '${name}'`, {
    cause: thrown,
  });
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function ignore(): void {
  // The failure that led here is reported already.
}
