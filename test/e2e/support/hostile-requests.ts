// Makes requests out of an OpenAPI document: valid ones, nearly valid ones, and what nobody would send.
import fc from 'fast-check';
import { listOf, nodeOf, type JsonSchemaCheck, type SchemaNode } from './json-schema-check.ts';

/** A method of a path of the document. */
export interface Operation {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly parameters: readonly SchemaNode[];
  /** Schema of the body, if there is one. */
  readonly body: unknown;
  readonly responses: SchemaNode;
}

/** A request as it goes on the wire. */
export interface HostileRequest {
  readonly method: string;
  /** Percent-encoded, sometimes badly. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** What makes a request meet something: texts for a parameter or property of this name. */
export type Vocabulary = Readonly<Record<string, readonly string[]>>;

/** Every operation of the document, in its order. */
export function readOperations(document: unknown): readonly Operation[] {
  return Object.entries(nodeOf(nodeOf(document)['paths'])).flatMap(([path, methods]) =>
    Object.entries(nodeOf(methods)).map(([method, value]) => {
      const operation = nodeOf(value);
      const content = nodeOf(nodeOf(operation['requestBody'])['content']);
      return {
        ...{ path, method: method.toUpperCase(), responses: nodeOf(operation['responses']) },
        parameters: listOf(operation['parameters']).map(nodeOf),
        body: nodeOf(content['application/json'])['schema'],
      };
    }),
  );
}

/** The same `count` requests for the same `seed`. */
export function hostileRequests(
  { check, vocabulary }: { readonly check: JsonSchemaCheck; readonly vocabulary: Vocabulary },
  operation: Operation,
  { seed, count }: { readonly seed: number; readonly count: number },
): readonly HostileRequest[] {
  const values = new ValueMaker(check, vocabulary);
  const arbitrary = fc.record({
    method: fc.constant(operation.method),
    target: targets(operation, values),
    headers: fc.oneof(
      { weight: 9, arbitrary: fc.constant({ 'Content-Type': 'application/json' }) },
      { weight: 1, arbitrary: fc.constantFrom(...HEADERS) },
    ),
    body: operation.method === 'GET' ? fc.constant(undefined) : bodies(operation, values),
  });
  return fc.sample(arbitrary, { seed, numRuns: count });
}

const TEXTS: readonly string[] = [
  ...['', ' ', '\0', 'a\0b', '\r\nX-Injected: 1', '\t', '\u007f', '\u2028', '\ufeff', '\ud800'],
  ...['.', '..', '../..', '../../../../../../etc/passwd', '..\\..\\x', '/etc/passwd', '//x', '~'],
  ...['file:///etc/passwd', '%2e%2e%2f', '%00', '%', '.index/recordings.sqlite', 'tmp', '.hidden'],
  ...['前门摄像头', 'Zürich 東', '😀', 'e\u0301'.repeat(40), '\u202egpj.exe', 'ﬀ', 'İ'],
  ...['null', 'undefined', 'NaN', 'true', '-1', '0', '1e309', '0x10', '9'.repeat(30), '-0', '1.5'],
  ...["'; DROP TABLE recordings; --", '<script>alert(1)</script>', '$(reboot)', '-rf', '{}', '[]'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'con', 'a/b/c', 'a//b', 'x.mp4/'],
  ...['a'.repeat(256), 'ä'.repeat(5000), '/'.repeat(300), '../'.repeat(100)],
];
const NAMES: readonly string[] = [
  ...['unknown', '__proto__', 'constructor', 'größe', 'NAME', 'name ', 'a'.repeat(300), '0'],
];
const NUMBERS: readonly number[] = [
  ...[0, 1, 2, -1, 0.5, -0, 1e-9, 2 ** 31, 2 ** 53, 1e308, -1e308, 30, 100, 101, 300, 4096],
];
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'Content-Type': 'text/plain' },
  { 'Content-Type': 'application/xml; charset="' },
  { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
  { 'Content-Type': 'application/json', Range: 'bytes=5-1', 'If-Match': '*', Accept: 'x' },
  { 'Content-Type': 'application/json; charset=utf-16', 'Accept-Language': '*' },
];
/** Bodies that are no JSON, too deep, too large, or more than a number can hold. */
const RAW_BODIES: readonly (Buffer | undefined)[] = [
  ...[
    undefined,
    '',
    '{',
    '{"name":',
    'null',
    '"',
    '{"name":"cam",}',
    "{'name':'cam'}",
    '\0',
    '[1,',
  ],
  ...['{"name":"cam","videoFormat":"mp4","taskOutMinutes":1e999}', '{"name":"cam","name":[]}'],
  ...['['.repeat(30_000), '{"a":'.repeat(30_000), `"${'x'.repeat(1_200_000)}"`, '\ufeff{}'],
]
  .map((text) => (text === undefined ? undefined : Buffer.from(text)))
  .concat(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]));

const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);
const anyNumber = fc.oneof(fc.constantFrom(...NUMBERS), fc.double({ noNaN: true }));
const anyJson = fc.oneof(
  ...[fc.constant(null), fc.boolean(), anyNumber, anyText, fc.constant([]), fc.constant({})],
  fc.jsonValue({ maxDepth: 3 }),
);

class ValueMaker {
  readonly #check: JsonSchemaCheck;
  readonly #vocabulary: Vocabulary;

