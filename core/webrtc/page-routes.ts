// The pages: an index of the paths, and for each path a player and a page that publishes.
import type { Authorizer } from '../auth/access-request.ts';
import { MediaError } from '../base/media-error.ts';
import type { HttpReply } from '../http/http-reply.ts';
import { jsonReply } from '../http/http-reply.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { AccessRule, Route } from '../http/route.ts';
import type { PathManager } from '../path/path-manager.ts';
import { createPageGate, withErrorPage, type PageFailure, type PageGate } from './page-access.ts';
import { readPageAssets, type PageAssets, type PageTemplate } from './page-assets.ts';
import { createRenderedPage, pageFileReply } from '../http/page-file.ts';
import { listVisiblePaths } from './page-paths.ts';
import { renderTemplate } from './page-template.ts';

/** What the pages show and whom they ask. */
export interface PageComponents {
  readonly pathManager: PathManager;
  readonly authorizer: Authorizer;
}

/** What the pages tell about the rest of the server. */
export interface PageOptions {
  /** For the examples; null when the RTSP server is off. */
  readonly rtspPort?: number | null;
}

/**
 * Files of the pages live below this name at the root, and pages point there by relative URLs, so
 * that they also work behind a proxy that adds a prefix. A stream may still have the name: its page
 * has a trailing slash.
 */
const ASSETS = 'mediamtx-pro';
const DEFAULT_RTSP_PORT = 8554;
const LIBRARIES = ['reader.js', 'publisher.js'] as const;

const SELF_GUARDED: AccessRule = {
  type: 'public',
  reason: 'asks the authorizer itself, since a browser needs an HTML answer and a new challenge',
};
const NO_SECRET: AccessRule = { type: 'public', reason: 'the same file for everybody' };

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "media-src 'self' blob: mediastream:; base-uri 'none'; form-action 'none'";
/** Players are made to be embedded. Pages that act for their visitor are not. */
const EMBEDDABLE = { 'Content-Security-Policy': CSP, 'Cache-Control': 'no-cache' };
const PRIVATE = {
  ...EMBEDDABLE,
  'Content-Security-Policy': `${CSP}; frame-ancestors 'none'`,
  'X-Frame-Options': 'DENY',
};
const FILE_HEADERS = { 'Cache-Control': 'max-age=3600' };

/** The routes of the pages; they come after those of WHIP and WHEP. */
export function pageRoutes(components: PageComponents, options: PageOptions = {}): Route[] {
  const { rtspPort = DEFAULT_RTSP_PORT } = options;
  const pages = new Pages(components, rtspPort);
  const get = (pattern: string, access: AccessRule, action: Route['action']): Route => ({
    methods: ['GET'],
    ...{ pattern, access, action },
  });
  return [
    get('/', NO_SECRET, (request) => pages.index(request)),
    get('/favicon.ico', NO_SECRET, (request) => pages.file(request, 'favicon.svg')),
    get(`/${ASSETS}/paths.json`, SELF_GUARDED, (request) => pages.paths(request)),
    get(`/${ASSETS}/login`, SELF_GUARDED, (request) => pages.login(request)),
    get(`/${ASSETS}/:file`, NO_SECRET, (request) => pages.file(request, request.parameter('file'))),
    ...LIBRARIES.flatMap((name) => [
      get(`/${name}`, NO_SECRET, (request) => pages.file(request, name)),
      get(`/*path/${name}`, NO_SECRET, (request) => pages.file(request, name)),
    ]),
    ...signalingUrlRoutes(),
    get('/*path/publish', SELF_GUARDED, (request) => pages.stream(request, 'publish')),
    get('/*path/', SELF_GUARDED, (request) => pages.stream(request, 'read')),
    get('/*path', { type: 'public', reason: 'only adds a slash' }, addSlash),
  ];
}

/** What answers the routes. */
class Pages {
  readonly #components: PageComponents;
  readonly #gate: PageGate;
  readonly #assets: PageAssets;
  readonly #rtspPort: number | null;

  constructor(components: PageComponents, rtspPort: number | null) {
    this.#components = components;
    this.#gate = createPageGate(components.authorizer);
    this.#assets = readPageAssets();
    this.#rtspPort = rtspPort;
  }

