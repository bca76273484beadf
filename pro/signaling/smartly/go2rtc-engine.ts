// Lets another go2rtc answer offers: ask, register the camera when it does not know it, ask again.
import { unescape } from 'node:querystring';
import { z } from 'zod';
import type { Clock } from '../../../core/base/clock.ts';
import { fetchText, type FetchedText } from '../../../core/base/fetch-text.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { redactUrls } from '../../../core/base/url-redaction.ts';
import { readOffer } from '../../../core/webrtc/peer-offer.ts';
import type { EngineSession } from '../session/engine-session.ts';

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_QUOTED_CHARS = 200;

const answerSchema = z.object({ type: z.literal('answer').optional(), sdp: z.string() });

/** What is offered, and what the stream is called there. */
export interface Go2rtcOffer {
  readonly entityId: string;
  /** URL that go2rtc may pull the camera from; unknown for streams of its own configuration. */
  readonly source: string | undefined;
  readonly offer: string;
  readonly signal: AbortSignal;
}

/** A client of go2rtc's HTTP API. */
export class Go2rtcEngine {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Without credentials, and without a slash at the end. */
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  constructor(
    components: { readonly clock: Clock; readonly logger: Logger },
    options: { readonly url: string; readonly timeoutMs: number },
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    const { url, headers } = splitLogin(options.url);
    this.#url = url;
    this.#headers = headers;
    this.#timeoutMs = options.timeoutMs;
  }

  /**
   * The session lives over there: its candidates are all in the answer, and its end is the end of
   * the connection.
   * @throws MediaError `go2rtc-not-available`, `stream-source-not-found`, `webrtc-failed`, or
   * `invalid-argument` for an offer that nobody can answer.
   */
  async open(offered: Go2rtcOffer): Promise<EngineSession> {
    readOffer(offered.offer);
    let reply = await this.#offer(offered);
    if (reply.status === 404) {
      await this.#register(offered);
      reply = await this.#offer(offered);
    }
    const answer = answerOf(reply);
    this.#logger.info(`Successfully got WebRTC answer from go2rtc for ${offered.entityId}`);
    return {
      answer,
      isAlive: true,
      activity: 0,
      addCandidate: () => undefined,
      localCandidates: () => Promise.resolve([]),
      close: () => undefined,
    };
  }

  #offer({ entityId, offer, signal }: Go2rtcOffer): Promise<FetchedText> {
    const url = `${this.#url}/api/webrtc?src=${encodeURIComponent(entityId)}`;
    const place = `${this.#url}/api/webrtc`;
    this.#logger.debug(`Sending WebRTC offer to go2rtc for ${entityId}: ${place}`);
    return this.#call({
      ...{ url, signal, method: 'POST' },
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ type: 'offer', sdp: offer }),
    });
  }

  /** Whether it worked shows when the offer is made again. */
  async #register({ entityId, source, signal }: Go2rtcOffer): Promise<void> {
    if (source === undefined) {
      throw new MediaError('not-found', 'stream-source-not-found', 'No stream source available');
    }
    const query = new URLSearchParams({ name: entityId, src: source }).toString();
    const url = `${this.#url}/api/streams?${query}`;
    const { status } = await this.#call({ url, signal, method: 'PUT' });
    const text = `stream ${entityId} registered with go2rtc: ${status}`;
    if (status === 200 || status === 201) this.#logger.info(text);
    else this.#logger.warn(text);
  }

  async #call(
    request: Omit<Parameters<typeof fetchText>[1], 'timeoutMs' | 'maxBytes'>,
  ): Promise<FetchedText> {
    try {
      return await fetchText(this.#clock, {
        ...request,
        headers: { ...request.headers, ...this.#headers },
        timeoutMs: this.#timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
      });
    } catch (thrown) {
      request.signal?.throwIfAborted();
      const cause = toMediaError(thrown);
      throw new MediaError(
        'unavailable',
        'go2rtc-not-available',
        `Failed to connect to go2rtc: ${cause.message}`,
        { cause },
      );
    }
  }
}

/** fetch() takes no URL with a user; `http://user:pass@host` is how an operator writes a login. */
function splitLogin(text: string): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const url = new URL(text);
  const login = [url.username, url.password].map((part) => unescape(part)).join(':');
  const hasLogin = url.username !== '';
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  return {
    url: url.href.replace(/\/+$/u, ''),
    headers: hasLogin ? { Authorization: authorization } : {},
  };
}

/** JSON as go2rtc answers JSON, or bare SDP as it answers WHEP. */
function answerOf({ status, contentType, text }: FetchedText): string {
  if (status !== 200 && status !== 201) {
    const said = redactUrls(text.slice(0, MAX_QUOTED_CHARS).trim());
    throw failed(`go2rtc answered ${status}${said === '' ? '' : `: ${said}`}`);
  }
  const sdp = contentType === 'application/json' ? sdpOf(text) : text;
  if (sdp?.startsWith('v=0') === true) return sdp;
  throw failed('go2rtc answered without SDP');
}

function sdpOf(text: string): string | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data?.sdp;
  } catch {
    return undefined;
  }
}

function failed(message: string): MediaError {
  return new MediaError('unavailable', 'webrtc-failed', message);
}
