// One accepted PutMedia connection: reads the body, holds it to the rules, acknowledges.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckWriter } from './ack-writer.ts';
import type { AckWriterOptions } from './ack-writer.ts';
import type { FragmentLimits } from './fragment-rules.ts';
import { FragmentDraft } from './fragment-rules.ts';
import type { KvsStream } from './kvs-catalog.ts';
import type { KvsFragment, KvsMediaConnection, KvsMediaEnd } from './kvs-stream-store.ts';
import type { KvsStreamStore } from './kvs-stream-store.ts';
import type { MediaInjections, MediaMishap } from './media-injection.ts';
import type { MkvTag } from './mkv-header.ts';
import type { MkvBlock, MkvEvent } from './mkv-reader.ts';
import { MkvReader } from './mkv-reader.ts';
import { PutMediaFault, TOO_SHORT_CODE } from './put-media-fault.ts';
import { RateWindow } from './rate-window.ts';

export interface MediaSessionOptions extends FragmentLimits, AckWriterOptions {
  readonly maxFragmentBytes: number;
  readonly maxConnectionMs: number;
  /** How fast the body is read. */
  readonly bytesPerSecond: number;
  readonly idleMs: number;
  readonly persistDelayMs: number;
  /** How far a fragment's time may be from the clock; ms. */
  readonly clockToleranceMs: number;
  /** Whether the store keeps the bytes of fragments. */
  readonly keepsBytes: boolean;
  readonly now: () => number;
}

export interface MediaSessionComponents {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stream: KvsStream;
  readonly store: KvsStreamStore;
  readonly connection: KvsMediaConnection;
  readonly injections: MediaInjections;
  /** 5 fragments per second and stream. */
  readonly fragmentRate: RateWindow;
  readonly wantsAcks: boolean;
  readonly isDeleted: () => boolean;
  readonly nextFragmentNumber: () => string;
}

interface Current {
  readonly draft: FragmentDraft;
  readonly number: string;
  readonly tags: readonly MkvTag[];
  readonly tagBytes: Buffer;
  readonly mishaps: readonly MediaMishap[];
}

/** Ends the reading without an ERROR: the mishap that was ordered has happened. */
class OrderedEnd extends Error {}

/** How long a refused client may go on sending before its socket is destroyed. */
const LINGER_MS = 1_000;

/** Runs once. */
export class MediaSession {
  readonly #parts: MediaSessionComponents;
  readonly #options: MediaSessionOptions;
  readonly #acks: AckWriter;
  readonly #reader: MkvReader;
  #bytesPerSecond: number;
  #current: Current | undefined;
  #tags: MkvTag[] = [];
  #tagBytes: Buffer[] = [];
  /** A fragment that is too short unless it is the last. */
  #short: { fragment: KvsFragment; current: Current } | undefined;
  #lastTimecodeMs: number | undefined;
  readonly #persisting: Promise<void>[] = [];

  constructor(components: MediaSessionComponents, options: MediaSessionOptions) {
    this.#parts = components;
    this.#options = options;
    const { response, connection, wantsAcks } = components;
    this.#acks = new AckWriter(response, options, connection.acks);
    this.#acks.isSilent = !wantsAcks;
    this.#reader = new MkvReader(options.maxFragmentBytes);
    this.#bytesPerSecond = options.bytesPerSecond;
  }

  /** Resolves when the connection has ended, however. */
  async run(): Promise<void> {
    const { request, connection, store } = this.#parts;
    const idle = setInterval(() => this.#sayIdle(), this.#options.idleMs);
    let end: KvsMediaEnd = 'complete';
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        idle.refresh();
        // Without an encoding a request yields buffers.
        await this.#read(chunk as Buffer);
      }
      await this.#take(this.#reader.end());
      this.#acceptShort();
      await Promise.all(this.#persisting);
      this.#acks.end();
    } catch (error) {
      end = this.#fail(error);
    } finally {
      clearInterval(idle);
    }
    connection.endedAt = Date.now();
    connection.end = end;
    store.changed();
  }

