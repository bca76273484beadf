// Looks into the zod schema of a key: lists, structs, secrets; what zod itself keeps behind wrappers.
import { z } from 'zod';
import type { PathSegment } from './config-issue.ts';

/** How a value is written in yml. */
export type InputKind = 'flag' | 'number' | 'text' | 'list' | 'struct';

/** The schema without default, readonly and codec wrappers: what the yml form must be. */
export function unwrapSchema(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodReadonly || schema instanceof z.ZodOptional) {
    return unwrapSchema(schema.unwrap());
  }
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrapSchema(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrapSchema(schema.in) : schema;
}

/** The kind of yml value that a schema takes. */
export function inputKind(schema: z.core.$ZodType): InputKind {
  const inner = unwrapSchema(schema);
  if (inner instanceof z.ZodBoolean) return 'flag';
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodArray || inner instanceof z.ZodTuple) return 'list';
  return inner instanceof z.ZodObject || inner instanceof z.ZodRecord ? 'struct' : 'text';
}

/** The schema of a list item, struct field or map entry; undefined when there is none. */
export function childSchema(
  schema: z.core.$ZodType,
  segment: PathSegment,
): z.core.$ZodType | undefined {
  const inner = unwrapSchema(schema);
  if (inner instanceof z.ZodUnion) {
    return inner.options.map((option) => childSchema(option, segment)).find((child) => child);
  }
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodTuple) return inner.def.items[Number(segment)];
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (!(inner instanceof z.ZodObject)) return undefined;
  const shape: z.core.$ZodShape = inner.shape;
  const name = String(segment);
  return Object.hasOwn(shape, name) ? shape[name] : undefined;
}

/** Whether a schema is a map whose keys the user chooses. */
export function isOpenMap(schema: z.core.$ZodType): boolean {
  return unwrapSchema(schema) instanceof z.ZodRecord;
}

/** Names of the fields of a struct; empty for anything else. */
export function fieldNames(schema: z.core.$ZodType): string[] {
  const inner = unwrapSchema(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** Whether values of this schema are never shown (`secretText`). */
export function isSecret(schema: z.core.$ZodType): boolean {
  const inner = unwrapSchema(schema);
  return inner instanceof z.ZodType && inner.meta()?.['secret'] === true;
}

/** The schema at `path` below `schema`, as far as it goes. */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly PathSegment[],
): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>(
    (current, segment) => current && childSchema(current, segment),
    schema,
  );
}
