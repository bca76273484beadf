// The channels and streams that the double knows.
import { KvsFault } from './kvs-fault.ts';

export type ResourceStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

/** A signalling channel. */
export interface KvsChannel {
  readonly name: string;
  readonly arn: string;
  readonly type: 'SINGLE_MASTER' | 'FULL_MESH';
  readonly messageTtlSeconds: number;
  /** Date ms. */
  readonly createdAt: number;
  readonly version: string;
  status: ResourceStatus;
}

/** A video stream. */
export interface KvsStream {
  readonly name: string;
  readonly arn: string;
  readonly mediaType: string | undefined;
  readonly deviceName: string | undefined;
  readonly kmsKeyId: string;
  readonly retentionHours: number;
  /** Date ms. */
  readonly createdAt: number;
  readonly version: string;
  status: ResourceStatus;
}

export interface KvsCatalogOptions {
  readonly region: string;
  readonly accountId: string;
  readonly now: () => number;
}

/** How a request names a resource: exactly one of them. */
export interface ResourceReference {
  readonly name: string | undefined;
  readonly arn: string | undefined;
}

interface NewChannel {
  readonly type?: KvsChannel['type'];
  readonly messageTtlSeconds?: number;
  readonly status?: ResourceStatus;
}

interface NewStream {
  /** 0 keeps nothing: fragments are never PERSISTED. */
  readonly retentionHours?: number;
  readonly mediaType?: string;
  readonly deviceName?: string;
  readonly kmsKeyId?: string;
  readonly status?: ResourceStatus;
}

const DEFAULT_MESSAGE_TTL_S = 60;

/** Names are unique per kind. */
export class KvsCatalog {
  readonly channels = new Map<string, KvsChannel>();
  readonly streams = new Map<string, KvsStream>();
  readonly #options: KvsCatalogOptions;
  #serial = 0;

  constructor(options: KvsCatalogOptions) {
    this.#options = options;
  }

  /** @throws KvsFault ResourceInUseException when the name is taken. */
  addChannel(name: string, options: NewChannel = {}): KvsChannel {
    if (this.channels.has(name)) throw inUse('channel', name);
    const channel: KvsChannel = {
      name,
      arn: this.#arn('channel', name),
      type: options.type ?? 'SINGLE_MASTER',
      messageTtlSeconds: options.messageTtlSeconds ?? DEFAULT_MESSAGE_TTL_S,
      createdAt: this.#options.now(),
      version: this.#version(),
      status: options.status ?? 'ACTIVE',
    };
    this.channels.set(name, channel);
    return channel;
  }

  /** @throws KvsFault ResourceInUseException when the name is taken. */
  addStream(name: string, options: NewStream = {}): KvsStream {
    if (this.streams.has(name)) throw inUse('stream', name);
    const { region, accountId } = this.#options;
    const stream: KvsStream = {
      name,
      arn: this.#arn('stream', name),
      mediaType: options.mediaType,
      deviceName: options.deviceName,
      kmsKeyId: options.kmsKeyId ?? `arn:aws:kms:${region}:${accountId}:alias/aws/kinesisvideo`,
      retentionHours: options.retentionHours ?? 0,
      createdAt: this.#options.now(),
      version: this.#version(),
      status: options.status ?? 'ACTIVE',
    };
    this.streams.set(name, stream);
    return stream;
  }

  /** @throws KvsFault ResourceNotFoundException */
  channel(reference: ResourceReference): KvsChannel {
    return find(this.channels, reference, 'channel');
  }

  /** @throws KvsFault ResourceNotFoundException */
  stream(reference: ResourceReference): KvsStream {
    return find(this.streams, reference, 'stream');
  }

  #arn(kind: string, name: string): string {
    const { region, accountId, now } = this.#options;
    return `arn:aws:kinesisvideo:${region}:${accountId}:${kind}/${name}/${now()}`;
  }

  #version(): string {
    this.#serial += 1;
    return `Version${this.#serial}`;
  }
}

function find<T extends { readonly arn: string }>(
  map: ReadonlyMap<string, T>,
  { name, arn }: ResourceReference,
  kind: string,
): T {
  if ((name === undefined) === (arn === undefined)) {
    throw new KvsFault('InvalidArgumentException', `Either the name or the ARN of the ${kind}`);
  }
  const found =
    name === undefined ? [...map.values()].find((each) => each.arn === arn) : map.get(name);
  if (found === undefined) {
    throw new KvsFault(
      'ResourceNotFoundException',
      `The requested ${kind} is not found or not active: ${name ?? arn}`,
    );
  }
  return found;
}

function inUse(kind: string, name: string): KvsFault {
  return new KvsFault('ResourceInUseException', `The ${kind} ${name} already exists.`);
}
