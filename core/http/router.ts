// Finds the route of a request: the first of the table whose pattern and method match.
import { MediaError } from '../base/media-error.ts';
import { RouteMatcher } from './route-matcher.ts';
import type { RequestTarget } from './request-target.ts';
import type { Route, UpgradeRoute } from './route.ts';

/** A route and what its pattern took from the path. */
export interface RouteMatch<R> {
  readonly route: R;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The route table of one listener. */
export class Router {
  readonly #routes = new RouteMatcher<Route>();
  readonly #upgrades = new RouteMatcher<UpgradeRoute>();

  /** @throws MediaError internal when two routes have the same method and pattern. */
  constructor(routes: readonly Route[], upgrades: readonly UpgradeRoute[] = []) {
    const keys = new Set<string>();
    for (const { pattern, methods } of routes) {
      for (const method of methods) claim(keys, `${method} ${pattern}`);
    }
    for (const { pattern } of upgrades) claim(keys, `upgrade ${pattern}`);
    for (const route of routes) this.#routes.add(route.pattern, route);
    for (const route of upgrades) this.#upgrades.add(route.pattern, route);
  }

  /**
   * HEAD finds the route of GET.
   * @throws MediaError not-found `route-not-found`, unsupported `method-not-allowed` (with
   * `context.allow`) or `upgrade-required`, invalid-argument `malformed-url`.
   */
  find(method: string, target: RequestTarget): RouteMatch<Route> {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const allowed = new Set<string>();
    for (const { value: route, parameters } of this.#routes.match(target.segments)) {
      if (route.methods.some((each) => each === wanted)) return { route, parameters };
      for (const each of route.methods) allowed.add(each);
    }
    if (allowed.has('GET')) allowed.add('HEAD');
    if (allowed.size > 0) throw wrongMethod(method, target, allowed);
    if (this.findUpgrade(target) !== undefined) throw upgradeRequired(target);
    throw notFound(target);
  }

  /** The WebSocket route of a path. */
  findUpgrade(target: RequestTarget): RouteMatch<UpgradeRoute> | undefined {
    const [first] = this.#upgrades.match(target.segments);
    return first && { route: first.value, parameters: first.parameters };
  }
}

function claim(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new MediaError('internal', 'duplicate-route', `two routes are '${key}'`);
  keys.add(key);
}

function wrongMethod(method: string, target: RequestTarget, allowed: Set<string>): MediaError {
  return new MediaError('unsupported', 'method-not-allowed', 'method not allowed', {
    context: { method, path: target.path, allow: [...allowed].join(', ') },
  });
}

function upgradeRequired(target: RequestTarget): MediaError {
  const message = `'${target.path}' wants a WebSocket handshake`;
  return new MediaError('unsupported', 'upgrade-required', message);
}

function notFound({ path, segments }: RequestTarget): MediaError {
  if (segments.some((segment) => segment.includes('/'))) {
    const message = `URL path has an encoded slash where '${path}' takes none`;
    return new MediaError('invalid-argument', 'malformed-url', message);
  }
  return new MediaError('not-found', 'route-not-found', `nothing is at '${path}'`);
}
