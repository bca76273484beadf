// Checks JSON against the schemas of an OpenAPI 3.1 document; a word of the schema that it does not know is a fault too.
import { isDeepStrictEqual } from 'node:util';

/** A node of the document. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** Checks of one document. */
export class JsonSchemaCheck {
  readonly #document: SchemaNode;

  constructor(document: unknown) {
    this.#document = nodeOf(document);
  }

  /** What is wrong with `value`; empty when nothing is. */
  faults(schemaValue: unknown, value: unknown, place = '$'): readonly string[] {
    const schema = nodeOf(schemaValue);
    return Object.entries(schema).flatMap(([word, rule]) => {
      const check = CHECKS[word];
      if (!check) return [`${place}: the document has the word '${word}'`];
      return check({
        ...{ rule, value, place, schema },
        nested: (nested, inner, at = place) => this.faults(nested, inner, at),
        resolve: (reference) => this.resolve(reference),
      });
    });
  }

  /** The node that a `$ref` means. */
  resolve(reference: string): SchemaNode {
    return reference
      .replace('#/', '')
      .split('/')
      .reduce((node, key) => nodeOf(node[key]), this.#document);
  }
}

/** An object of the document; empty for anything else. */
export function nodeOf(value: unknown): SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A list of the document; empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

interface Question {
  readonly rule: unknown;
  readonly value: unknown;
  readonly place: string;
  readonly schema: SchemaNode;
  readonly nested: (schema: unknown, value: unknown, place?: string) => readonly string[];
  readonly resolve: (reference: string) => SchemaNode;
}

type Check = (question: Question) => readonly string[];

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isSafeInteger(value),
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isObject,
};

/** A rule about values of one kind; others pass. */
function when(isKind: (value: unknown) => boolean, holds: (question: Question) => boolean): Check {
  return (question) => {
    const { rule, value, place } = question;
    if (!isKind(value) || holds(question)) return [];
    return [`${place}: ${JSON.stringify(value)} against ${JSON.stringify(rule)}`];
  };
}

const always = (): boolean => true;
const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const passes: Check = () => [];

const CHECKS: Readonly<Record<string, Check | undefined>> = {
  description: passes,
  default: passes,
  deprecated: passes,
  $ref: ({ rule, value, nested, resolve }) => nested(resolve(String(rule)), value),
  allOf: ({ rule, value, nested }) => listOf(rule).flatMap((each) => nested(each, value)),
  anyOf: when(always, ({ rule, value, nested }) =>
    listOf(rule).some((each) => nested(each, value).length === 0),
  ),
  type: when(always, ({ rule, value }) =>
    [rule].flat().some((type) => TYPES[String(type)]?.(value) === true),
  ),
  const: when(always, ({ rule, value }) => isDeepStrictEqual(rule, value)),
  enum: when(always, ({ rule, value }) => listOf(rule).includes(value)),
  format: when(isText, ({ rule, value }) => {
    const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/u.test(String(value));
    return rule === 'date-time' && isDate && !Number.isNaN(Date.parse(String(value)));
  }),
  pattern: when(isText, ({ rule, value }) => new RegExp(String(rule), 'u').test(String(value))),
  minLength: when(isText, ({ rule, value }) => String(value).length >= Number(rule)),
  maxLength: when(isText, ({ rule, value }) => String(value).length <= Number(rule)),
  minimum: when(isNumber, ({ rule, value }) => Number(value) >= Number(rule)),
  maximum: when(isNumber, ({ rule, value }) => Number(value) <= Number(rule)),
  items: ({ rule, value, place, nested }) =>
    listOf(value).flatMap((item, index) => nested(rule, item, `${place}[${index}]`)),
  properties: ({ rule, value, place, nested }) =>
    Object.entries(nodeOf(rule)).flatMap(([name, schema]) => {
      const values = nodeOf(value);
      return Object.hasOwn(values, name) ? nested(schema, values[name], `${place}.${name}`) : [];
    }),
  required: when(isObject, ({ rule, value }) =>
    listOf(rule).every((name) => Object.hasOwn(nodeOf(value), String(name))),
  ),
  propertyNames: ({ rule, value, place, nested }) =>
    Object.keys(nodeOf(value)).flatMap((name) => nested(rule, name, `${place}: name ${name}`)),
  additionalProperties: ({ rule, value, place, schema, nested }) => {
    const known = nodeOf(schema['properties']);
    return Object.entries(nodeOf(value))
      .filter(([name]) => !Object.hasOwn(known, name))
      .flatMap(([name, each]) => nested(rule, each, `${place}.${name}`));
  },
};
