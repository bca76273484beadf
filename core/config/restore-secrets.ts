// Puts the secrets back into values that a user edited in their redacted form.
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import type { Config } from './config.ts';
import type { ConfigEdit } from './config-edit.ts';
import type { PathSegment } from './config-issue.ts';
import { dottedPath } from './config-issue.ts';
import type { ConfigRegistry } from './config-registry.ts';
import { allGlobalKeys, allPathKeys, encodeConfig } from './encode-config.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList, redactedMark, redactValue } from './redact-config.ts';
import { childSchema, fieldNames } from './schema-walk.ts';

/**
 * Replaces redacted parts of `edit.value` by what `config` holds at the same place. A list item
 * is found again by its first field (user, url, dest), so a password never goes to another user
 * or server.
 * @throws MediaError `failed-precondition` when it is not clear which secret is meant.
 */
export function restoreSecrets(
  config: Config,
  edit: ConfigEdit,
  registry?: ConfigRegistry,
): ConfigEdit {
  if (edit.value === undefined || !hasMark(edit.value)) return edit;
  const encoded = encodeConfig(config, registry);
  const root: YmlValue = {
    ...encoded.global,
    pathDefaults: encoded.pathDefaults,
    paths: encoded.paths,
  };
  const old = edit.path.reduce<YmlValue | undefined>(childValue, root);
  const restorer = new SecretRestorer(registry);
  return { path: edit.path, value: restorer.restore(edit.value, old, edit.path) };
}

class SecretRestorer {
  readonly #registry: ConfigRegistry | undefined;

  constructor(registry: ConfigRegistry | undefined) {
    this.#registry = registry;
  }

  restore(value: YmlValue, old: YmlValue | undefined, path: readonly PathSegment[]): YmlValue {
    if (!hasMark(value)) return value;
    const schema = this.#schemaOf(path);
    if (old !== undefined && isDeepStrictEqual(redactValue(old, schema), value)) return old;
    // One source that was a list before, or the other way round.
    if (isYmlList(old) && typeof value === 'string') {
      const same = this.#sameItem(0, { old, items: [value], place: [...path, 0] });
      if (same !== undefined) return same;
    }
    if (isYmlList(value)) {
      return value.map((item, index) => {
        const place = [...path, index];
        const known = isYmlList(old) || old === undefined ? old : [old];
        return this.restore(
          item,
          this.#sameItem(index, { old: known, items: value, place }),
          place,
        );
      });
    }
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, field]) => [
          name,
          this.restore(field, childValue(old, name), [...path, name]),
        ]),
      );
    }
    throw new MediaError(
      'failed-precondition',
      'config-redacted-secret',
      `${dottedPath(path)}: '${redactedMark}' stands for a secret that is not known for this value; write the secret itself`,
    );
  }

  /** The old item that `items[index]` is an edited form of. */
  #sameItem(
    index: number,
    {
      old,
      items,
      place,
    }: { old: YmlValue | undefined; items: readonly YmlValue[]; place: PathSegment[] },
  ): YmlValue | undefined {
    const item = items[index];
    if (!isYmlList(old) || item === undefined) return undefined;
    const schema = this.#schemaOf(place);
    const shownAs = old.filter((other) => isDeepStrictEqual(redactValue(other, schema), item));
    const [first] = shownAs;
    if (first !== undefined && shownAs.every((other) => isDeepStrictEqual(other, first))) {
      return first;
    }
    // Several that differ in their secrets alone keep their order, if none came or went.
    const twins = items.flatMap((other, at) => (isDeepStrictEqual(other, item) ? [at] : []));
    if (first !== undefined && twins.length === shownAs.length)
      return shownAs[twins.indexOf(index)];
    const identity = schema && fieldNames(schema)[0];
    if (identity === undefined) return undefined;
    const isSame = (other: YmlValue | undefined): boolean =>
      other !== undefined &&
      redactValue(childValue(other, identity) ?? null, undefined) ===
        (childValue(item, identity) ?? null);
    if (isSame(old[index])) return old[index];
    const candidates = old.filter(isSame);
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  #schemaOf(path: readonly PathSegment[]): z.core.$ZodType | undefined {
    const [first, ...rest] = path;
    if (first === 'pathDefaults') return schemaIn(allPathKeys(this.#registry), rest);
    if (first === 'paths') return schemaIn(allPathKeys(this.#registry), rest.slice(1));
    return schemaIn(allGlobalKeys(this.#registry), path);
  }
}

function schemaIn(
  table: ReturnType<typeof allPathKeys>,
  [name, ...rest]: readonly PathSegment[],
): z.core.$ZodType | undefined {
  if (name === undefined || !Object.hasOwn(table, name)) return undefined;
  return rest.reduce<z.core.$ZodType | undefined>(
    (schema, segment) => schema && childSchema(schema, segment),
    table[String(name)]?.schema,
  );
}

function childValue(value: YmlValue | undefined, segment: PathSegment): YmlValue | undefined {
  if (isYmlList(value)) return value[Number(segment)];
  if (typeof value !== 'object' || value === null) return undefined;
  const name = String(segment);
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function hasMark(value: YmlValue): boolean {
  if (typeof value === 'string') return value.includes(redactedMark);
  if (isYmlList(value)) return value.some(hasMark);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasMark);
}
