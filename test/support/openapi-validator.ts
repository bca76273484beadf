// Checks JSON against the schemas of an OpenAPI 3.0 document, strictly: every property must be there, and no other.
import { isDeepStrictEqual } from 'node:util';

type Json = Readonly<Record<string, unknown>>;

export interface ValidatorOptions {
  /** Names of schemas that may have more properties than the document says. */
  readonly open?: readonly string[];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/** One document. */
export class OpenApiValidator {
  readonly #document: Json;
  readonly #open: ReadonlySet<string>;

  constructor(document: unknown, { open = [] }: ValidatorOptions = {}) {
    this.#document = objectOf(document);
    this.#open = new Set(open);
  }

  /** `GET /v3/info` and so on, with the statuses that each answers. */
  get operations(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, readonly number[]>();
    for (const [path, methods] of Object.entries(objectOf(this.#document['paths']))) {
      for (const [method, operation] of Object.entries(objectOf(methods))) {
        const statuses = Object.keys(objectOf(objectOf(operation)['responses'])).map(Number);
        found.set(`${method.toUpperCase()} ${path}`, statuses);
      }
    }
    return found;
  }

  /** What is wrong with a body; empty when nothing is. `operation` as in `operations`. */
  faults(operation: string, status: number, body: unknown): readonly string[] {
    const [method = '', path = ''] = operation.split(' ');
    const at = ['paths', path, method.toLowerCase(), 'responses', String(status)];
    const response = at.reduce<Json>((node, key) => objectOf(node[key]), this.#document);
    const content = objectOf(objectOf(response['content'])['application/json']);
    if (content['schema'] === undefined) return [`${operation}: ${status} is not in the document`];
    return this.#check(content['schema'], body, { place: '$' });
  }

  #check(schemaValue: unknown, value: unknown, { place, name }: Place): readonly string[] {
    const schema = objectOf(schemaValue);
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      const keys = reference.replace('#/', '').split('/');
      const target = keys.reduce<unknown>((node, key) => objectOf(node)[key], this.#document);
      return this.#check(target, value, { place, name: keys.at(-1) });
    }
    if (value === null) return schema['nullable'] === true ? [] : [`${place} is null`];
    const { allOf, oneOf } = schema;
    if (Array.isArray(allOf)) {
      return allOf.flatMap((each) => this.#check(each, value, { place, name }));
    }
    if (Array.isArray(oneOf)) {
      const isOne = oneOf.some((each) => this.#check(each, value, { place }).length === 0);
      return isOne ? [] : [`${place} fits none: ${JSON.stringify(value)}`];
    }
    const words = schema['enum'];
    if (Array.isArray(words) && !words.some((word) => isDeepStrictEqual(word, value))) {
      return [`${place} is ${JSON.stringify(value)}`];
    }
    return this.#checkType(schema, value, { place, name });
  }

  #checkType(schema: Json, value: unknown, at: Place): readonly string[] {
    const { place } = at;
    const wrong = [`${place} is ${JSON.stringify(value)}, not ${String(schema['type'])}`];
    switch (schema['type']) {
      case 'string': {
        const isUuid = schema['format'] !== 'uuid' || UUID.test(String(value));
        return typeof value === 'string' && isUuid ? [] : wrong;
      }
      case 'boolean':
        return typeof value === 'boolean' ? [] : wrong;
      case 'integer':
        return Number.isSafeInteger(value) ? [] : wrong;
      case 'number':
        return Number.isFinite(value) ? [] : wrong;
      case 'array':
        if (!Array.isArray(value)) return wrong;
        return value.flatMap((item, index) =>
          this.#check(schema['items'], item, { place: `${place}[${index}]` }),
        );
      case 'object':
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
        return this.#checkProperties(schema, objectOf(value), at);
      default:
        return [`${place}: the document has type ${String(schema['type'])}`];
    }
  }

  #checkProperties(schema: Json, value: Json, { place, name }: Place): readonly string[] {
    const properties = objectOf(schema['properties']);
    const isOpen = name !== undefined && this.#open.has(name);
    const more = Object.keys(value).filter((key) => !Object.hasOwn(properties, key) && !isOpen);
    return [
      ...more.map((key) => `${place}.${key} is not in the document`),
      ...Object.entries(properties).flatMap(([key, property]) => {
        if (!Object.hasOwn(value, key)) return [`${place}.${key} is missing`];
        return this.#check(property, value[key], { place: `${place}.${key}` });
      }),
    ];
  }
}

interface Place {
  /** e.g. `$.items[0].id`. */
  readonly place: string;
  /** Name of the schema that a reference led to. */
  readonly name?: string | undefined;
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
