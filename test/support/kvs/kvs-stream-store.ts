// What one video stream got: connections and fragments, for tests to look at and to write as a file.
import type { IncomingHttpHeaders } from 'node:http';
import { ChangeWaiters } from './change-waiters.ts';
import type { MkvTag } from './mkv-header.ts';
import type { MkvHeader } from './mkv-reader.ts';

/** A frame as the store remembers it. */
export interface KvsFrame {
  readonly trackNumber: number;
  /** As on the wire: Cluster plus block; ms. */
  readonly timecodeMs: number;
  readonly isKey: boolean;
  readonly sizeBytes: number;
}

/** A whole fragment. */
export interface KvsFragment {
  readonly number: string;
  readonly connection: KvsMediaConnection;
  /** Timestamp of the Cluster as on the wire; ms. */
  readonly timecodeMs: number;
  /** The same since 1970, whatever the timecode type; ms. */
  readonly absoluteMs: number;
  readonly frames: readonly KvsFrame[];
  /** Tags that came before its Cluster. */
  readonly tags: readonly MkvTag[];
  readonly tagBytes: Buffer;
  /** The Cluster; empty when the store keeps no bytes. */
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  /** Date ms. */
  readonly receivedAt: number;
  isPersisted: boolean;
}

/** A problem that the sink found. */
export interface KvsMediaError {
  readonly errorId: number;
  readonly code: string;
  readonly detail: string;
}

/** How a connection ended. `aborted`: the socket broke; `ordered`: by an injection. */
export type KvsMediaEnd = 'complete' | 'aborted' | 'error' | 'ordered';

/** One PutMedia request that was accepted. */
export interface KvsMediaConnection {
  readonly index: number;
  readonly headers: IncomingHttpHeaders;
  readonly timecodeType: 'ABSOLUTE' | 'RELATIVE';
  readonly producerStartMs: number;
  /** Date ms. */
  readonly startedAt: number;
  endedAt: number | undefined;
  end: KvsMediaEnd | undefined;
  header: MkvHeader | undefined;
  /** Fragments that were kept, acknowledged or not. */
  fragmentCount: number;
  receivedBytes: number;
  /** How long reading was held back because of 5 fragments or 12.5 MB per second; ms. */
  throttledMs: number;
  readonly errors: KvsMediaError[];
  /** Every acknowledgement in order, as parsed. */
  readonly acks: Readonly<Record<string, unknown>>[];
}

/** A frame's place in a stream's whole time. */
export interface KvsTimelinePoint {
  readonly absoluteMs: number;
  readonly isKey: boolean;
}

const WAIT_MS = 20_000;

/** Grows while the stream is fed. */
export class KvsStreamStore {
  readonly connections: KvsMediaConnection[] = [];
  /** Fragments whose RECEIVED was sent: those a client must not send again. */
  readonly fragments: KvsFragment[] = [];
  /** Whole fragments that the client was never told of: it has to send them again. */
  unacknowledged: KvsFragment[] = [];
  /** How many fragments began. */
  begunCount = 0;
  readonly #waiters = new ChangeWaiters();

  /** The connection that is open. */
  get live(): KvsMediaConnection | undefined {
    return this.connections.find(({ endedAt }) => endedAt === undefined);
  }

  get errors(): readonly KvsMediaError[] {
    return this.connections.flatMap(({ errors }) => errors);
  }

  /** The acknowledged part of time; ms since 1970. */
  get lastAbsoluteMs(): number | undefined {
    return this.fragments.at(-1)?.absoluteMs;
  }

  /** Keeps a fragment; one that is sent again takes the place of its first copy. */
  keep(fragment: KvsFragment, isAcknowledged: boolean): void {
    this.unacknowledged = this.unacknowledged.filter(
      ({ absoluteMs }) => absoluteMs < fragment.absoluteMs,
    );
    if (isAcknowledged) this.fragments.push(fragment);
    else this.unacknowledged.push(fragment);
    this.changed();
  }

  /** Frames of a track over all acknowledged fragments, in order of arrival. */
  timeline(trackNumber: number): readonly KvsTimelinePoint[] {
    return this.fragments.flatMap((fragment) => {
      const shift = fragment.absoluteMs - fragment.timecodeMs;
      return fragment.frames
        .filter((frame) => frame.trackNumber === trackNumber)
        .map(({ timecodeMs, isKey }) => ({ absoluteMs: timecodeMs + shift, isKey }));
    });
  }

  /** Steps between neighbours of the timeline above `maxStepMs`, or not forwards (a repeat). */
  breaks(trackNumber: number, maxStepMs: number): readonly { fromMs: number; stepMs: number }[] {
    const points = this.timeline(trackNumber);
    const found: { fromMs: number; stepMs: number }[] = [];
    for (let i = 1; i < points.length; i += 1) {
      const fromMs = points[i - 1]?.absoluteMs ?? 0;
      const stepMs = (points[i]?.absoluteMs ?? 0) - fromMs;
      if (stepMs <= 0 || stepMs > maxStepMs) found.push({ fromMs, stepMs });
    }
    return found;
  }

  /**
   * One file: header and Clusters of one connection, or of all when their tracks are the same.
   * @throws Error for tracks that differ, or RELATIVE timecodes that begin anew.
   */
  toMkv(connectionIndex?: number): Buffer {
    const fragments = this.fragments.filter(
      ({ connection }) => connectionIndex === undefined || connection.index === connectionIndex,
    );
    const sources = [...new Set(fragments.map(({ connection }) => connection))];
    const header = sources[0]?.header;
    if (header === undefined) throw new Error('no fragment was kept');
    const shape = (tracks: typeof header.tracks): string => JSON.stringify(tracks);
    for (const source of sources.slice(1)) {
      if (shape(source.header?.tracks ?? []) !== shape(header.tracks)) {
        throw new Error(`connection ${source.index} has other tracks`);
      }
      if (source.timecodeType === 'RELATIVE') throw new Error('times of connections are relative');
    }
    const clusters = fragments.flatMap(({ tagBytes, bytes }) => [tagBytes, bytes]);
    return Buffer.concat([header.bytes, ...clusters]);
  }

  /** Resolves when `find` finds something; looked at after each change. */
  waitFor<T>(find: () => T | undefined, timeoutMs = WAIT_MS): Promise<T> {
    const describe = (): string => `stream: not so after ${timeoutMs} ms; ${this.describe()}`;
    return this.#waiters.waitFor(find, { timeoutMs, describe });
  }

  /** Resolves when so many fragments are acknowledged. */
  async received(count: number, timeoutMs = WAIT_MS): Promise<void> {
    await this.waitFor(() => this.fragments.length >= count || undefined, timeoutMs);
  }

  /** Resolves when so many connections were accepted, with the newest. */
  connected(count: number, timeoutMs = WAIT_MS): Promise<KvsMediaConnection> {
    return this.waitFor(() => this.connections[count - 1], timeoutMs);
  }

  /** Resolves when nothing is connected and something was. */
  async ended(timeoutMs = WAIT_MS): Promise<void> {
    const isOver = (): boolean => this.connections.length > 0 && this.live === undefined;
    await this.waitFor(() => isOver() || undefined, timeoutMs);
  }

  /** For error texts. */
  describe(): string {
    const ends = this.connections.map(({ end, errors }) => {
      return `${end ?? 'live'} ${errors.map(({ detail }) => detail).join()}`;
    });
    return `${this.fragments.length} fragments; connections: ${ends.join('; ')}`;
  }

  changed(): void {
    this.#waiters.changed();
  }
}
