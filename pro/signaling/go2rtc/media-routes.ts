// Pictures and MP4 of a stream: /api/frame.jpeg and /api/stream.mp4.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { redactUrls } from '../../../core/base/url-redaction.ts';
import type { HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { Route } from '../../../core/http/route.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { Path } from '../../../core/path/path.ts';
import { openLiveMp4 } from '../../../core/record/live-mp4.ts';
import { FrameShaper, readFrameShape } from './frame-picture.ts';
import type { StreamDirectory } from './stream-directory.ts';
import { go2rtcRoute } from './text-reply.ts';

/** Takes pictures of paths. */
export interface FrameCamera {
  /** A JPEG of the newest key frame. @throws MediaError when there is none. */
  take(request: { readonly name: string }, signal?: AbortSignal): Promise<Buffer>;
}

/** What the routes work with. */
export interface MediaRoutesComponents {
  readonly clock: Clock;
  readonly directory: StreamDirectory;
  readonly paths: Pick<PathManager, 'get' | 'grant' | 'waitForStream' | 'read'>;
  /** Absent where nothing can decode pictures. */
  readonly camera?: FrameCamera | undefined;
}

const NO_CACHE = { 'Cache-Control': 'no-cache', Pragma: 'no-cache' };
const MAX_DURATION_SECONDS = 24 * 3600;
const MAX_FILE_NAME = 200;

/** Both routes. */
export function mediaRoutes(
  components: MediaRoutesComponents,
  options: { readonly maxMovies: number; readonly frameTimeoutMs: number },
): Route[] {
  const shaper = new FrameShaper();
  const movies = new Set<string>();
  return [
    go2rtcRoute({
      methods: ['GET'],
      pattern: '/api/frame.jpeg',
      action: (request) => frameReply(components, { ...options, shaper }, request),
    }),
    go2rtcRoute({
      methods: ['GET'],
      pattern: '/api/stream.mp4',
      action: async (request) => {
        if (movies.size >= options.maxMovies) {
          const message = `${options.maxMovies} MP4s are being watched already`;
          throw new MediaError('resource-exhausted', 'go2rtc-movies-full', message);
        }
        const id = randomUUID();
        movies.add(id);
        const done = (): void => void movies.delete(id);
        return await movieReply(components, request, { id, done });
      },
    }),
  ];
}

async function frameReply(
  components: MediaRoutesComponents,
  { shaper, frameTimeoutMs }: { readonly shaper: FrameShaper; readonly frameTimeoutMs: number },
  { query, signal }: HttpRequest,
): Promise<HttpReply> {
  const { camera, clock, directory, paths } = components;
  const { name, pathName } = await directory.getOrAdd(
    query.get('src') ?? '',
    query.get('name') ?? '',
  );
  if (!camera) {
    throw new MediaError('unavailable', 'go2rtc-no-pictures', 'pictures are switched off');
  }
  const late = new AbortController();
  const timer = clock.after(frameTimeoutMs, () => {
    const path = paths.get(pathName);
    // A stream that is there has a key frame soon, and the camera waits no longer than it may.
    if (path?.stream?.isOnline !== true) late.abort(frameTimeout(name, frameTimeoutMs, path));
  });
  try {
    const jpeg = await camera.take({ name: pathName }, AbortSignal.any([signal, late.signal]));
    const body = await shaper.shape(jpeg, readFrameShape(query));
    return { status: 200, headers: { 'Content-Type': 'image/jpeg', ...NO_CACHE }, body };
  } finally {
    timer.cancel();
  }
}

/** With the reason of the source, when it has told one. */
function frameTimeout(name: string, timeoutMs: number, path: Path | undefined): MediaError {
  const why = path?.lastFailure ? `: ${path.lastFailure.message}` : '';
  const text = `streams: '${redactUrls(name)}' has no stream after ${timeoutMs / 1000} s${why}`;
  return new MediaError('deadline-exceeded', 'go2rtc-frame-timeout', text);
}

interface MovieTicket {
  readonly id: string;
  readonly done: () => void;
}

async function movieReply(
  components: MediaRoutesComponents,
  { query, signal, method }: HttpRequest,
  { id, done }: MovieTicket,
): Promise<HttpReply> {
  const { paths, directory, clock } = components;
  try {
    const { pathName } = directory.get(query.get('src') ?? '');
    const headers = movieHeaders(query);
    if (method === 'HEAD') {
      done();
      return { status: 200, headers };
    }
    const grant = paths.grant(pathName, { user: '' });
    await paths.waitForStream(grant, signal);
    const lease = paths.read(grant, { id, type: 'mp4' });
    const release = (): void => {
      lease.close();
      done();
    };
    try {
      const body = await openLiveMp4(
        { stream: lease.stream, clock },
        { pathName, kinds: kindsOf(query), durationMs: durationOf(query), signal },
      );
      body.once('close', release);
      return { status: 200, headers, body };
    } catch (failure) {
      release();
      throw failure;
    }
  } catch (failure) {
    done();
    throw failure;
  }
}

/** Naming one kind leaves the other one out. */
function kindsOf(query: URLSearchParams): readonly ('video' | 'audio')[] {
  const kinds = (['video', 'audio'] as const).filter((kind) => query.has(kind));
  return kinds.length > 0 ? kinds : ['video', 'audio'];
}

function durationOf(query: URLSearchParams): number | undefined {
  const seconds = Number(query.get('duration') ?? 0);
  return seconds > 0 ? Math.min(seconds, MAX_DURATION_SECONDS) * 1000 : undefined;
}

function movieHeaders(query: URLSearchParams): Record<string, string> {
  const name = (query.get('filename') ?? '').slice(0, MAX_FILE_NAME);
  const headers = { 'Content-Type': 'video/mp4', ...NO_CACHE };
  if (name === '') return headers;
  // RFC 6266 section 4.3 and appendix D: a plain name for all, the exact one for those who know.
  const plain = name.replace(/[^\w .()-]/gu, '_');
  const exact = encodeURIComponent(name.toWellFormed()).replace(/[!'()*]/gu, '_');
  const disposition = `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
  return { ...headers, 'Content-Disposition': disposition };
}