  index(request: HttpRequest): HttpReply {
    return pageFileReply(request, createRenderedPage(this.#render(request, 'index', {})), PRIVATE);
  }

  /** The player or the publisher of a path. */
  stream(request: HttpRequest, template: 'read' | 'publish'): Promise<HttpReply> {
    return this.#guard(request, async () => {
      const path = request.parameter('path');
      const action = template === 'read' ? 'read' : 'publish';
      const { user } = await this.#gate(request, { action, path });
      this.#components.pathManager.grant(path, { user });
      const headers = template === 'read' ? EMBEDDABLE : PRIVATE;
      const page = createRenderedPage(this.#render(request, template, { path }));
      return pageFileReply(request, page, headers);
    });
  }

  async paths(request: HttpRequest): Promise<HttpReply> {
    const overview = await this.#overview(request);
    const reply = jsonReply(overview);
    return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'no-store' } };
  }

  /** Makes the browser ask for a password, then leads back to the index. */
  login(request: HttpRequest): Promise<HttpReply> {
    return this.#guard(request, async () => {
      const hadCredentials = request.headers.authorization !== undefined;
      const { isRefused } = await this.#overview(request);
      if (hadCredentials && !isRefused) {
        return { status: 302, headers: { Location: '../', 'Cache-Control': 'no-store' } };
      }
      throw new MediaError(
        'unauthenticated',
        hadCredentials ? 'authentication-failed' : 'authentication-required',
        'authentication error',
        { context: { hadCredentials } },
      );
    });
  }

  /** @throws MediaError `not-found`. */
  file(request: HttpRequest, name: string): HttpReply {
    const file = this.#assets.files.get(name);
    if (file) return pageFileReply(request, file, FILE_HEADERS);
    throw new MediaError('not-found', 'route-not-found', `nothing is at '${request.path}'`);
  }

  #overview(request: HttpRequest): ReturnType<typeof listVisiblePaths> {
    const { pathManager } = this.#components;
    return listVisiblePaths(request, {
      ...{ pathManager, gate: this.#gate },
      rtspPort: this.#rtspPort,
    });
  }

  #guard(request: HttpRequest, serve: () => Promise<HttpReply>): Promise<HttpReply> {
    const render = ({ title, text }: PageFailure): HttpReply => ({
      status: 200,
      headers: { ...PRIVATE, 'Content-Type': 'text/html; charset=utf-8' },
      body: this.#render(request, 'error', { title, text }),
    });
    return withErrorPage(request, render, serve);
  }

  #render(
    request: HttpRequest,
    template: PageTemplate,
    values: Readonly<Record<string, string>>,
  ): string {
    const root = rootFrom(request.path);
    const { templates, version } = this.#assets;
    return renderTemplate(templates[template], {
      ...values,
      ...{ root, version, assets: `${root}${ASSETS}/` },
    });
  }
}

/** GET on the URLs of WHIP and WHEP is no stream name. */
function signalingUrlRoutes(): Route[] {
  return (['whip', 'whep'] as const).flatMap((verb) => [
    wrongMethodRoute(`/*path/${verb}`, 'OPTIONS, POST'),
    wrongMethodRoute(`/*path/${verb}/:secret`, 'PATCH, DELETE'),
  ]);
}

function wrongMethodRoute(pattern: string, allow: string): Route {
  return {
    methods: ['GET'],
    pattern,
    access: { type: 'public', reason: 'only tells the methods' },
    action: () => {
      throw new MediaError('unsupported', 'method-not-allowed', 'method not allowed', {
        context: { allow },
      });
    },
  };
}

/** Built from the segments, so that no path makes a URL of another host (`//evil`). */
function addSlash(request: HttpRequest): HttpReply {
  const names = request.path.split('/').filter((name) => name !== '');
  const path = `/${names.map(encodeURIComponent).join('/')}/`;
  const query = request.rawQuery === '' ? '' : `?${request.rawQuery}`;
  return { status: 302, headers: { Location: path + query, 'Cache-Control': 'no-cache' } };
}

/** Relative URL of the root: one step up for each slash after the first. */
function rootFrom(path: string): string {
  const depth = path.split('/').length - 2;
  return depth === 0 ? './' : '../'.repeat(depth);
}