  constructor(check: JsonSchemaCheck, vocabulary: Vocabulary) {
    this.#check = check;
    this.#vocabulary = vocabulary;
  }

  /** Mostly as the schema wants it. */
  value(schema: SchemaNode, name: string): fc.Arbitrary<unknown> {
    return fc.oneof(
      { weight: 7, arbitrary: this.valid(schema, name) },
      { weight: 2, arbitrary: anyText },
      { weight: 1, arbitrary: anyJson },
    );
  }

  valid(schema: SchemaNode, name: string): fc.Arbitrary<unknown> {
    const { $ref, anyOf, enum: words, type } = schema;
    if (typeof $ref === 'string') return this.valid(this.#check.resolve($ref), name);
    const choices = listOf(anyOf).map((each) => this.value(nodeOf(each), name));
    if (choices.length > 0) return fc.oneof(...choices);
    if (Array.isArray(words)) return fc.constantFrom(...listOf(words));
    switch (Array.isArray(type) ? listOf(type)[0] : type) {
      case 'string':
        return fc.constantFrom(...(this.#vocabulary[name] ?? ['x']));
      case 'number':
      case 'integer':
        return numberWithin(schema);
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(this.value(nodeOf(schema['items']), name), { maxLength: 3 });
      case 'object':
        return this.#object(nodeOf(schema['properties']));
      default:
        return anyJson;
    }
  }

  #object(properties: SchemaNode): fc.Arbitrary<unknown> {
    const known = fc.record(
      Object.fromEntries(
        Object.entries(properties).map(([name, schema]) => [
          name,
          fc.option(this.value(nodeOf(schema), name), { freq: 8, nil: undefined }),
        ]),
      ),
    );
    const unknown = fc.dictionary(fc.constantFrom(...NAMES), anyJson, { maxKeys: 2 });
    return fc.oneof(
      { weight: 4, arbitrary: known },
      // JSON with "__proto__" as a key, as JSON.parse() gives it.
      { weight: 1, arbitrary: fc.tuple(known, unknown).map(([a, b]) => withKeys(a, b)) },
    );
  }
}

function withKeys(object: object, more: Readonly<Record<string, unknown>>): unknown {
  const result: unknown = { ...object };
  for (const [name, value] of Object.entries(more)) {
    Object.defineProperty(result, name, { value, enumerable: true, configurable: true });
  }
  return result;
}

function numberWithin({ minimum, maximum, type }: SchemaNode): fc.Arbitrary<unknown> {
  const least = typeof minimum === 'number' ? minimum : -1000;
  const most = typeof maximum === 'number' ? maximum : 1000;
  const small = fc.double({ min: Math.max(least, 0), max: Math.min(most, 3), noNaN: true });
  if (type === 'integer') return fc.integer({ min: Math.ceil(least), max: Math.floor(most) });
  const whole = fc.double({ min: least, max: most, noNaN: true });
  return fc.oneof(small, whole);
}

function bodies(operation: Operation, values: ValueMaker): fc.Arbitrary<Buffer | undefined> {
  const json = values.value(nodeOf(operation.body), '');
  const encoded = json.map((value) => {
    // Undefined is no JSON: a body that is missing.
    const text = JSON.stringify(value) as string | undefined; // The declared type forgets undefined.
    return text === undefined ? undefined : Buffer.from(text);
  });
  return fc.oneof(
    { weight: 9, arbitrary: encoded },
    { weight: 1, arbitrary: fc.constantFrom(...RAW_BODIES) },
  );
}

function targets(operation: Operation, values: ValueMaker): fc.Arbitrary<string> {
  const ofPlace = (place: string): readonly SchemaNode[] =>
    operation.parameters.filter((parameter) => parameter['in'] === place);
  const path = ofPlace('path').reduce<fc.Arbitrary<string>>((before, parameter) => {
    const name = String(parameter['name']);
    return fc
      .tuple(before, values.value(nodeOf(parameter['schema']), name), encoders)
      .map(([text, value, encode]) => text.replace(`{${name}}`, () => encode(asText(value))));
  }, fc.constant(operation.path));
  const known = ofPlace('query').map((parameter) => {
    const name = String(parameter['name']);
    const value = values.value(nodeOf(parameter['schema']), name);
    return fc.option(value.map((each) => [name, asText(each)] as const));
  });
  const unknown = fc.tuple(fc.constantFrom(...NAMES), anyText);
  const query = fc.tuple(fc.tuple(...known), fc.option(unknown, { freq: 1 }), encoders);
  return fc.tuple(path, query).map(([text, [pairs, more, encode]]) => {
    const all = [...pairs, more].filter((pair) => pair !== null);
    const joined = all.map(([name, value]) => `${encodeAll(name)}=${encode(value)}`).join('&');
    return joined === '' ? text : `${text}?${joined}`;
  });
}

const encodeAll = (text: string): string => encodeURIComponent(text.toWellFormed());
/** Well, with slashes left, and with the characters that a request line can hold left as they are. */
const encoders = fc.constantFrom<(text: string) => string>(
  encodeAll,
  encodeAll,
  (text) => encodeAll(text).replaceAll('%2F', '/'),
  (text) => text.replace(/[^!-~]|[?#]/gu, (character) => encodeAll(character)),
);

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}
