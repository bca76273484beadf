// Finds what was registered for a decoded URL path; the matching itself is that of Koa's router.
import { Router as KoaRouter, type Layer } from '@koa/router';
import { MediaError } from '../base/media-error.ts';

/** Something that was registered, and what its pattern took from the path. */
export interface PatternMatch<T> {
  readonly value: T;
  readonly parameters: ReadonlyMap<string, string>;
}

/** `/fixed`, `/:parameter`, `/*tail`, with a slash at the end or without. */
const PATTERN = /^(?:\/|(?:\/(?:[\w.%-]+|[:*][A-Za-z]\w*))+\/?)$/u;

/**
 * Patterns and what they stand for. A tail takes one or more segments, slashes included, encoded
 * slashes too since path names hold slashes; any other part takes exactly one without a slash.
 */
export class RouteMatcher<T> {
  readonly #router = new KoaRouter({ sensitive: true, strict: true });
  /** By the name that the layer got. */
  readonly #values = new Map<string, T>();

  /** @throws MediaError internal `invalid-route-pattern`: patterns are written by programmers. */
  add(pattern: string, value: T): void {
    const names = [...pattern.matchAll(/[:*](\w+)/gu)].map(([, name]) => name);
    const tails = pattern.split('*').length - 1;
    if (!PATTERN.test(pattern) || tails > 1 || new Set(names).size !== names.length) {
      throw new MediaError('internal', 'invalid-route-pattern', `route pattern '${pattern}'`);
    }
    const name = String(this.#values.size);
    this.#values.set(name, value);
    this.#router.register(pattern, ['GET'], () => undefined, { name });
  }

  /** Everything that matches the segments, in the order of registration. */
  match(segments: readonly string[]): readonly PatternMatch<T>[] {
    // Written anew, so that a path has one spelling only, whatever the client percent-encoded.
    const path = `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`;
    return this.#router.match(path, 'GET').path.flatMap((layer) => {
      const value = this.#values.get(layer.name ?? '');
      const parameters = parametersOf(layer, path);
      return value === undefined || !parameters ? [] : [{ value, parameters }];
    });
  }
}

function parametersOf(layer: Layer, path: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const [name, text] of Object.entries(layer.params(path, layer.captures(path)))) {
    const isTail = layer.path.toString().includes(`*${name}`);
    const names = text.split('/');
    if (names.includes('') || (!isTail && names.length > 1)) return undefined;
    parameters.set(name, text);
  }
  return parameters;
}
