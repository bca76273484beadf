// A small double of Tuya's open API: tokens, device and MQTT configurations, each request's signature checked.
import { createServer } from 'node:http';
import type { OutgoingReply, OutgoingRequest } from '../../../core/http/pinned-http-client.ts';
import {
  verifyOpenApi,
  type OpenApiSignMethod,
} from '../../../pro/signaling/tuya/open-api-signature.ts';

/** What the double knows. */
export interface OpenApiDoubleOptions {
  readonly clientId: string;
  readonly secret: string;
  /** `result` of webrtc-configs by device id. */
  readonly devices: Readonly<Record<string, unknown>>;
  /** `result` of access/config. */
  readonly mqtt: unknown;
  readonly knowsV1?: boolean;
  readonly tokenLifeSeconds?: number;
  readonly nowMs?: () => number;
}

/** A request as the double saw it. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly kind: OpenApiSignMethod;
  readonly body: string;
  readonly accessToken: string;
}

/** Answers requests, in memory or over HTTP. */
export class OpenApiDouble {
  readonly calls: SeenCall[] = [];
  /** Refusals that come before everything else, one for each request. */
  readonly refusals: { readonly code: number; readonly msg: string }[] = [];
  readonly #options: OpenApiDoubleOptions;
  #tokenCount = 0;

  constructor(options: OpenApiDoubleOptions) {
    this.#options = options;
  }

  get token(): string {
    return `token-${this.#tokenCount}`;
  }

  /** Tokens of before do not work any more. */
  revoke(): void {
    this.#tokenCount += 1;
  }

  /** As a client's transport. */
  request(request: OutgoingRequest): Promise<OutgoingReply> {
    request.signal?.throwIfAborted();
    const { pathname, search } = new URL(request.url);
    const body = Buffer.from(request.body ?? '');
    const headers = new Map(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const target = pathname + search;
    const answer = this.#answer({ method: request.method ?? 'GET', target, body, headers });
    const reply = { t: this.#nowMs(), ...answer };
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(reply)) });
  }

  /** Listens on a free port of 127.0.0.1. */
  async listen(): Promise<AsyncDisposable & { readonly endpoint: string }> {
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming;
        const flat: Record<string, string> = {};
        for (const [name, value] of Object.entries(headers)) flat[name] = String(value);
        void this.request({
          url: `http://double${url}`,
          ...{ method, body: Buffer.concat(chunks), headers: flat },
        }).then(({ body }) => outgoing.end(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return {
      endpoint: `http://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  #answer(call: {
    readonly method: string;
    readonly target: string;
    readonly body: Buffer;
    readonly headers: ReadonlyMap<string, string>;
  }): object {
    const { method, target, body, headers } = call;
    const accessToken = headers.get('access_token') ?? '';
    const t = headers.get('t') ?? '';
    const refusal = this.refusals.shift();
    if (refusal) return { success: false, ...refusal };
    if (headers.get('client_id') !== this.#options.clientId)
      return refuse(1005, 'clientId invalid');
    if (Math.abs(Number(t) - this.#nowMs()) > 300_000)
      return refuse(1013, 'request time is invalid');
    const kind = verifyOpenApi(
      this.#options,
      {
        method,
        target,
        body,
        t,
        accessToken,
        nonce: headers.get('nonce') ?? '',
        signedHeaders: [],
      },
      headers.get('sign') ?? '',
    );
    if (!kind) return refuse(1004, 'sign invalid');
    const path = target.split('?', 1)[0] ?? '';
    this.calls.push({ method, path: target, kind, body: body.toString(), accessToken });
    if (path.startsWith('/v1.0/token')) return this.#issueToken(path);
    if (accessToken !== this.token) return refuse(1010, 'token invalid');
    return this.#result(method, path);
  }

  #issueToken(path: string): object {
    const refresh = path.slice('/v1.0/token/'.length);
    if (refresh !== '' && refresh !== `refresh-${this.#tokenCount}`) {
      return refuse(1010, 'token invalid');
    }
    this.#tokenCount += 1;
    const result = {
      access_token: this.token,
      refresh_token: `refresh-${this.#tokenCount}`,
      uid: 'uid-of-token',
      expire_time: this.#options.tokenLifeSeconds ?? 7200,
    };
    return { success: true, result };
  }

  #result(method: string, path: string): object {
    const { devices, mqtt, knowsV1 = true } = this.#options;
    const [, deviceId] =
      /^\/v1\.0\/(?:users\/[^/]+\/)?devices\/([^/]+)\/webrtc-configs$/u.exec(path) ?? [];
    if (method === 'GET' && deviceId !== undefined) {
      const result = devices[deviceId];
      return result === undefined ? refuse(1106, 'permission deny') : { success: true, result };
    }
    const isV1 = path === '/v1.0/open-hub/access/config' && knowsV1;
    if (method === 'POST' && (isV1 || path === '/v2.0/open-iot-hub/access/config')) {
      return { success: true, result: mqtt };
    }
    return refuse(1108, 'uri path invalid');
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? Date.now();
  }
}

function refuse(code: number, msg: string): object {
  return { success: false, code, msg };
}
