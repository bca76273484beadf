// The JSON operations of Kinesis Video Streams: channels, streams, endpoints, ICE servers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { KvsCatalog, KvsChannel, KvsStream } from './kvs-catalog.ts';
import { invalidArgument, KvsFault } from './kvs-fault.ts';
import type { KvsCall, KvsFailures, KvsOperation } from './kvs-failures.ts';
import { applyFailure } from './kvs-failures.ts';
import { answerFault, answerJson, readBody } from './kvs-listener.ts';
import type { SigV4Verifier } from './sigv4-verifier.ts';
import { sha256Hex } from './sigv4-verifier.ts';

/** As GetIceServerConfig names it. `Ttl` is 30..86400 s. */
export interface KvsIceServer {
  readonly Uris: readonly string[];
  readonly Username: string;
  readonly Password: string;
  readonly Ttl: number;
}

/** Where the other parts of the service are. */
export interface KvsEndpoints {
  readonly api: string;
  readonly master: string;
  readonly viewer: string;
  readonly data: string;
}

interface Components {
  readonly catalog: KvsCatalog;
  readonly verifier: SigV4Verifier;
  readonly failures: KvsFailures;
  readonly endpoints: () => KvsEndpoints;
  readonly iceServers: () => readonly KvsIceServer[];
  readonly onChannelDeleted: (channel: KvsChannel) => void;
}

interface ControlPlaneOptions {
  /** How many descriptions of something just created say CREATING. */
  readonly creatingDescriptions: number;
}

type Answer = (body: unknown) => unknown;

const name = z.string().regex(/^[a-zA-Z0-9_.-]{1,256}$/u);
const arn = z
  .string()
  .max(1024)
  .regex(/^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+\/[a-zA-Z0-9_.-]+\/[0-9]+$/u);
const channelReference = z.object({ ChannelName: name.optional(), ChannelARN: arn.optional() });
const streamReference = z.object({ StreamName: name.optional(), StreamARN: arn.optional() });
const newChannel = z.object({
  ChannelName: name,
  ChannelType: z.enum(['SINGLE_MASTER', 'FULL_MESH']).optional(),
  SingleMasterConfiguration: z
    .object({ MessageTtlSeconds: z.int().min(5).max(120).optional() })
    .optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).optional(),
});
const listRequest = z.object({
  MaxResults: z.int().min(1).max(10_000).optional(),
  NextToken: z.string().max(1024).optional(),
  ChannelNameCondition: z
    .object({ ComparisonOperator: z.literal('BEGINS_WITH').optional(), ComparisonValue: name })
    .optional(),
});
const deletion = z.object({ ChannelARN: arn, CurrentVersion: z.string().optional() });
const endpointRequest = z.object({
  ChannelARN: arn,
  SingleMasterChannelEndpointConfiguration: z.object({
    Protocols: z
      .array(z.enum(['WSS', 'HTTPS', 'WEBRTC']))
      .min(1)
      .max(5),
    Role: z.enum(['MASTER', 'VIEWER']),
  }),
});
const newStream = z.object({
  StreamName: name,
  DeviceName: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{1,128}$/u)
    .optional(),
  MediaType: z
    .string()
    .max(128)
    .regex(/^[\w.+-]+\/[\w.+-]+(,[\w.+-]+\/[\w.+-]+)*$/u)
    .optional(),
  KmsKeyId: z.string().min(1).max(2048).optional(),
  DataRetentionInHours: z.int().min(0).optional(),
  Tags: z.record(z.string(), z.string()).optional(),
});
const dataEndpointRequest = streamReference.extend({
  APIName: z.enum([
    'PUT_MEDIA',
    'GET_MEDIA',
    'LIST_FRAGMENTS',
    'GET_MEDIA_FOR_FRAGMENT_LIST',
    'GET_HLS_STREAMING_SESSION_URL',
    'GET_DASH_STREAMING_SESSION_URL',
    'GET_CLIP',
    'GET_IMAGES',
  ]),
});
const iceRequest = z.object({
  ChannelARN: arn,
  ClientId: name.optional(),
  Service: z.literal('TURN').optional(),
  Username: name.optional(),
});

