// URL schemes of `source` and `forward` that outer layers bring, and targets that are written as a struct.
import { z } from 'zod';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import { emptyMap, isRawMap, type RawMap, type RawValue } from './yaml-document.ts';

/** What is wrong with a URL of a scheme; undefined when nothing is. */
export type UrlCheck = (url: string) => string | undefined;

/** A kind of target with keys of its own, e.g. `{ type: kvs, stream: … }`; it becomes the URL `dest`. */
export interface ForwardType {
  /** Value of `type`. */
  readonly type: string;
  /** From the struct without `type` to the URL. */
  readonly toDest: z.ZodType<string>;
}

/** Everything that was registered. */
export interface UrlSchemes {
  /** By scheme without colon. */
  readonly sources: ReadonlyMap<string, UrlCheck>;
  readonly forwards: ReadonlyMap<string, UrlCheck>;
  /** By type. */
  readonly forwardTypes: ReadonlyMap<string, ForwardType>;
}

/** Turns structs with a `type` into targets with `dest`; others stay as they are. */
export function expandForwards(
  section: RawMap,
  { forwardTypes }: Pick<UrlSchemes, 'forwardTypes'>,
  { path, issues }: { readonly path: readonly PathSegment[]; readonly issues: IssueCollector },
): RawMap {
  const { forward } = section;
  if (!Array.isArray(forward)) return section;
  const expanded = forward.map((target, index): RawValue => {
    if (!isRawMap(target) || target['type'] === undefined) return target;
    const { type, ...fields } = target;
    const place = [...path, 'forward', index];
    const known = typeof type === 'string' ? forwardTypes.get(type) : undefined;
    const report = (at: readonly PathSegment[], message: string): null => {
      issues.error({ code: 'config-invalid-value', path: [...place, ...at], message });
      return null;
    };
    if (!known) {
      const names = [...forwardTypes.keys()].map((name) => `'${name}'`).join(', ');
      const shown = JSON.stringify(type).slice(0, 64);
      return report(['type'], `unknown type ${shown}; known are ${names || 'none'}`);
    }
    const dest = known.toDest.safeParse(fields);
    if (dest.success) return toMap({ dest: dest.data });
    for (const { path: at, message } of dest.error.issues) report(at.map(segmentOf), message);
    return null;
  });
  return toMap({ ...section, forward: expanded.filter((target) => target !== null) });
}

function toMap(fields: RawMap): RawMap {
  return Object.assign(emptyMap(), fields);
}

function segmentOf(key: PropertyKey): PathSegment {
  return typeof key === 'symbol' ? String(key) : key;
}
