// Raw yml values -> typed values by the schema of each key; every fault becomes an issue.
import type { z } from 'zod';
import { redactUrls } from '../base/url-redaction.ts';
import type { KeyTable } from './config-key.ts';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import { dottedPath } from './config-issue.ts';
import { nearestKey } from './nearest-key.ts';
import {
  childSchema,
  fieldNames,
  inputKind,
  isOpenMap,
  isSecret,
  schemaAt,
  unwrapSchema,
} from './schema-walk.ts';
import { meaningOf } from './text-meaning.ts';
import { emptyMap, isRawMap } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/** What is known about the section to decode. */
export interface DecodeOptions {
  readonly table: KeyTable;
  /** Keys that are not in the table but accepted elsewhere, for "did you mean". */
  readonly otherNames: readonly string[];
  /** Where `raw` stands in the file, e.g. ['paths', 'cam1']. */
  readonly path: readonly PathSegment[];
  /** Said of an unknown key, e.g. that it belongs into another section. */
  readonly hint: (name: string) => string | undefined;
}

/** Decoded values of the keys that are set; null counts as not set. */
export type DecodedValues = Map<string, unknown>;

/** Decodes every key of `raw`; unknown keys and bad values become issues. */
export function decodeKeys(
  raw: RawMap,
  options: DecodeOptions,
  issues: IssueCollector,
): DecodedValues {
  const values: DecodedValues = new Map();
  for (const [name, value] of Object.entries(raw)) {
    const path = [...options.path, name];
    if (!Object.hasOwn(options.table, name)) {
      const names = [...Object.keys(options.table), ...options.otherNames];
      const hint = options.hint(name) ?? suggestion(name, names);
      issues.error({ code: 'config-unknown-key', path, message: unknownField(path) + hint });
      continue;
    }
    const schema = options.table[name]?.schema;
    if (schema === undefined) continue;
    const cleaned = dropNulls(schema, { value, path }, issues);
    if (cleaned === undefined) continue;
    const result = schema.safeDecode(cleaned);
    if (result.success) values.set(name, deepFreeze(result.data));
    else for (const fault of result.error.issues) report(schema, { fault, path, value }, issues);
  }
  return values;
}

/** The default values of a table. */
export function decodeDefaults(table: KeyTable): DecodedValues {
  return new Map(
    Object.entries(table).map(([name, { schema, default: value }]) => [
      name,
      deepFreeze(schema.decode(value)),
    ]),
  );
}

/** Freezes lists and structs all the way down. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

interface Located {
  readonly value: RawValue;
  readonly path: readonly PathSegment[];
}

/** null means "not set", but a list that is null was most likely meant to hold something. */
function dropNulls(
  schema: z.core.$ZodType,
  { value, path }: Located,
  issues: IssueCollector,
): RawValue | undefined {
  const kind = inputKind(schema);
  if (value === null) {
    if (kind === 'list') {
      issues.error({
        code: 'config-invalid-value',
        path,
        message: 'a list cannot be null; write [] for an empty one',
      });
    }
    return undefined;
  }
  if (Array.isArray(value) && kind === 'list') {
    return value.map((item, index) => {
      const inner = childSchema(schema, index);
      if (inner === undefined || item === null) return item;
      return dropNulls(inner, { value: item, path: [...path, index] }, issues) ?? null;
    });
  }
  if (!isRawMap(value) || kind !== 'struct') return value;
  const struct: RawMap = {};
  for (const [name, field] of Object.entries(value)) {
    const inner = childSchema(schema, name);
    const kept =
      inner === undefined
        ? field
        : dropNulls(inner, { value: field, path: [...path, name] }, issues);
    if (kept !== undefined) struct[name] = kept;
    // `cam1:` without anything below names an entry with its defaults.
    else if (inner !== undefined && isOpenMap(schema) && inputKind(inner) === 'struct') {
      struct[name] = emptyMap();
    }
  }
  return struct;
}

interface Fault extends Located {
  readonly fault: z.core.$ZodIssue;
}

function report(schema: z.ZodType, { fault, path, value }: Fault, issues: IssueCollector): void {
  const inner = fault.path.filter((segment) => typeof segment !== 'symbol');
  const faultPath = [...path, ...inner];
  const faultSchema = schemaAt(schema, inner) ?? schema;
  if (fault.code === 'unrecognized_keys') {
    for (const name of fault.keys) {
      const keyPath = [...faultPath, name];
      const message = unknownField(keyPath) + suggestion(name, fieldNames(faultSchema));
      issues.error({ code: 'config-unknown-key', path: keyPath, message });
    }
    return;
  }
  const found = valueAt(value, inner);
  const shown = isSecret(faultSchema) ? '' : quoted(found);
  const hint = isOnlyQuoted(found, faultSchema) ? ' without quotes' : '';
  const text = `${faultText(fault, faultSchema)}${hint}${shown === '' ? '' : `, not ${shown}`}`;
  const isMissing = fault.code === 'invalid_type' && found === undefined;
  const message = isMissing ? 'is missing' : fault.code === 'custom' ? fault.message : text;
  issues.error({ code: 'config-invalid-value', path: faultPath, message });
}

/** "yes" and "512" are texts in YAML; who reads `must be yes or no, not 'yes'` is none the wiser. */
function isOnlyQuoted(value: RawValue | undefined, schema: z.core.$ZodType): boolean {
  if (typeof value !== 'string') return false;
  const kind = inputKind(schema);
  if (kind === 'flag') return /^(?:yes|no|on|off|true|false)$/iu.test(value);
  return kind === 'number' && /^-?\d+$/u.test(value);
}

function faultText(fault: z.core.$ZodIssue, schema: z.core.$ZodType): string {
  switch (fault.code) {
    case 'invalid_type':
      return `must be ${meaningOf(unwrapSchema(schema)) ?? KIND_TEXT[inputKind(schema)]}`;
    case 'invalid_value':
      return `must be one of ${fault.values.map((word) => `'${String(word)}'`).join(', ')}`;
    case 'invalid_union':
      return childSchema(schema, 0)
        ? 'must be text, or a list of 1 to 16 texts'
        : "must be 'no', 'optional' or 'strict'";
    case 'too_small':
      if (fault.message.startsWith('must')) return fault.message;
      return fault.origin === 'array'
        ? `must have at least ${fault.minimum} values`
        : `must be at least ${fault.minimum}`;
    case 'too_big':
      if (fault.message.startsWith('must')) return fault.message;
      return fault.origin === 'array'
        ? `must have at most ${fault.maximum} values`
        : `must be at most ${fault.maximum}`;
    default:
      return `is not accepted (${fault.message})`;
  }
}

const KIND_TEXT = {
  flag: 'yes or no',
  number: 'a whole number',
  text: 'text; put it between quotes if it looks like something else',
  list: 'a list',
  struct: 'a map of keys and values',
} as const;

function valueAt(value: RawValue, path: readonly PathSegment[]): RawValue | undefined {
  let current: RawValue | undefined = value;
  for (const segment of path) {
    if (Array.isArray(current)) current = current[Number(segment)];
    else if (isRawMap(current)) current = current[String(segment)];
    else return undefined;
  }
  return current;
}

function quoted(value: RawValue | undefined): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return 'a list';
  if (isRawMap(value)) return 'a map';
  return `'${redactUrls(String(value).slice(0, 100))}'`;
}

function unknownField(path: readonly PathSegment[]): string {
  return `unknown field "${dottedPath(path).slice(0, 200)}"`;
}

function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestKey(name, known);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}
