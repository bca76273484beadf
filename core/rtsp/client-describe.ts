// OPTIONS and DESCRIBE, redirects followed: what a source offers and where.
import { MediaError } from '../base/media-error.ts';
import { parseSdp } from '../sdp/parse-sdp.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { controlBaseUrl } from './client-control-url.ts';
import { statusError } from './client-status-error.ts';
import { parseSourceUrl, placeOf, type SourceUrl } from './client-url.ts';
import type { RtspClient } from './rtsp-client.ts';
import type { RtspResponse } from './rtsp-message.ts';

/** A source that told its description. */
export interface DescribedSource {
  readonly client: RtspClient;
  readonly url: SourceUrl;
  readonly description: SessionDescription;
  /** What relative controls belong to. */
  readonly baseUrl: string;
  /** The methods of `Public`, empty when the source did not say. */
  readonly methods: ReadonlySet<string>;
}

/** Connects to a URL; the caller owns the client and closes the one before. */
export type OpenClient = (url: SourceUrl) => Promise<RtspClient>;

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks for the description of `start`, wherever it was moved to.
 * @throws MediaError naming the source and its refusal; `invalid-argument` for an unreadable SDP;
 * `failed-precondition` for a redirect that must not be followed.
 */
export async function describeSource(start: SourceUrl, open: OpenClient): Promise<DescribedSource> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const client = await open(url);
    const options = await client.request('OPTIONS', url.requestUrl);
    const moved = isRedirect(options) ? options : await describe(client, url);
    if (!isRedirect(moved)) return read({ client, url, methods: publicMethods(options) }, moved);
    url = redirectTarget(url, moved);
  }
  throw refused(start, `redirects more than ${MAX_REDIRECTS} times`);
}

function describe(client: RtspClient, url: SourceUrl): Promise<RtspResponse> {
  return client.request('DESCRIBE', url.requestUrl, { Accept: 'application/sdp' });
}

function read(
  source: Pick<DescribedSource, 'client' | 'url' | 'methods'>,
  response: RtspResponse,
): DescribedSource {
  const { place } = source.client;
  if (response.statusCode !== 200) throw statusError({ place, method: 'DESCRIBE' }, response);
  const text = Buffer.from(response.body).toString('utf8');
  return {
    ...source,
    description: parseDescription(text, place),
    baseUrl: controlBaseUrl(response.headers, source.url.requestUrl),
  };
}

function parseDescription(text: string, place: string): SessionDescription {
  try {
    return parseSdp(text);
  } catch (thrown) {
    if (!(thrown instanceof MediaError)) throw thrown;
    throw new MediaError(thrown.kind, thrown.code, `${place}: DESCRIBE: ${thrown.message}`);
  }
}

function isRedirect(response: RtspResponse): boolean {
  return REDIRECTS.has(response.statusCode) && response.headers.get('Location') !== undefined;
}

/** Where a redirect leads; credentials go along only to the same host and never out of TLS. */
function redirectTarget(from: SourceUrl, response: RtspResponse): SourceUrl {
  const location = response.headers.get('Location') ?? '';
  const absolute = location.startsWith('/') ? originOf(from) + location : location;
  if (!/^rtsps?:\/\//iu.test(absolute)) throw refused(from, 'redirects to what is no RTSP URL');
  const target = parseSourceUrl(absolute);
  if (from.scheme === 'rtsps' && target.scheme === 'rtsp') {
    throw refused(from, `redirects from TLS to plain RTSP at ${placeOf(target)}`);
  }
  const isSameHost = target.host.toLowerCase() === from.host.toLowerCase();
  const kept = isSameHost ? from.credentials : undefined;
  return { ...target, credentials: target.credentials ?? kept };
}

function originOf(url: SourceUrl): string {
  return `${url.scheme}://${placeOf(url)}`;
}

function publicMethods(response: RtspResponse): ReadonlySet<string> {
  if (response.statusCode !== 200) return new Set();
  const text = response.headers.getAll('Public').join(',').slice(0, 1024);
  return new Set(text.split(',').map((method) => method.trim().toUpperCase()));
}

function refused(url: SourceUrl, problem: string): MediaError {
  const text = `${placeOf(url)} ${problem}`;
  return new MediaError('failed-precondition', 'rtsp-redirect-refused', text);
}
