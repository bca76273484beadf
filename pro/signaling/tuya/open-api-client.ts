// Calls Tuya's open API: signs, keeps one access token for everybody, and names what is refused.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { PinnedHttpClient } from '../../../core/http/pinned-http-client.ts';
import { untilAborted } from './abortable.ts';
import { openApiError } from './open-api-error.ts';
import {
  signMethodHeader,
  signOpenApi,
  type OpenApiCredentials,
  type OpenApiSignMethod,
} from './open-api-signature.ts';
import { OpenApiToken } from './open-api-token.ts';

/** What the client works with. */
export interface OpenApiClientComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly http: Pick<PinnedHttpClient, 'request'>;
}

/** Whose cloud project it is. */
export interface OpenApiClientOptions extends OpenApiCredentials {
  /** Base URL without slash at the end. */
  readonly endpoint: string;
  readonly authMode: 'easy' | 'auth';
  /** Authorization code; for `auth`. */
  readonly code: string;
  readonly signMethod: OpenApiSignMethod;
}

/** One call. */
export interface OpenApiRequest {
  readonly method: 'GET' | 'POST';
  /** With query, already escaped. */
  readonly path: string;
  /** Becomes JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Calls the open API; the signatures of what follows need no more than this. */
export interface OpenApi {
  /** Who authorized; empty for `easy`. @throws MediaError of the request for a token. */
  uid(signal: AbortSignal): Promise<string>;
  /** The `result` of the answer. @throws MediaError see OpenApiClient.call(). */
  call(request: OpenApiRequest): Promise<unknown>;
}

const MAX_WORDS = 200;
const replySchema = z.object({
  success: z.boolean().optional(),
  result: z.unknown().optional(),
  code: z
    .union([z.number(), z.string().regex(/^\d{1,12}$/u)])
    .transform(Number)
    .optional(),
  msg: z.string().optional(),
  t: z.number().optional(),
});

/** A client of one cloud project. */
export class OpenApiClient implements OpenApi {
  readonly #components: OpenApiClientComponents;
  readonly #options: OpenApiClientOptions;
  readonly #token: OpenApiToken;
  readonly #closed = new AbortController();

  constructor(components: OpenApiClientComponents, options: OpenApiClientOptions) {
    this.#components = components;
    this.#options = options;
    const { clock, logger } = components;
    this.#token = new OpenApiToken(
      {
        clock,
        logger,
        ask: (path) => this.#send({ method: 'GET', path, signal: this.#closed.signal }, ''),
      },
      options,
    );
  }

  async uid(signal: AbortSignal): Promise<string> {
    // The token of `easy` belongs to the project, not to the owner of devices.
    if (this.#options.authMode === 'easy') return '';
    await untilAborted(this.#token.get(), signal);
    return this.#token.uid ?? '';
  }

  /**
   * Calls with a token, once more with a new one when the cloud takes the token for invalid.
   * @throws MediaError `unauthenticated` (`tuya-sign-invalid`, `tuya-token-invalid`,
   * `tuya-client-invalid`, `tuya-secret-invalid`), `permission-denied` `tuya-permission-denied`,
   * `failed-precondition` `tuya-clock-skew`, `not-found` `tuya-path-invalid`, `unavailable`
   * (`tuya-device-offline`, `tuya-refused`, `tuya-answer-invalid`), and as PinnedHttpClient.request().
   */
  async call(request: OpenApiRequest): Promise<unknown> {
    const { signal } = request;
    const token = await untilAborted(this.#token.get(), signal);
    try {
      return await this.#send(request, token);
    } catch (thrown) {
      if (!(thrown instanceof MediaError) || thrown.code !== 'tuya-token-invalid') throw thrown;
      this.#token.forget(token);
      return await this.#send(request, await untilAborted(this.#token.get(), signal));
    }
  }

  /** Ends token requests that are on their way. Idempotent. */
  close(): void {
    this.#token.close();
    this.#closed.abort(new MediaError('canceled', 'closed', 'the Tuya account is closed'));
  }

  async #send(request: OpenApiRequest, accessToken: string): Promise<unknown> {
    const { clock, http } = this.#components;
    const { endpoint } = this.#options;
    const { method, path, signal } = request;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const url = `${endpoint}${path}`;
    const reply = await http.request({
      ...{ url, method, signal },
      headers: this.#headers({ method, url, body: body ?? '' }, accessToken),
      ...(body === undefined ? {} : { body }),
    });
    // Without the query and what stands behind /token/: both are credentials.
    const place = `${method} ${(path.split('?', 1)[0] ?? '').replace(/\/token\/.*/u, '/token/***')}`;
    const fields = readReply(reply.body);
    if (!fields) {
      const text = `Tuya's cloud answered ${reply.status} with what is no answer; ${place}`;
      if (reply.status === 404) throw new MediaError('not-found', 'tuya-path-invalid', text);
      throw new MediaError('unavailable', 'tuya-answer-invalid', text);
    }
    if (fields.success === true) return fields.result;
    throw openApiError({
      number: fields.code,
      words: this.#withoutSecrets(fields.msg ?? '', accessToken),
      skewMs: fields.t === undefined ? undefined : fields.t - clock.nowMs(),
      place,
    });
  }

  #headers(
    { method, url, body }: { readonly method: string; readonly url: string; readonly body: string },
    accessToken: string,
  ): Record<string, string> {
    const { clientId, signMethod } = this.#options;
    const t = String(this.#components.clock.nowMs());
    const nonce = signMethod === 'hmac' ? randomUUID().replaceAll('-', '') : '';
    const { pathname, search } = new URL(url);
    const sign = signOpenApi(signMethod, this.#options, {
      ...{ method, target: pathname + search, body: Buffer.from(body) },
      ...{ t, nonce, accessToken, signedHeaders: [] },
    });
    return {
      'Content-Type': 'application/json',
      client_id: clientId,
      ...{ sign, t, sign_method: signMethodHeader(signMethod), lang: 'en' },
      ...(nonce === '' ? {} : { nonce }),
      ...(accessToken === '' ? {} : { access_token: accessToken }),
    };
  }

  #withoutSecrets(words: string, accessToken: string): string {
    let text = words.slice(0, 1000);
    const { secret, code } = this.#options;
    for (const each of [secret, code, accessToken]) {
      if (each !== '') text = text.replaceAll(each, '***');
    }
    return text
      .replace(/[^\u0020-\u007e]+/gu, ' ')
      .slice(0, MAX_WORDS)
      .trim();
  }
}

function readReply(body: Buffer): z.infer<typeof replySchema> | undefined {
  try {
    return replySchema.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
