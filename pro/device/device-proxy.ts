// Hands requests to the web interface of a configured capture device, and to nothing else.
import type { Readable } from 'node:stream';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { AddressPolicy, type DestinationCheck } from '../../core/http/address-policy.ts';
import type { HttpReply } from '../../core/http/http-reply.ts';
import type { HttpRequest } from '../../core/http/http-request.ts';
import type { HostResolver } from '../../core/http/pin-destination.ts';
import { PinnedHttpClient, type OutgoingStream } from '../../core/http/pinned-http-client.ts';
import { parseDeviceAddress, type DeviceAddress } from './device-target.ts';
import { fromDeviceHeaders, toDeviceHeaders } from './proxy-headers.ts';

/** The devices of the configuration as it is now. */
export interface DeviceDirectory {
  /** `host[:port]` of a path's device; empty when it has none, undefined for an unknown path. */
  addressOf(pathName: string): string | undefined;
  /** Those of all paths with a device. */
  addresses(): Iterable<string>;
}

/** What the proxy works with. */
export interface DeviceProxyComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly devices: DeviceDirectory;
  /** Default: as the machine resolves. */
  readonly resolver?: HostResolver;
}

/** Settings of the proxy. */
export interface DeviceProxyOptions {
  /** `proxyAllowedDevices`: addresses, networks and host names, with or without port. */
  readonly allowedDevices: readonly string[];
  /** Ports that this server listens on. */
  readonly ownPorts?: () => readonly number[];
  /** To the first byte of an answer, and longest pause within it. Default 10 s. */
  readonly timeoutMs?: number;
  /** For the body of an answer. Default 5 min. */
  readonly bodyMs?: number;
  /** Default 256 MiB. */
  readonly maxReplyBytes?: number;
  /** At a time, answers that still flow included. Default 64. */
  readonly maxRequests?: number;
}

/** What the proxy reads of a request. */
export type ProxyRequest = Pick<
  HttpRequest,
  'method' | 'rawQuery' | 'headers' | 'signal' | 'readBody'
>;

/** Longest request body that routes of the proxy should take, in bytes; it is held in memory. */
export const maxDeviceBodyBytes = 16 * 1024 * 1024;

const MIB = 1024 * 1024;
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const WITHOUT_REPLY_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** Parameters that tell us who asks. */
const CREDENTIALS: readonly string[] = ['access_token', 'jwt'];

/** The proxy behind `/api/v2/proxy/device/*path`. */
export class DeviceProxy {
  readonly #components: DeviceProxyComponents;
  readonly #client: PinnedHttpClient;
  readonly #maxRequests: number;
  readonly #ownPorts: (() => readonly number[]) | undefined;
  #policy: AddressPolicy;
  #running = 0;