/** Answers requests of the control host and of the HTTPS endpoint of a channel. */
export class KvsControlPlane {
  readonly #parts: Components;
  readonly #options: ControlPlaneOptions;
  readonly #creating = new Map<string, number>();
  readonly #control: ReadonlyMap<string, readonly [KvsOperation, Answer]>;
  readonly #api: ReadonlyMap<string, readonly [KvsOperation, Answer]>;

  constructor(components: Components, options: ControlPlaneOptions) {
    this.#parts = components;
    this.#options = options;
    const routes: readonly [KvsOperation, Answer][] = [
      ['describeSignalingChannel', (body) => this.#describeChannel(body)],
      ['createSignalingChannel', (body) => this.#createChannel(body)],
      ['listSignalingChannels', (body) => this.#listChannels(body)],
      ['deleteSignalingChannel', (body) => this.#deleteChannel(body)],
      ['getSignalingChannelEndpoint', (body) => this.#channelEndpoint(body)],
      ['describeStream', (body) => this.#describeStream(body)],
      ['createStream', (body) => this.#createStream(body)],
      ['getDataEndpoint', (body) => this.#dataEndpoint(body)],
    ];
    this.#control = new Map(routes.map((route) => [`/${route[0]}`, route]));
    this.#api = new Map([
      ['/v1/get-ice-server-config', ['getIceServerConfig', (body) => this.#iceConfig(body)]],
    ]);
  }

  /** A request to kinesisvideo.{region}.amazonaws.com. */
  control(request: IncomingMessage, response: ServerResponse): void {
    void this.#serve(this.#control, request, response);
  }

  /** A request to a channel's HTTPS endpoint. */
  api(request: IncomingMessage, response: ServerResponse): void {
    void this.#serve(this.#api, request, response);
  }

  async #serve(
    routes: ReadonlyMap<string, readonly [KvsOperation, Answer]>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    let call: KvsCall | undefined;
    try {
      const { method = '', url: target = '', headers } = request;
      const route = routes.get(target);
      if (method !== 'POST' || route === undefined) {
        throw new KvsFault('UnknownOperationException', `${method} ${target}`);
      }
      const [operation, answer] = route;
      const bytes = await readBody(request);
      const body = parseJson(bytes);
      call = { operation, headers, target, body, status: 0, errorType: undefined };
      const failure = this.#parts.failures.take(operation);
      this.#parts.failures.note(call);
      if (failure !== undefined) {
        applyFailure(failure, response);
        call.status = failure.kind === 'reply' ? failure.status : 0;
        return;
      }
      this.#parts.verifier.verifyHeaders({ method, target, headers }, sha256Hex(bytes));
      if (body === undefined) throw invalidArgument('the body is no JSON object');
      const reply = answer(body);
      call.status = 200;
      answerJson(response, reply);
    } catch (error) {
      const fault =
        error instanceof KvsFault ? error : new KvsFault('InternalFailure', String(error));
      if (call !== undefined) [call.status, call.errorType] = [fault.status, fault.type];
      if (!response.headersSent) answerFault(response, fault);
    }
  }

  #describeChannel(body: unknown): unknown {
    const { ChannelName, ChannelARN } = parse(channelReference, body);
    const channel = this.#parts.catalog.channel({ name: ChannelName, arn: ChannelARN });
    return { ChannelInfo: channelInfo(channel, this.#statusOf(channel)) };
  }

  #createChannel(body: unknown): unknown {
    const { ChannelName, ChannelType, SingleMasterConfiguration } = parse(newChannel, body);
    const messageTtlSeconds = SingleMasterConfiguration?.MessageTtlSeconds;
    const channel = this.#parts.catalog.addChannel(ChannelName, {
      ...(ChannelType === undefined ? {} : { type: ChannelType }),
      ...(messageTtlSeconds === undefined ? {} : { messageTtlSeconds }),
    });
    this.#creating.set(channel.arn, this.#options.creatingDescriptions);
    return { ChannelARN: channel.arn };
  }

  #listChannels(body: unknown): unknown {
    const { MaxResults = 10_000, NextToken = '0', ChannelNameCondition } = parse(listRequest, body);
    const start = Number(NextToken);
    if (!Number.isInteger(start)) throw invalidArgument(`NextToken ${NextToken}`);
    const prefix = ChannelNameCondition?.ComparisonValue ?? '';
    const all = [...this.#parts.catalog.channels.values()].filter((channel) =>
      channel.name.startsWith(prefix),
    );
    const end = start + MaxResults;
    return {
      ChannelInfoList: all.slice(start, end).map((each) => channelInfo(each, each.status)),
      ...(end < all.length ? { NextToken: String(end) } : {}),
    };
  }

  #deleteChannel(body: unknown): unknown {
    const { ChannelARN, CurrentVersion } = parse(deletion, body);
    const { catalog, onChannelDeleted } = this.#parts;
    const channel = catalog.channel({ name: undefined, arn: ChannelARN });
    if (CurrentVersion !== undefined && CurrentVersion !== channel.version) {
      throw new KvsFault('VersionMismatchException', `Version is ${channel.version}`);
    }
    catalog.channels.delete(channel.name);
    onChannelDeleted(channel);
    return {};
  }

  #channelEndpoint(body: unknown): unknown {
    const request = parse(endpointRequest, body);
    this.#parts.catalog.channel({ name: undefined, arn: request.ChannelARN });
    const { Protocols, Role } = request.SingleMasterChannelEndpointConfiguration;
    const endpoints = this.#parts.endpoints();
    const list = Protocols.map((Protocol) => {
      if (Protocol === 'WEBRTC') throw invalidArgument('The channel has no media storage');
      const socket = Role === 'MASTER' ? endpoints.master : endpoints.viewer;
      return { Protocol, ResourceEndpoint: Protocol === 'WSS' ? socket : endpoints.api };
    });
    return { ResourceEndpointList: list };
  }

  #describeStream(body: unknown): unknown {
    const { StreamName, StreamARN } = parse(streamReference, body);
    const stream = this.#parts.catalog.stream({ name: StreamName, arn: StreamARN });
    return { StreamInfo: streamInfo(stream, this.#statusOf(stream)) };
  }

  #createStream(body: unknown): unknown {
    const request = parse(newStream, body);
    const { DeviceName, MediaType, KmsKeyId, DataRetentionInHours } = request;
    const stream = this.#parts.catalog.addStream(request.StreamName, {
      retentionHours: DataRetentionInHours ?? 0,
      ...(MediaType === undefined ? {} : { mediaType: MediaType }),
      ...(DeviceName === undefined ? {} : { deviceName: DeviceName }),
      ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
    });
    this.#creating.set(stream.arn, this.#options.creatingDescriptions);
    return { StreamARN: stream.arn };
  }

