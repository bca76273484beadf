// The parts of the API that speak JSON about the server: what it is, its streams, schemes and preloads.
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonReply, type HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { Route } from '../../../core/http/route.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { Go2rtcOptions } from './go2rtc-options.ts';
import type { Preloads } from './preloads.ts';
import type { Publications } from './publications.ts';
import type { StreamDirectory } from './stream-directory.ts';
import { streamInfo, type StreamInfoComponents } from './stream-info.ts';
import { go2rtcRoute, malformed } from './text-reply.ts';

/** What the routes work with. */
export interface StreamRoutesComponents extends StreamInfoComponents {
  readonly directory: StreamDirectory;
  readonly preloads: Preloads;
  readonly publications: Publications;
  readonly paths: Pick<PathManager, 'get' | 'grant' | 'waitForStream'>;
}

type RouteOptions = Pick<Go2rtcOptions, 'version' | 'rtspAddress' | 'schemes'>;

const KINDS = ['video', 'audio', 'microphone'] as const;

/** `/api`, `/api/streams`, `/api/schemes` and `/api/preload`. */
export function streamRoutes(components: StreamRoutesComponents, options: RouteOptions): Route[] {
  return [
    go2rtcRoute({
      methods: ['GET'],
      pattern: '/api',
      action: ({ headers }) => jsonReply(applicationInfo(headers.host ?? '', options)),
    }),
    go2rtcRoute({
      methods: ['GET', 'PUT', 'PATCH', 'POST', 'DELETE'],
      pattern: '/api/streams',
      action: (request) => answerStreams(components, request),
    }),
    go2rtcRoute({
      methods: ['GET'],
      pattern: '/api/schemes',
      action: () => jsonReply([...new Set([...options.schemes, 'ffmpeg'])].sort()),
    }),
    go2rtcRoute({
      methods: ['GET', 'PUT', 'DELETE'],
      pattern: '/api/preload',
      action: (request) => answerPreload(components, request),
    }),
  ];
}

/** No file names: who sees the API need not know the machine. */
function applicationInfo(host: string, { version, rtspAddress }: RouteOptions): unknown {
  return {
    config_path: '',
    host,
    revision: '',
    rtsp: { listen: rtspAddress, default_query: 'video&audio' },
    version,
  };
}

async function answerStreams(
  components: StreamRoutesComponents,
  request: HttpRequest,
): Promise<HttpReply> {
  const { directory } = components;
  const { query, method } = request;
  const src = query.get('src') ?? '';
  if (src === '' && method !== 'POST') return listReply(components);
  switch (method) {
    case 'PUT':
      await directory.put(query.get('name') || src, sourcesOf(query));
      return { status: 200 };
    case 'PATCH':
      if (!query.get('name')) throw malformed('no name');
      await directory.put(query.get('name') ?? '', [src]);
      return { status: 200 };
    case 'DELETE':
      return await answerDelete(components, src, query.get('dst') ?? '');
    case 'POST':
      return await answerPost(components, request, src);
    default:
      return await oneReply(components, request, src);
  }
}

function sourcesOf(query: URLSearchParams): string[] {
  return query.getAll('src').filter((source) => source !== '');
}

function listReply(components: StreamRoutesComponents): HttpReply {
  const entries = components.directory
    .list()
    .map((target) => [target.name, streamInfo(target, components)] as const);
  return jsonReply(Object.fromEntries(entries));
}

async function oneReply(
  components: StreamRoutesComponents,
  { query, signal }: HttpRequest,
  src: string,
): Promise<HttpReply> {
  const { directory, paths } = components;
  const target = directory.find(src);
  if (!target) return { status: 404 };
  if (KINDS.some((kind) => query.has(kind))) {
    await paths.waitForStream(paths.grant(target.pathName, { user: '' }), signal);
  }
  const reply = jsonReply(undefined);
  return { ...reply, body: JSON.stringify(streamInfo(target, components), undefined, 2) };
}

/** With `dst` the stream stays and is sent there no longer, which go2rtc has no request for. */
async function answerDelete(
  { directory, preloads, publications }: StreamRoutesComponents,
  src: string,
  dst: string,
): Promise<HttpReply> {
  if (dst !== '') {
    publications.remove(src, dst);
    return { status: 200 };
  }
  await directory.remove(src);
  preloads.forget(src);
  publications.remove(src);
  return { status: 200 };
}

/** Sends the stream `src` to the URL `dst`; in which of both is looked up first go2rtc is followed. */
async function answerPost(
  { directory, publications }: StreamRoutesComponents,
  { query, signal }: HttpRequest,
  src: string,
): Promise<HttpReply> {
  const dst = query.get('dst') ?? '';
  if (dst === '') throw malformed('no dst');
  if (directory.find(dst)) {
    const message =
      'streams: playing into a stream is not supported; let its source be the URL (PUT), or send ' +
      'a stream (src) to an rtsp://, rtsps://, whip:// or whips:// URL (dst)';
    throw new MediaError('invalid-argument', 'go2rtc-play-unsupported', message);
  }
  await publications.add(directory.get(src), dst, signal);
  return { status: 200 };
}

async function answerPreload(
  { preloads, directory }: StreamRoutesComponents,
  { method, query, signal }: HttpRequest,
): Promise<HttpReply> {
  const src = query.get('src') ?? '';
  switch (method) {
    case 'PUT': {
      const wanted = new URLSearchParams();
      for (const kind of KINDS) if (query.has(kind)) wanted.set(kind, query.get(kind) ?? '');
      const target = directory.find(src);
      if (!target) throw notPreloadable();
      await preloads.add(target, wanted.toString(), signal);
      return { status: 200 };
    }
    case 'DELETE':
      preloads.remove(src);
      return { status: 200 };
    default:
      return jsonReply(preloads.list());
  }
}

/** Answered with 500, as go2rtc does here. */
function notPreloadable(): MediaError {
  return new MediaError('not-found', 'go2rtc-preload-not-found', 'streams: stream not found');
}