  /** @throws MediaError invalid-argument for a malformed entry of `allowedDevices`. */
  constructor(components: DeviceProxyComponents, options: DeviceProxyOptions) {
    const { clock, resolver } = components;
    const { allowedDevices, timeoutMs = 10_000, bodyMs = 300_000 } = options;
    this.#components = components;
    this.#maxRequests = options.maxRequests ?? 64;
    this.#ownPorts = options.ownPorts;
    this.#policy = this.#policyFor(allowedDevices);
    const policy: DestinationCheck = {
      checkHost: (destination) => this.#policy.checkHost(destination),
      checkAddress: (destination, address) => this.#policy.checkAddress(destination, address),
    };
    this.#client = new PinnedHttpClient(
      { clock, policy, ...(resolver ? { resolver } : {}) },
      {
        ...{ schemes: ['http'], timeoutMs, idleMs: timeoutMs, bodyMs },
        maxResponseBytes: options.maxReplyBytes ?? 256 * MIB,
      },
    );
  }

  /**
   * Takes another list of allowed devices; requests that run go on.
   * @throws MediaError invalid-argument for a malformed entry; the former list stays.
   */
  allow(allowedDevices: readonly string[]): void {
    this.#policy = this.#policyFor(allowedDevices);
  }

  /**
   * Sends a request to `http://<device>/iw/<path>` and streams the answer back. The device is
   * `deviceAddr` of the query, or that of the path that `name` tells.
   * @param path Decoded; may end with a slash.
   * @throws MediaError invalid-argument `device-addr-missing`, `invalid-device-address`,
   * `invalid-device-path`; not-found `path-not-found`; permission-denied `destination-not-allowed`,
   * `address-denied`; unsupported `device-upgrade-refused`; unavailable `device-unreachable` (502),
   * `too-many-device-requests`; deadline-exceeded `device-timeout`.
   */
  async forward(path: string, request: ProxyRequest): Promise<HttpReply> {
    if (request.headers.upgrade !== undefined) {
      const message = 'connections to devices are not upgraded';
      throw new MediaError('unsupported', 'device-upgrade-refused', message);
    }
    const { address, query } = this.#choose(request.rawQuery);
    const url = toDeviceUrl(address, path, query);
    if (this.#running >= this.#maxRequests) {
      const message = `${this.#maxRequests} requests to devices are running already`;
      throw new MediaError('unavailable', 'too-many-device-requests', message);
    }
    this.#running++;
    try {
      const stream = await this.#send(url, request);
      const body = this.#bodyOf(stream, request.method);
      return { status: stream.status, headers: fromDeviceHeaders(stream.headers), body };
    } catch (thrown) {
      this.#running--;
      throw this.#failure(thrown, address);
    }
  }

  #policyFor(allow: readonly string[]): AddressPolicy {
    const ownPorts = this.#ownPorts;
    return new AddressPolicy({
      ...{ allow, onlyAllowed: true, place: 'proxyAllowedDevices' },
      ...(ownPorts ? { ownPorts } : {}),
      isHostAllowed: (host, port) => this.#isDevice(host, port),
    });
  }

  async #send(url: string, request: ProxyRequest): Promise<OutgoingStream> {
    const { method, headers, signal } = request;
    const body = WITH_BODY.has(method) ? await request.readBody() : undefined;
    return await this.#client.open({
      ...{ url, method, headers: toDeviceHeaders(headers), signal },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The request runs until the body is read or given up. */
  #bodyOf({ status, body }: OutgoingStream, method: string): Readable | undefined {
    if (body.closed) this.#running--;
    else body.once('close', () => this.#running--);
    if (method !== 'HEAD' && !WITHOUT_REPLY_BODY.has(status)) return body;
    body.destroy();
    return undefined;
  }

  /** Which device, and what is left of the query for it, byte for byte. */
  #choose(rawQuery: string): { readonly address: DeviceAddress; readonly query: string } {
    const values = new URLSearchParams(rawQuery);
    const given = values.getAll('deviceAddr');
    if (given.length > 1) {
      const message = 'deviceAddr is given more than once';
      throw new MediaError('invalid-argument', 'invalid-device-address', message);
    }
    const [text = ''] = given;
    if (text !== '') {
      const query = withoutKeys(rawQuery, [...CREDENTIALS, 'deviceAddr']);
      return { address: parseDeviceAddress(text), query };
    }
    const name = values.get('name') ?? '';
    const query = withoutKeys(rawQuery, [...CREDENTIALS, 'deviceAddr', 'name']);
    return { address: this.#deviceOf(name), query };
  }

  #deviceOf(name: string): DeviceAddress {
    const address = name === '' ? '' : this.#components.devices.addressOf(name);
    if (address === undefined) {
      throw new MediaError('not-found', 'path-not-found', 'path not found');
    }
    if (address !== '') return parseDeviceAddress(address);
    throw new MediaError(
      'invalid-argument',
      'device-addr-missing',
      'deviceAddr parameter required',
    );
  }

  #isDevice(host: string, port: number): boolean {
    for (const text of this.#components.devices.addresses()) {
      if (text === '') continue;
      const address = parseDeviceAddress(text);
      if (address.host === host && (address.port ?? port) === port) return true;
    }
    return false;
  }

  /** Refusals keep their words; what went wrong with the device is one documented text. */
  #failure(thrown: unknown, { authority }: DeviceAddress): MediaError {
    const error = toMediaError(thrown);
    const isDeviceFault =
      error.kind === 'unavailable' ||
      error.kind === 'deadline-exceeded' ||
      error.kind === 'internal';
    if (!isDeviceFault) return error;
    this.#components.logger.debug(`device ${authority}: ${error.message}`);
    const message = 'failed to proxy request to device';
    const options = { cause: error };
    return error.kind === 'deadline-exceeded'
      ? new MediaError('deadline-exceeded', 'device-timeout', message, options)
      : new MediaError('unavailable', 'device-unreachable', message, options);
  }
}

/** The path is checked and not cleaned: what looks like a way out of /iw is an error. */
function toDeviceUrl({ authority }: DeviceAddress, path: string, query: string): string {
  const segments = path.replace(/^\//u, '').replace(/\/$/u, '').split('/');
  const isEmpty = segments.length === 1 && segments[0] === '';
  const isBad = (segment: string): boolean =>
    segment === '' || segment === '.' || segment === '..' || /[\p{Cc}\\]/u.test(segment);
  if (!isEmpty && segments.some(isBad)) throw invalidPath();
  const encoded = isEmpty ? '' : segments.map((segment) => `/${encode(segment)}`).join('');
  const pathname = `/iw${encoded}${path.endsWith('/') ? '/' : ''}`;
  const url = new URL(`http://${authority}${pathname}`);
  if (url.pathname !== pathname) throw invalidPath();
  url.search = query;
  return url.href;
}

function encode(segment: string): string {
  try {
    return encodeURIComponent(segment);
  } catch {
    // A lone surrogate.
    throw invalidPath();
  }
}

function withoutKeys(rawQuery: string, keys: readonly string[]): string {
  return rawQuery
    .split('&')
    .filter((part) => {
      const [key = ''] = new URLSearchParams(part).keys();
      return !keys.includes(key);
    })
    .join('&');
}

function invalidPath(): MediaError {
  const message = 'the path has an empty, a dot or an unreadable segment; proxy/device';
  return new MediaError('invalid-argument', 'invalid-device-path', message);
}