  #dataEndpoint(body: unknown): unknown {
    const { StreamName, StreamARN } = parse(dataEndpointRequest, body);
    this.#parts.catalog.stream({ name: StreamName, arn: StreamARN });
    return { DataEndpoint: this.#parts.endpoints().data };
  }

  #iceConfig(body: unknown): unknown {
    const { ChannelARN } = parse(iceRequest, body);
    this.#parts.catalog.channel({ name: undefined, arn: ChannelARN });
    return { IceServerList: this.#parts.iceServers() };
  }

  #statusOf(resource: KvsChannel | KvsStream): string {
    const left = this.#creating.get(resource.arn) ?? 0;
    if (left === 0) return resource.status;
    this.#creating.set(resource.arn, left - 1);
    return 'CREATING';
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidArgument(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Times are seconds with a fraction, as AWS's JSON protocol has them. */
function channelInfo(channel: KvsChannel, status: string): unknown {
  return {
    ChannelName: channel.name,
    ChannelARN: channel.arn,
    ChannelType: channel.type,
    ChannelStatus: status,
    CreationTime: channel.createdAt / 1000,
    SingleMasterConfiguration: { MessageTtlSeconds: channel.messageTtlSeconds },
    Version: channel.version,
  };
}

function streamInfo(stream: KvsStream, status: string): unknown {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    MediaType: stream.mediaType ?? null,
    DeviceName: stream.deviceName ?? null,
    KmsKeyId: stream.kmsKeyId,
    Version: stream.version,
    Status: status,
    CreationTime: stream.createdAt / 1000,
    DataRetentionInHours: stream.retentionHours,
  };
}
