// The data endpoint: admits PutMedia requests and keeps what each stream got.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KvsCatalog, KvsStream } from './kvs-catalog.ts';
import type { KvsCall, KvsFailures } from './kvs-failures.ts';
import { applyFailure } from './kvs-failures.ts';
import { KvsFault } from './kvs-fault.ts';
import { answerFault } from './kvs-listener.ts';
import type { KvsMediaConnection } from './kvs-stream-store.ts';
import { KvsStreamStore } from './kvs-stream-store.ts';
import type { MediaMishap } from './media-injection.ts';
import { MediaInjections } from './media-injection.ts';
import type { MediaSessionOptions } from './media-session.ts';
import { MediaSession } from './media-session.ts';
import { readPutMediaHead, type PutMediaHead } from './put-media-request.ts';
import { RateWindow } from './rate-window.ts';
import type { SigV4Verifier } from './sigv4-verifier.ts';
import { EMPTY_PAYLOAD_HASH } from './sigv4-verifier.ts';

interface Components {
  readonly catalog: KvsCatalog;
  readonly verifier: SigV4Verifier;
  readonly failures: KvsFailures;
}

export interface PutMediaSinkOptions extends MediaSessionOptions {
  /** Per stream. */
  readonly connectsPerSecond: number;
  /** Per stream; faster ones are held back. */
  readonly fragmentsPerSecond: number;
}

interface Entry {
  readonly store: KvsStreamStore;
  readonly injections: MediaInjections;
  readonly connects: RateWindow;
  readonly fragmentRate: RateWindow;
}

/** Fragment numbers have about so many digits. */
const NUMBER_PREFIX = '91343852333181432392682062';
const MB = 1_000_000;

/** The limits of the service. */
export const PUT_MEDIA_DEFAULTS: Omit<PutMediaSinkOptions, 'now'> = {
  connectsPerSecond: 5,
  fragmentsPerSecond: 5,
  minDurationMs: 1_000,
  maxDurationMs: 20_000,
  maxTags: 10,
  maxFragmentBytes: 50 * MB,
  maxConnectionMs: 45 * 60_000,
  bytesPerSecond: 12.5 * MB,
  idleMs: 30_000,
  persistDelayMs: 0,
  clockToleranceMs: 86_400_000,
  keepsBytes: true,
  separator: '\n',
  splitsObjects: false,
};

/** All streams' media. */
export class PutMediaSink {
  readonly #parts: Components;
  readonly #entries = new Map<string, Entry>();
  /** May be changed at any time; counts for connections that begin later. */
  options: PutMediaSinkOptions;
  #fragmentSerial = 0;

  constructor(components: Components, options: PutMediaSinkOptions) {
    this.#parts = components;
    this.options = options;
  }

  /** What a stream got. @throws KvsFault when there is no such stream. */
  stream(name: string): KvsStreamStore {
    return this.#entryOf(this.#parts.catalog.stream({ name, arn: undefined })).store;
  }

  /** Orders a mishap at the `at`-th fragment that begins on the stream, from 0. */
  inject(streamName: string, at: number, mishap: MediaMishap): void {
    const stream = this.#parts.catalog.stream({ name: streamName, arn: undefined });
    this.#entryOf(stream).injections.add(at, mishap);
  }

  /** A request to the data endpoint. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    const { url: target = '', headers, method = '' } = request;
    const call: KvsCall = {
      ...{ operation: 'putMedia' as const, headers, target, body: undefined },
      ...{ status: 0, errorType: undefined },
    };
    response.on('error', () => undefined);
    try {
      if (method !== 'POST' || target !== '/putMedia') {
        throw new KvsFault('UnknownOperationException', `${method} ${target}`);
      }
      const failure = this.#parts.failures.take('putMedia');
      this.#parts.failures.note(call);
      if (failure !== undefined) {
        applyFailure(failure, response);
        return;
      }
      this.#parts.verifier.verifyHeaders({ method, target, headers }, EMPTY_PAYLOAD_HASH);
      const head = readPutMediaHead(request);
      const { streamName: name, streamArn: arn } = head;
      const stream = this.#parts.catalog.stream({ name, arn });
      this.#admit(stream);
      call.status = 200;
      this.#begin({ request, response, head, stream });
    } catch (error) {
      const fault =
        error instanceof KvsFault ? error : new KvsFault('InternalFailure', String(error));
      [call.status, call.errorType] = [fault.status, fault.type];
      // The body may be endless: nobody reads it.
      response.setHeader('Connection', 'close');
      answerFault(response, fault);
    }
  }

  #admit(stream: KvsStream): void {
    const { store, connects } = this.#entryOf(stream);
    if (!connects.take(performance.now())) {
      throw new KvsFault('ClientLimitExceededException', 'too many PutMedia calls in a second');
    }
    if (store.live !== undefined) {
      throw new KvsFault('ConnectionLimitExceededException', `${stream.name} is being fed`);
    }
  }

  #begin(accepted: {
    request: IncomingMessage;
    response: ServerResponse;
    head: PutMediaHead;
    stream: KvsStream;
  }): void {
    const { request, response, head, stream } = accepted;
    const { store, injections, fragmentRate } = this.#entryOf(stream);
    const { timecodeType, producerStartMs, wantsAcks } = head;
    const connection: KvsMediaConnection = {
      index: store.connections.length,
      ...{ headers: request.headers, timecodeType, producerStartMs, startedAt: Date.now() },
      ...{ endedAt: undefined, end: undefined, header: undefined },
      ...{ fragmentCount: 0, receivedBytes: 0, throttledMs: 0, errors: [], acks: [] },
    };
    store.connections.push(connection);
    if (request.headers.expect !== undefined) response.writeContinue();
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'x-amzn-RequestId': randomUUID(),
    });
    response.flushHeaders();
    const { catalog } = this.#parts;
    const session = new MediaSession(
      {
        ...{ request, response, stream, store, connection, injections, fragmentRate, wantsAcks },
        isDeleted: () => catalog.streams.get(stream.name) !== stream,
        nextFragmentNumber: () => this.#nextNumber(),
      },
      this.options,
    );
    void session.run();
    store.changed();
  }

  #nextNumber(): string {
    this.#fragmentSerial += 1;
    return `${NUMBER_PREFIX}${String(this.#fragmentSerial).padStart(12, '0')}`;
  }

  #entryOf(stream: KvsStream): Entry {
    const { connectsPerSecond, fragmentsPerSecond } = this.options;
    const entry = this.#entries.get(stream.arn) ?? {
      store: new KvsStreamStore(),
      injections: new MediaInjections(),
      connects: new RateWindow(connectsPerSecond),
      fragmentRate: new RateWindow(fragmentsPerSecond),
    };
    this.#entries.set(stream.arn, entry);
    return entry;
  }
}
