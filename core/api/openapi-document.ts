// Writes the OpenAPI 3.1 document of a set of endpoints; the schemas that check requests are the ones it shows.
import { z } from 'zod';
import { kindToHttpStatus } from '../base/error-status.ts';
import type { ErrorKind } from '../base/media-error.ts';
import type { Endpoint, ParameterSchema } from './endpoint.ts';

type Json = Record<string, unknown>;

/** What the document says besides its endpoints. */
export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** JSON schema of the body of every failure. */
  readonly errorSchema: Readonly<Record<string, unknown>>;
}

/** Failures that any protected endpoint may answer with. */
const COMMON_FAILURES: readonly ErrorKind[] = [
  'invalid-argument',
  'unauthenticated',
  'permission-denied',
  'resource-exhausted',
  'internal',
];

/** The document as a plain object, in the order of the endpoints. */
export function openApiDocument(endpoints: readonly Endpoint[], options: OpenApiOptions): Json {
  const { errorSchema, ...info } = options;
  const schemas: Json = { Error: errorSchema };
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/[:*](\w+)/gu, '{$1}');
    const operations = (paths[path] ??= {});
    for (const method of [endpoint.method, ...(endpoint.moreMethods ?? [])]) {
      operations[method.toLowerCase()] = operationOf(endpoint, method, schemas);
    }
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/', description: 'the address of `apiAddress`' }],
    security: [{ bearer: [] }, { query: [] }, { basic: [] }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      responses: failureResponses(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        query: { type: 'apiKey', in: 'query', name: 'access_token' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
  };
}

function operationOf(endpoint: Endpoint, method: string, schemas: Json): Json {
  const { tag, summary, description } = endpoint;
  const body = endpoint.documentedBody ?? endpoint.body;
  return {
    operationId: endpoint.operationId ?? operationId(endpoint, method),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(endpoint.publicReason === undefined ? {} : { security: [] }),
    parameters: [
      ...parametersOf(endpoint.params, 'path', schemas),
      ...parametersOf(endpoint.query, 'query', schemas),
    ],
    ...(body && method !== 'GET'
      ? { requestBody: { required: true, content: jsonContent(toSchema(body, 'input', schemas)) } }
      : {}),
    responses: { ...successOf(endpoint, schemas), ...failuresOf(endpoint) },
  };
}

function operationId({ path }: Endpoint, method: string): string {
  const words = path.split(/[^A-Za-z0-9]+/u).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].join('_');
}

function parametersOf(
  schema: ParameterSchema | undefined,
  place: 'path' | 'query',
  schemas: Json,
): Json[] {
  if (!schema) return [];
  return Object.entries(schema.shape).map(([name, each]) => {
    const { description, ...type } = toSchema(each, 'input', schemas);
    const isOptional = z.safeParse(each, undefined).success;
    return {
      ...{ name, in: place, required: place === 'path' || !isOptional },
      ...(description === undefined ? {} : { description }),
      schema: type,
    };
  });
}

function successOf({ answer }: Endpoint, schemas: Json): Json {
  if (answer.type === 'json') {
    const result = toSchema(answer.schema, 'output', schemas);
    return {
      200: { description: 'success', content: jsonContent(envelope(result, answer.shape)) },
    };
  }
  const binary = { schema: { type: 'string', format: 'binary' } };
  const content: Json = Object.fromEntries(answer.contentTypes.map((type) => [type, binary]));
  if (answer.jsonSchema) {
    Object.assign(content, jsonContent(toSchema(answer.jsonSchema, 'output', schemas)));
  }
  const statuses = [200, ...(answer.moreStatuses ?? [])];
  return Object.fromEntries(
    statuses.map((status) => [status, { description: 'success', content }]),
  );
}

function envelope(result: Json, shape: string): Json {
  if (shape === 'bare') return result;
  const wrapped: Json = {
    type: 'object',
    required: ['success', 'result'],
    properties: { success: { type: 'boolean', const: true }, result },
  };
  return shape === 'flat' ? { allOf: [wrapped, result] } : wrapped;
}

function failuresOf({ failures = [], publicReason }: Endpoint): Json {
  const kinds = publicReason === undefined ? [...COMMON_FAILURES, ...failures] : failures;
  const statuses = new Set(kinds.map((kind) => kindToHttpStatus[kind]));
  return Object.fromEntries(
    [...statuses].map((status) => [status, { $ref: `#/components/responses/Failure${status}` }]),
  );
}

/** One shared answer for each status of a failure. */
function failureResponses(): Json {
  const content = jsonContent({ $ref: '#/components/schemas/Error' });
  const responses: Record<string, Json> = {};
  for (const [kind, status] of Object.entries(kindToHttpStatus)) {
    const name = `Failure${status}`;
    const known = responses[name]?.['description'];
    const description = typeof known === 'string' ? `${known}, ${kind}` : kind;
    responses[name] = { description, content };
  }
  return responses;
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } };
}

/** JSON schema; whatever has an `id` in its metadata goes to the shared ones. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $defs = {}, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  for (const [name, definition] of Object.entries($defs)) schemas[name] = relink(definition);
  const linked = relink(rest);
  return typeof linked === 'object' && linked !== null ? { ...linked } : {};
}

/** References inside one schema become references into the document. */
function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink);
  if (typeof value !== 'object' || value === null) return value;
  const hasFormat = 'format' in value && typeof value.format === 'string';
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]: [string, unknown]) => {
      // The format says it to readers; the expression that checks it is a page long.
      if (hasFormat && key === 'pattern') return [];
      // Zod leaves the metadata's id; a property that is called so holds an object.
      if (key === '$schema' || (key === 'id' && typeof each === 'string')) return [];
      // Answers may get more keys later, and are wrapped together with others.
      if (key === 'additionalProperties' && each === false) return [];
      const isReference = key === '$ref' && typeof each === 'string';
      return [
        [key, isReference ? each.replace('#/$defs/', '#/components/schemas/') : relink(each)],
      ];
    }),
  );
}
