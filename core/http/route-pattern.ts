// Compiles `/*path/whep/:secret` and matches it against decoded path segments.
import { MediaError } from '../base/media-error.ts';

type Part =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'segment'; readonly name: string }
  | { readonly type: 'tail'; readonly name: string };

/** A route's pattern; matching takes one pass and never backtracks. */
export class RoutePattern {
  readonly text: string;
  readonly #parts: readonly Part[];
  readonly #tailIndex: number;

  /** @throws MediaError internal: patterns are written by programmers. */
  constructor(text: string) {
    this.text = text;
    this.#parts = text.slice(1).split('/').map(toPart);
    this.#tailIndex = this.#parts.findIndex((part) => part.type === 'tail');
    const names = this.#parts.flatMap((part) => (part.type === 'literal' ? [] : [part.name]));
    const tails = this.#parts.filter((part) => part.type === 'tail').length;
    const isValid = text.startsWith('/') && tails <= 1 && !names.includes('');
    if (!isValid || new Set(names).size !== names.length) {
      throw new MediaError('internal', 'invalid-route-pattern', `route pattern '${text}'`);
    }
  }

  /**
   * The parameters, or undefined. A tail takes one or more segments, slashes included, encoded
   * slashes too since path names hold slashes; any other part takes exactly one without a slash.
   */
  match(segments: readonly string[]): ReadonlyMap<string, string> | undefined {
    const spare = segments.length - this.#parts.length;
    if (this.#tailIndex < 0 ? spare !== 0 : spare < 0) return undefined;
    const parameters = new Map<string, string>();
    for (const [index, part] of this.#parts.entries()) {
      const isAfterTail = this.#tailIndex >= 0 && index > this.#tailIndex;
      const at = isAfterTail ? index + spare : index;
      const taken =
        part.type === 'tail' ? segments.slice(at, at + spare + 1) : [segments[at] ?? ''];
      if (!matchPart(part, taken, parameters)) return undefined;
    }
    return parameters;
  }
}

function toPart(text: string): Part {
  if (text.startsWith(':')) return { type: 'segment', name: text.slice(1) };
  if (text.startsWith('*')) return { type: 'tail', name: text.slice(1) };
  return { type: 'literal', text };
}

function matchPart(part: Part, taken: readonly string[], parameters: Map<string, string>): boolean {
  if (part.type === 'literal') return taken[0] === part.text;
  if (taken.includes('')) return false;
  const value = taken.join('/');
  if (part.type === 'segment' && value.includes('/')) return false;
  parameters.set(part.name, value);
  return true;
}
