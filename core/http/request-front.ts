// What every request passes first, also a WebSocket handshake: who it is, what it wants, may it.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { IpSet } from '../base/ip-address.ts';
import { clientAddress, type ClientAddress } from './client-address.ts';
import { Cors } from './cors.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { HttpListenerOptions } from './listener-options.ts';
import type { AccessGate, AccessRule } from './route.ts';

/** What is known of a request before its URL is read. */
export interface RequestIdentity extends ClientAddress {
  readonly requestId: string;
  /** Headers of whatever the answer will be. */
  readonly headers: Readonly<Record<string, string>>;
}

const SECURITY_HEADERS = {
  Server: 'mediamtx-pro',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** The rules of one listener that do not depend on the route. */
export class RequestFront {
  readonly cors: Cors;
  readonly trustedProxies: IpSet;
  readonly #access: AccessGate;

  /** @throws MediaError invalid-argument for a malformed trusted proxy. */
  constructor(access: AccessGate, options: HttpListenerOptions) {
    this.cors = new Cors(options.cors);
    this.trustedProxies = new IpSet(
      options.trustedProxies ?? [],
      options.addressKey.replace(/Address$/u, 'TrustedProxies'),
    );
    this.#access = access;
  }

  identify(incoming: IncomingMessage): RequestIdentity {
    const client = clientAddress(incoming, this.trustedProxies);
    const requestId = this.#requestId(incoming, client);
    const cors = this.cors.headers(incoming.headers);
    return {
      ...client,
      requestId,
      headers: { ...SECURITY_HEADERS, 'X-Request-Id': requestId, ...cors },
    };
  }

  /**
   * Asks for access; the returned request knows the user.
   * @throws MediaError as the gate.
   */
  async admit(request: IncomingRequest, rule: AccessRule): Promise<IncomingRequest> {
    if (rule.type === 'public') return request;
    const { headers, ip, requestId, rawQuery: query, signal, method } = request;
    const { action } = rule;
    const path = rule.path?.(request) ?? '';
    const url = { method, urlPath: request.path, query };
    const question = { ...url, headers, ip, requestId, signal, action, path };
    return request.as(await this.#access(question));
  }

  /** A trusted proxy's id is kept, so that both logs tell the same story. */
  #requestId({ headers }: IncomingMessage, { isProxied }: ClientAddress): string {
    const given = headers['x-request-id'];
    const isUsable = isProxied && typeof given === 'string' && /^[\w.-]{1,64}$/u.test(given);
    return isUsable ? given : randomBytes(8).toString('hex');
  }
}
