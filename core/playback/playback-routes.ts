// GET /list and GET /get of the playback server.
import { MediaError } from '../base/media-error.ts';
import { contentRange, isRangeCurrent, selectBytes } from '../http/byte-range.ts';
import { jsonReply, type HttpReply } from '../http/http-reply.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Route } from '../http/route.ts';
import { playbackBody } from './playback-body.ts';
import { PlaybackPlanner } from './playback-planner.ts';
import type { PlaybackPlan } from './playback-plan.ts';
import { readGetQuery, readListQuery } from './playback-query.ts';
import type { RecordedSpan, RecordedSpans } from './recorded-spans.ts';
import type { PlaybackLibrary } from './recording-source.ts';

/** What the routes answer from. */
export interface PlaybackContext {
  readonly library: PlaybackLibrary;
  readonly spans: RecordedSpans;
  /** Whether an entry of `paths` covers a name. */
  readonly isConfigured: (pathName: string) => boolean;
}

const EXPOSED = ['Content-Length', 'Content-Range', 'Accept-Ranges', 'ETag'] as const;

/** Both ask for the action `playback` on the path of their query. */
export function playbackRoutes(context: PlaybackContext): readonly Route[] {
  const access = {
    type: 'action',
    action: 'playback',
    path: ({ query }: HttpRequest) => query.get('path') ?? '',
  } as const;
  return [
    {
      ...{ methods: ['GET'], pattern: '/list', access },
      action: (request) => list(context, request),
    },
    {
      ...{ methods: ['GET'], pattern: '/get', access, exposeHeaders: EXPOSED },
      action: (request) => get(context, request),
    },
  ];
}

async function list(context: PlaybackContext, request: HttpRequest): Promise<HttpReply> {
  const query = readListQuery(request.query);
  const { pathName } = query;
  checkConfigured(context, pathName);
  const spans = await context.spans.list(pathName, query);
  if (spans.length === 0) {
    const message = `nothing was recorded of path '${pathName}' in this time`;
    throw new MediaError('not-found', 'no-segment', message);
  }
  const origin = `${request.isSecure ? 'https' : 'http'}://${request.headers.host ?? ''}`;
  return jsonReply(spans.map((span) => entryOf(span, pathName, origin)));
}

/** As the peer writes it: parameters in alphabetical order. */
function entryOf(
  span: RecordedSpan,
  path: string,
  origin: string,
): { readonly start: string; readonly duration: number; readonly url: string } {
  const start = new Date(span.startAt).toISOString();
  const duration = span.durationMs / 1000;
  const query = new URLSearchParams({ duration: String(duration), path, start });
  return { start, duration, url: `${origin}/get?${query.toString()}` };
}

async function get(context: PlaybackContext, request: HttpRequest): Promise<HttpReply> {
  const { library } = context;
  const query = readGetQuery(request.query);
  checkConfigured(context, query.pathName);
  const plan = await new PlaybackPlanner(library, query, request.signal).plan();
  const common = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
    ETag: plan.etag,
  };
  const selection = select(request, plan);
  if (selection.type === 'unsatisfiable') {
    const range = contentRange(selection, plan.sizeBytes);
    return { status: 416, headers: { ...common, 'Content-Range': range } };
  }
  const isPart = selection.type === 'part';
  const span = isPart
    ? { start: selection.start, end: selection.end + 1 }
    : { start: 0, end: plan.sizeBytes };
  const headers = {
    ...common,
    'Content-Type': 'video/mp4',
    'Content-Length': String(span.end - span.start),
    ...(isPart ? { 'Content-Range': contentRange(selection, plan.sizeBytes) } : {}),
  };
  const status = isPart ? 206 : 200;
  if (request.method === 'HEAD') return { status, headers, body: '' };
  return { status, headers, body: playbackBody(library, plan, span) };
}

function select(
  { method, headers }: HttpRequest,
  { etag, sizeBytes }: PlaybackPlan,
): ReturnType<typeof selectBytes> {
  const ifRange = headers['if-range'];
  const validators = { etag, modifiedAt: 0 };
  const isMeant = isRangeCurrent(typeof ifRange === 'string' ? ifRange : undefined, validators);
  return method === 'GET' && isMeant ? selectBytes(headers.range, sizeBytes) : { type: 'whole' };
}

function checkConfigured({ isConfigured }: PlaybackContext, pathName: string): void {
  if (isConfigured(pathName)) return;
  const message = `path '${pathName}' is not configured`;
  throw new MediaError('invalid-argument', 'path-not-configured', message);
}
