// Signalling channels of Kinesis Video Streams: found, made, their addresses and ICE servers asked for.
import { MediaError } from '../../core/base/media-error.ts';
import type { IceServer } from '../../core/webrtc/ice-server-provider.ts';
import type { AwsClient } from './aws-client.ts';
import { namedEndpoint } from './aws-endpoint.ts';
import { awsFailure, type RefusedAnswer } from './aws-failure.ts';
import {
  channelAnswer,
  createdChannelAnswer,
  endpointsAnswer,
  iceServersAnswer,
  readAnswer,
} from './kinesis-answers.ts';

/** A channel has one master and up to ten viewers. */
export type ChannelRole = 'MASTER' | 'VIEWER';

/** A channel that can be used. */
export interface KinesisChannel {
  readonly name: string;
  readonly arn: string;
}

/** Addresses of a channel for one role. */
export interface ChannelEndpoints {
  /** For signedUrl(). */
  readonly wss: URL;
  /** For iceServers(). */
  readonly https: URL;
}

/** Who connects to which channel. */
export interface ChannelVisit {
  readonly channel: KinesisChannel;
  readonly endpoints: ChannelEndpoints;
  readonly role: ChannelRole;
  /** Only viewers have one. */
  readonly clientId?: string | undefined;
}

/** Other keys may be let in. */
const KEY_FAILURES: ReadonlySet<string> = new Set([
  'aws-credentials-expired',
  'aws-credentials-refused',
]);
const MIN_TTL_SECONDS = 30;
const MAX_TTL_SECONDS = 86_400;

/** The control plane of one region, seen from a signalling client. */
export class KinesisChannels {
  readonly #client: AwsClient;

  constructor(client: AwsClient) {
    this.#client = client;
  }

  get region(): string {
    return this.#client.endpoint.region;
  }

  /** URL of AWS's STUN server; empty when the control plane is not AWS's own. */
  get stunUrl(): string {
    const { region, domain, isCustom } = this.#client.endpoint;
    return isCustom ? '' : `stun:stun.kinesisvideo.${region}.${domain}:443`;
  }

  /** @throws MediaError `aws-not-found` that names channel and region; as AwsClient.call(). */
  async describe(name: string, signal: AbortSignal): Promise<KinesisChannel> {
    const action = 'kinesisvideo:DescribeSignalingChannel';
    const answer = await this.#client.call({
      ...{ path: '/describeSignalingChannel', action, signal },
      ...{ subject: subjectOf(name), body: { ChannelName: name } },
    });
    const { ChannelInfo } = readAnswer(channelAnswer, answer, action);
    if (ChannelInfo.ChannelStatus === 'DELETING') {
      const message = `${subjectOf(name)} in ${this.region} is being deleted`;
      throw new MediaError('not-found', 'aws-not-found', message);
    }
    return { name, arn: ChannelInfo.ChannelARN };
  }

  /** Makes a channel with one master. @throws MediaError as AwsClient.call(). */
  async create(name: string, signal: AbortSignal): Promise<KinesisChannel> {
    const action = 'kinesisvideo:CreateSignalingChannel';
    const answer = await this.#client.call({
      ...{ path: '/createSignalingChannel', action, subject: subjectOf(name), signal },
      body: { ChannelName: name, ChannelType: 'SINGLE_MASTER' },
    });
    return { name, arn: readAnswer(createdChannelAnswer, answer, action).ChannelARN };
  }

  /** @throws MediaError as AwsClient.call(), `aws-answer-invalid`. */
  async endpoints(
    channel: KinesisChannel,
    role: ChannelRole,
    signal: AbortSignal,
  ): Promise<ChannelEndpoints> {
    const action = 'kinesisvideo:GetSignalingChannelEndpoint';
    const answer = await this.#client.call({
      ...{ path: '/getSignalingChannelEndpoint', action, subject: subjectOf(channel.name), signal },
      body: {
        ChannelARN: channel.arn,
        SingleMasterChannelEndpointConfiguration: { Protocols: ['WSS', 'HTTPS'], Role: role },
      },
    });
    const list = readAnswer(endpointsAnswer, answer, action).ResourceEndpointList;
    const of = (protocol: string): string =>
      list.find(({ Protocol }) => Protocol === protocol)?.ResourceEndpoint ?? '';
    return {
      wss: namedEndpoint(this.#client.endpoint, of('WSS'), 'wss'),
      https: namedEndpoint(this.#client.endpoint, of('HTTPS'), 'https'),
    };
  }

  /** TURN servers, usable for `ttlSeconds`. @throws MediaError as AwsClient.call(). */
  async iceServers(
    { channel, endpoints, clientId }: ChannelVisit,
    signal: AbortSignal,
  ): Promise<{ readonly servers: readonly IceServer[]; readonly ttlSeconds: number }> {
    const action = 'kinesisvideo:GetIceServerConfig';
    const answer = await this.#client.call({
      ...{ base: endpoints.https, path: '/v1/get-ice-server-config', action, signal },
      subject: subjectOf(channel.name),
      body: {
        ...{ ChannelARN: channel.arn, Service: 'TURN' },
        ...(clientId === undefined ? {} : { ClientId: clientId }),
      },
    });
    const list = readAnswer(iceServersAnswer, answer, action).IceServerList;
    const ttl = Math.min(MAX_TTL_SECONDS, ...list.map(({ Ttl }) => Ttl));
    return {
      servers: list.flatMap(({ Uris, Username, Password }) =>
        Uris.map((url) => ({ url, username: Username, credential: Password })),
      ),
      ttlSeconds: Math.max(MIN_TTL_SECONDS, ttl),
    };
  }

  /** Where to connect within five minutes; a secret as a whole. @throws MediaError as AwsSigner. */
  async signedUrl(visit: ChannelVisit, signal: AbortSignal): Promise<URL> {
    const url = new URL(visit.endpoints.wss);
    url.searchParams.set('X-Amz-ChannelARN', visit.channel.arn);
    if (visit.clientId !== undefined) url.searchParams.set('X-Amz-ClientId', visit.clientId);
    return await this.#client.signUrl(url, signal);
  }

  /** Why a connection to `url` of signedUrl() was refused; keys that AWS does not take are forgotten. */
  connectFailure(answer: RefusedAnswer, { channel, role }: ChannelVisit, url: URL): MediaError {
    const failure = awsFailure(answer, {
      action: `kinesisvideo:ConnectAs${role === 'MASTER' ? 'Master' : 'Viewer'}`,
      subject: subjectOf(channel.name),
      ...{ region: this.region, nowMs: this.#client.nowMs },
    });
    if (KEY_FAILURES.has(failure.code)) this.#client.forgetCredentials(url);
    return failure;
  }
}

function subjectOf(name: string): string {
  return `channel '${name}'`;
}
