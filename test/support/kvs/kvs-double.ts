// A double of Amazon Kinesis Video Streams on 127.0.0.1: control plane, signalling, PutMedia.
import type { SelfSignedPair } from '../self-signed-pair.ts';
import { makeSelfSignedPair } from '../self-signed-pair.ts';
import { KvsCatalog } from './kvs-catalog.ts';
import type { KvsEndpoints, KvsIceServer } from './kvs-control-plane.ts';
import { KvsControlPlane } from './kvs-control-plane.ts';
import { KvsFailures } from './kvs-failures.ts';
import { KvsListener } from './kvs-listener.ts';
import type { KvsSignalingOptions } from './kvs-signaling.ts';
import { KvsSignaling } from './kvs-signaling.ts';
import type { PutMediaSinkOptions } from './put-media-sink.ts';
import { PUT_MEDIA_DEFAULTS, PutMediaSink } from './put-media-sink.ts';
import type { KvsCredentials } from './sigv4-verifier.ts';
import { SigV4Verifier } from './sigv4-verifier.ts';

/** All have defaults that are the service's own. */
export interface KvsDoubleOptions {
  readonly region?: string;
  readonly accountId?: string;
  /** One made-up key by default: `DEFAULT_KVS_KEY`. */
  readonly credentials?: readonly KvsCredentials[];
  /** HTTPS for control plane, channel API and PutMedia; plain HTTP by default. */
  readonly isHttpSecure?: boolean;
  /** wss by default, which the SDK of AWS insists on. */
  readonly isSignalingSecure?: boolean;
  /** What GetIceServerConfig answers at first; none by default. */
  readonly iceServers?: readonly KvsIceServer[];
  /** Names to create beforehand. */
  readonly channels?: readonly string[];
  readonly streams?: readonly { readonly name: string; readonly retentionHours?: number }[];
  /** How many descriptions of something just created say CREATING; 0 by default. */
  readonly creatingDescriptions?: number;
  readonly signaling?: Partial<KvsSignalingOptions>;
  readonly media?: Partial<PutMediaSinkOptions>;
  /** Wall clock in Date ms, for signatures, creation times and message TTLs. */
  readonly now?: () => number;
}

/** The key that the double knows unless told otherwise. */
export const DEFAULT_KVS_KEY: KvsCredentials = {
  accessKeyId: 'AKIADOUBLE0000000001',
  secretAccessKey: 'double+secret/key+of+the+tests',
};

const HOUR_MS = 3_600_000;

/** Started and running. Whoever starts it closes it, best with `await using`. */
export class KvsDouble implements AsyncDisposable {
  readonly region: string;
  readonly catalog: KvsCatalog;
  readonly failures = new KvsFailures();
  readonly signaling: KvsSignaling;
  /** What PutMedia brought. */
  readonly media: PutMediaSink;
  /** Key and certificate of everything secure; the certificate names localhost and 127.0.0.1. */
  readonly certificate: SelfSignedPair = makeSelfSignedPair();
  /** What GetIceServerConfig answers; may be changed at any time. */
  iceServers: readonly KvsIceServer[];
  readonly #keys = new Map<string, KvsCredentials>();
  readonly #control: KvsControlPlane;
  readonly #opened = new AsyncDisposableStack();
  #urls: (KvsEndpoints & { readonly control: string }) | undefined;

  private constructor(options: KvsDoubleOptions) {
    const now = options.now ?? Date.now;
    this.region = options.region ?? 'us-west-2';
    const accountId = options.accountId ?? '123456789012';
    this.iceServers = options.iceServers ?? [];
    for (const key of options.credentials ?? [DEFAULT_KVS_KEY]) this.putKey(key);
    this.catalog = new KvsCatalog({ region: this.region, accountId, now });
    for (const name of options.channels ?? []) this.catalog.addChannel(name);
    for (const { name, retentionHours = 0 } of options.streams ?? []) {
      this.catalog.addStream(name, { retentionHours });
    }
    const { catalog, failures } = this;
    const verifier = new SigV4Verifier(this.#keys, { region: this.region, now });
    this.signaling = new KvsSignaling(
      { catalog, verifier, failures },
      {
        ...{ now, limitsRates: true, holdsMessages: true, connectsPerSecond: 3, maxViewers: 10 },
        ...{ maxConnectionMs: HOUR_MS, idleMs: HOUR_MS / 6 },
        ...options.signaling,
      },
    );
    this.media = new PutMediaSink(
      { catalog, verifier, failures },
      { ...PUT_MEDIA_DEFAULTS, now, ...options.media },
    );
    this.#control = new KvsControlPlane(
      {
        ...{ catalog, verifier, failures },
        endpoints: () => this.endpoints,
        iceServers: () => this.iceServers,
        onChannelDeleted: (channel) => this.signaling.dropChannel(channel),
      },
      { creatingDescriptions: options.creatingDescriptions ?? 0 },
    );
  }

  static async start(options: KvsDoubleOptions = {}): Promise<KvsDouble> {
    const double = new KvsDouble(options);
    await double.#listen(options);
    return double;
  }

  /** The control plane: what a client is given as its endpoint. */
  get endpoint(): string {
    return this.endpoints.control;
  }

  /** Every part of the service has an address of its own. */
  get endpoints(): KvsEndpoints & { readonly control: string } {
    if (this.#urls === undefined) throw new Error('the double does not listen yet');
    return this.#urls;
  }

  /** Adds a key, or changes one: e.g. expired, or with a new session token. */
  putKey(key: KvsCredentials): void {
    this.#keys.set(key.accessKeyId, key);
  }

  /** Makes a key unknown. */
  removeKey(accessKeyId: string): void {
    this.#keys.delete(accessKeyId);
  }

  close(): Promise<void> {
    return this.#opened.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(options: KvsDoubleOptions): Promise<void> {
    const httpPair = options.isHttpSecure === true ? this.certificate : undefined;
    const socketPair = options.isSignalingSecure === false ? undefined : this.certificate;
    const open = async (
      handlers: Parameters<typeof KvsListener.start>[0],
      pair: SelfSignedPair | undefined,
    ): Promise<KvsListener> => this.#opened.use(await KvsListener.start(handlers, pair));
    const control = await open(
      { onRequest: (request, response) => this.#control.control(request, response) },
      httpPair,
    );
    const api = await open(
      { onRequest: (request, response) => this.#control.api(request, response) },
      httpPair,
    );
    const data = await open(
      { onRequest: (request, response) => this.media.serve(request, response) },
      httpPair,
    );
    const [master, viewer] = await Promise.all(
      (['MASTER', 'VIEWER'] as const).map((role) =>
        open(
          {
            onRequest: (_request, response) => response.writeHead(403).end(),
            onUpgrade: (...upgrade) => this.signaling.upgrade(role, ...upgrade),
          },
          socketPair,
        ),
      ),
    );
    this.#opened.use(this.signaling);
    this.#urls = {
      control: control.httpUrl,
      api: api.httpUrl,
      master: master?.webSocketUrl ?? '',
      viewer: viewer?.webSocketUrl ?? '',
      data: data.httpUrl,
    };
  }
}
