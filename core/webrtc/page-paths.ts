// What the index page shows: the paths that its visitor may watch.
import { MediaError, toMediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import { describeCodec } from '../codec/describe-codec.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Path } from '../path/path.ts';
import type { PathManager } from '../path/path-manager.ts';
import type { Track } from '../stream/track.ts';
import type { PageGate, PageWish } from './page-access.ts';

/** One row of the index page. */
export interface PathRow {
  readonly name: string;
  /** `standby` starts when somebody watches; `failing` is tried again and again. */
  readonly state: 'live' | 'standby' | 'connecting' | 'failing' | 'waiting';
  /** Date ms. */
  readonly onlineAt: number | null;
  readonly tracks: readonly string[];
  readonly readers: number;
  /** Who feeds the path, as the Control API names it; empty when nobody does. */
  readonly origin: string;
  /** Why the source failed last; null while it works. */
  readonly failure: string | null;
  readonly canPublish: boolean;
}

/** The answer of paths.json. */
export interface PathOverview {
  readonly paths: readonly PathRow[];
  /** Somebody who logs in may see more. */
  readonly isLoginNeeded: boolean;
  /** The credentials that were shown are wrong. */
  readonly isRefused: boolean;
  /** Of the example that publishes; null when no new name can be published to. */
  readonly exampleName: string | null;
  /** Null when the RTSP server is off. */
  readonly rtspPort: number | null;
}

/** What the overview is made from. */
export interface PathOverviewComponents {
  readonly pathManager: PathManager;
  readonly gate: PageGate;
  readonly rtspPort: number | null;
}

const EXAMPLE_NAMES: readonly string[] = ['mystream', 'cam1'];

/** Asks for every path what the visitor may do; wrong credentials count as one attempt. */
export async function listVisiblePaths(
  request: HttpRequest,
  { pathManager, gate, rtspPort }: PathOverviewComponents,
): Promise<PathOverview> {
  const visitor = new Visitor(request, gate);
  const rows: PathRow[] = [];
  const paths = pathManager.list();
  // Without any path the credentials would not be looked at.
  if (paths.length === 0) await visitor.may({ action: 'read', path: '' });
  for (const path of paths) {
    if (!(await visitor.may({ action: 'read', path: path.name }))) continue;
    const canPublish =
      path.config.source === 'publisher' &&
      (await visitor.may({ action: 'publish', path: path.name }));
    rows.push(toRow(path, canPublish));
  }
  return {
    paths: rows,
    isLoginNeeded: visitor.isLoginNeeded,
    isRefused: visitor.isRefused,
    exampleName: exampleName(pathManager),
    rtspPort,
  };
}

/** One visitor; after a refusal the rest is asked without credentials, which costs nothing. */
class Visitor {
  isLoginNeeded = false;
  isRefused = false;
  readonly #request: HttpRequest;
  readonly #gate: PageGate;

  constructor(request: HttpRequest, gate: PageGate) {
    this.#request = request;
    this.#gate = gate;
  }

  /** @throws MediaError when the authorizer itself can't answer. */
  async may(wish: PageWish): Promise<boolean> {
    try {
      await this.#gate(this.#request, wish, this.isRefused);
      return true;
    } catch (thrown) {
      return this.#judge(toMediaError(thrown), wish);
    }
  }

  async #judge(error: MediaError, wish: PageWish): Promise<boolean> {
    if (error.kind === 'permission-denied') return false;
    if (error.kind !== 'unauthenticated') throw error;
    this.isLoginNeeded = true;
    if (this.isRefused || error.context['hadCredentials'] !== true) return false;
    this.isRefused = true;
    return await this.may(wish);
  }
}

function toRow(path: Path, canPublish: boolean): PathRow {
  const stream = path.onlineAt === undefined ? undefined : path.stream;
  const failure = stream ? undefined : path.lastFailure;
  return {
    name: path.name,
    state: stateOf(path),
    onlineAt: path.onlineAt ?? null,
    tracks: stream?.tracks.map(trackText) ?? [],
    readers: path.readers.size,
    origin: path.origin?.type ?? '',
    failure: failure ? redactUrls(failure.message) : null,
    canPublish,
  };
}

function stateOf(path: Path): PathRow['state'] {
  if (path.onlineAt !== undefined) return 'live';
  if (path.config.source === 'publisher') return 'waiting';
  if (path.config.source === 'redirect') return 'standby';
  if (path.lastFailure) return 'failing';
  return path.config.sourceOnDemand ? 'standby' : 'connecting';
}

/** E.g. `H264 1920×1080`, `Opus stereo`. */
function trackText({ codec }: Track): string {
  const { label, props } = describeCodec(codec);
  const width = Number(props?.['width'] ?? 0);
  if (width > 0) return `${label} ${width}×${String(props?.['height'])}`;
  const channels = Number(props?.['channelCount'] ?? 0);
  if (channels === 0) return label;
  return `${label} ${['', 'mono', 'stereo'][channels] ?? `${channels} channels`}`;
}

/** A name that can be published to and that nobody uses. */
function exampleName(pathManager: PathManager): string | null {
  for (const name of EXAMPLE_NAMES) {
    if (pathManager.get(name) === undefined && takesPublishers(pathManager, name)) return name;
  }
  return null;
}

function takesPublishers(pathManager: PathManager, name: string): boolean {
  try {
    return pathManager.grant(name, { user: '' }).config.source === 'publisher';
  } catch (thrown) {
    if (thrown instanceof MediaError && thrown.code === 'path-not-configured') return false;
    throw thrown;
  }
}