  async #read(chunk: Buffer): Promise<void> {
    const { connection } = this.#parts;
    connection.receivedBytes += chunk.length;
    const startedAt = performance.now();
    await this.#take(this.#reader.push(chunk));
    const restMs = (chunk.length * 1000) / this.#bytesPerSecond - (performance.now() - startedAt);
    // Below a few ms a timer would make the rate lower than it is meant.
    if (restMs > 5) await this.#wait(restMs);
  }

  async #take(events: Iterable<MkvEvent>): Promise<void> {
    for (const event of events) await this.#handle(event);
  }

  async #handle(event: MkvEvent): Promise<void> {
    switch (event.type) {
      case 'header':
        this.#parts.connection.header = event.header;
        this.#tags.push(...event.header.tags);
        this.#parts.store.changed();
        break;
      case 'tags':
        this.#tags.push(...event.tags);
        this.#tagBytes.push(event.bytes);
        break;
      case 'timecode':
        await this.#begin(event.timecodeMs);
        break;
      case 'block':
        this.#add(event.block);
        break;
      case 'cluster':
        this.#finish(event.bytes);
    }
  }

  async #begin(timecodeMs: number): Promise<void> {
    const { store, connection, fragmentRate, stream, isDeleted } = this.#parts;
    this.#refuseShort();
    const [tags, tagBytes] = [this.#tags, Buffer.concat(this.#tagBytes)];
    [this.#tags, this.#tagBytes] = [[], []];
    const mishaps = this.#parts.injections.take(store.begunCount);
    store.begunCount += 1;
    const { header } = connection;
    if (header === undefined) throw new PutMediaFault(5000, 'a Cluster before the header');
    const start = { timecodeMs, tags };
    const draft = new FragmentDraft(header, start, this.#options);
    const number = this.#parts.nextFragmentNumber();
    this.#current = { draft, number, tags, tagBytes, mishaps };
    if (isDeleted()) throw new PutMediaFault(4507, stream.name);
    if (stream.status !== 'ACTIVE') throw new PutMediaFault(4008, stream.status);
    this.#checkAge();
    this.#checkTime(timecodeMs);
    while (!fragmentRate.take(performance.now())) {
      await this.#wait(fragmentRate.waitMs(performance.now()));
    }
    this.#lastTimecodeMs = timecodeMs;
    this.#mishap('begin');
    this.#acks.write('BUFFERING', { timecodeMs, number });
    store.changed();
  }

  #add(block: MkvBlock): void {
    this.#current?.draft.add(block);
    if (this.#current?.draft.frames.length === 2) this.#mishap('middle');
  }

  #finish(bytes: Buffer): void {
    const current = this.#current;
    if (current === undefined) return;
    current.draft.finish();
    const { number, tags, tagBytes, draft } = current;
    const fragment: KvsFragment = {
      ...{ number, tags, tagBytes, connection: this.#parts.connection },
      timecodeMs: draft.timecodeMs,
      absoluteMs: this.#absolute(draft.timecodeMs),
      frames: draft.frames,
      bytes: this.#options.keepsBytes ? bytes : Buffer.alloc(0),
      sizeBytes: bytes.length,
      receivedAt: Date.now(),
      isPersisted: false,
    };
    if (draft.isTooShort) this.#short = { fragment, current };
    else this.#accept(fragment);
    this.#current = undefined;
  }

  #accept(fragment: KvsFragment, current = this.#current): void {
    const { store, connection, stream, wantsAcks } = this.#parts;
    const isCut = current?.mishaps.some((mishap) => mishap.kind === 'cut' && mishap.when === 'end');
    const isRefused = current?.mishaps.some(
      (mishap) => mishap.kind === 'error' && mishap.when === 'end',
    );
    const { timecodeMs, number } = fragment;
    const isTold =
      isCut !== true && isRefused !== true && this.#acks.write('RECEIVED', { timecodeMs, number });
    if (isRefused !== true) {
      connection.fragmentCount += 1;
      store.keep(fragment, isTold || !wantsAcks);
    }
    this.#mishap('end', current);
    if (stream.retentionHours > 0) this.#persist(fragment);
  }

  #persist(fragment: KvsFragment): void {
    const finish = (): void => {
      const { timecodeMs, number } = fragment;
      fragment.isPersisted = this.#acks.write('PERSISTED', { timecodeMs, number });
      this.#parts.store.changed();
    };
    const { persistDelayMs } = this.#options;
    if (persistDelayMs === 0) finish();
    else this.#persisting.push(sleep(persistDelayMs).then(finish));
  }

  /** Lets happen what was ordered for this moment of the fragment. */
  #mishap(moment: 'begin' | 'middle' | 'end', current = this.#current): void {
    for (const mishap of current?.mishaps ?? []) {
      const when = 'when' in mishap ? (mishap.when ?? 'begin') : 'begin';
      if (when === moment) this.#happen(mishap);
    }
  }

  #happen(mishap: MediaMishap): void {
    switch (mishap.kind) {
      case 'error': {
        const fault = new PutMediaFault(mishap.errorId, 'ordered', mishap.code);
        if (mishap.keepsOpen !== true) throw fault;
        this.#report(fault);
        break;
      }
      case 'cut':
        this.#parts.request.socket.destroy();
        throw new OrderedEnd('cut');
      case 'finish':
        this.#acks.end();
        this.#linger();
        throw new OrderedEnd('finish');
      case 'stall':
        this.#acks.isSilent = true;
        break;
      case 'slow':
        this.#bytesPerSecond = mishap.bytesPerSecond;
        break;
      case 'junk':
        this.#acks.writeText(mishap.text);
    }
  }

  /** Another fragment follows one that was too short. */
  #refuseShort(): void {
    if (this.#short === undefined) return;
    const { fragment, current } = this.#short;
    this.#short = undefined;
    this.#current = current;
    const detail = `${Math.round(current.draft.durationMs)} ms from ${fragment.timecodeMs}`;
    throw new PutMediaFault(4002, detail, TOO_SHORT_CODE);
  }

  /** The last fragment of a connection may be short. */
  #acceptShort(): void {
    if (this.#short !== undefined) this.#accept(this.#short.fragment, this.#short.current);
    this.#short = undefined;
  }

  #checkAge(): void {
    const ageMs = Date.now() - this.#parts.connection.startedAt;
    if (ageMs > this.#options.maxConnectionMs) throw new PutMediaFault(4003, `${ageMs} ms`);
  }

  #checkTime(timecodeMs: number): void {
    const absoluteMs = this.#absolute(timecodeMs);
    const lastMs = this.#parts.store.lastAbsoluteMs;
    if (this.#lastTimecodeMs !== undefined && timecodeMs <= this.#lastTimecodeMs) {
      throw new PutMediaFault(4004, `${timecodeMs} after ${this.#lastTimecodeMs}`);
    }
    if (lastMs !== undefined && absoluteMs <= lastMs) {
      throw new PutMediaFault(4004, `${absoluteMs} after ${lastMs}, which was acknowledged`);
    }
    const { now, clockToleranceMs } = this.#options;
    if (Math.abs(absoluteMs - now()) > clockToleranceMs) {
      throw new PutMediaFault(4007, `${absoluteMs} is far from ${now()}`);
    }
  }

  #absolute(timecodeMs: number): number {
    const { timecodeType, producerStartMs } = this.#parts.connection;
    return timecodeType === 'ABSOLUTE' ? timecodeMs : producerStartMs + timecodeMs;
  }

  #sayIdle(): void {
    this.#acks.write('IDLE', { timecodeMs: this.#lastTimecodeMs, number: undefined });
  }

  async #wait(ms: number): Promise<void> {
    this.#parts.connection.throttledMs += ms;
    await sleep(ms);
  }

  #report(fault: PutMediaFault): void {
    const { errorId, code, message } = fault;
    this.#parts.connection.errors.push({ errorId, code, detail: message });
    const { draft, number } = this.#current ?? {};
    const timecodeMs = draft?.timecodeMs ?? this.#lastTimecodeMs;
    this.#acks.write('ERROR', { timecodeMs, number }, fault);
  }

  #fail(error: unknown): KvsMediaEnd {
    if (error instanceof OrderedEnd) return 'ordered';
    if (error instanceof PutMediaFault) {
      this.#report(error);
      this.#acks.end();
      this.#linger();
      return 'error';
    }
    const isReset = error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
    if (!isReset) {
      const detail = error instanceof Error ? (error.stack ?? '') : String(error);
      this.#parts.connection.errors.push({ errorId: 5000, code: 'INTERNAL_ERROR', detail });
    }
    this.#parts.response.destroy();
    return 'aborted';
  }

  /** Destroying a socket at once would take the last acknowledgements with it. */
  #linger(): void {
    const { request } = this.#parts;
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
    const stop = (): void => {
      clearTimeout(timer);
      request.socket.destroy();
    };
    request.once('end', stop).once('error', stop).resume();
    request.socket.once('close', () => clearTimeout(timer));
  }
}
