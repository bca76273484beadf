// Makes endpoints out of schemas and a handler: decodes what comes in, wraps what goes out.
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import { jsonReply, type HttpReply } from '../http/http-reply.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type {
  Endpoint,
  EndpointAnswer,
  EndpointInfo,
  EndpointInput,
  ParameterSchema,
  ResultShape,
} from './endpoint.ts';

type Output<S extends z.ZodType | undefined> = S extends z.ZodType ? z.output<S> : undefined;

/** The incoming side of an endpoint. */
interface InputSchemas<
  P extends ParameterSchema | undefined,
  Q extends ParameterSchema | undefined,
  B extends z.ZodType | undefined,
> extends EndpointInfo {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

/** An endpoint that answers JSON. */
export interface JsonEndpointDefinition<
  P extends ParameterSchema | undefined,
  Q extends ParameterSchema | undefined,
  B extends z.ZodType | undefined,
  R extends z.ZodType,
> extends InputSchemas<P, Q, B> {
  readonly result: R;
  /** Default `result`. */
  readonly shape?: ResultShape;
  readonly handle: (
    input: EndpointInput<Output<P>, Output<Q>, Output<B>>,
  ) => z.input<R> | Promise<z.input<R>>;
}

/** An endpoint that answers something else: pictures, files, a device's own words. */
export interface MediaEndpointDefinition<
  P extends ParameterSchema | undefined,
  Q extends ParameterSchema | undefined,
  B extends z.ZodType | undefined,
> extends InputSchemas<P, Q, B> {
  readonly answer: Extract<EndpointAnswer, { readonly type: 'media' }>;
  readonly handle: (
    input: EndpointInput<Output<P>, Output<Q>, Output<B>>,
  ) => HttpReply | Promise<HttpReply>;
}

/** Defines an endpoint whose handler's result is wrapped as JSON. */
export function jsonEndpoint<
  R extends z.ZodType,
  P extends ParameterSchema | undefined = undefined,
  Q extends ParameterSchema | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(definition: JsonEndpointDefinition<P, Q, B, R>): Endpoint {
  const { params, query, body, result, shape = 'result', handle, ...info } = definition;
  return {
    ...{ ...info, params, query, body },
    answer: { type: 'json', schema: result, shape },
    run: async (request) => {
      const input = await decode<P, Q, B>(request, { params, query, body });
      return jsonReply(wrap(await handle(input), shape));
    },
  };
}

/** Defines an endpoint whose handler answers by itself. */
export function mediaEndpoint<
  P extends ParameterSchema | undefined = undefined,
  Q extends ParameterSchema | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(definition: MediaEndpointDefinition<P, Q, B>): Endpoint {
  const { params, query, body, answer, handle, ...info } = definition;
  return {
    ...{ ...info, params, query, body, answer },
    run: async (request) => handle(await decode<P, Q, B>(request, { params, query, body })),
  };
}

/** The JSON body of a successful answer. */
export function wrap(result: unknown, shape: ResultShape): unknown {
  if (shape === 'bare') return result;
  const flat = shape === 'flat' && typeof result === 'object' && result !== null ? result : {};
  return { ...flat, success: true, result };
}

async function decode<
  P extends ParameterSchema | undefined,
  Q extends ParameterSchema | undefined,
  B extends z.ZodType | undefined,
>(
  request: HttpRequest,
  schemas: {
    readonly params: P | undefined;
    readonly query: Q | undefined;
    readonly body: B | undefined;
  },
): Promise<EndpointInput<Output<P>, Output<Q>, Output<B>>> {
  const { params, query, body } = schemas;
  const fromPath = params && Object.keys(params.shape).map((key) => [key, request.parameter(key)]);
  const decoded = {
    params: params && parse(params, Object.fromEntries(fromPath ?? []), 'path'),
    query: query && parse(query, textsOf(request.query), 'query'),
    body: body && parse(body, await request.readJson(), 'body'),
    request,
  };
  // Generic edge: each part was decoded with the schema its type comes from.
  return decoded as EndpointInput<Output<P>, Output<Q>, Output<B>>;
}

/** The first value of each name; an empty one counts as not given, as forms send it. */
function textsOf(query: URLSearchParams): Record<string, string> {
  const texts = new Map<string, string>();
  for (const [name, text] of query) if (text !== '' && !texts.has(name)) texts.set(name, text);
  return Object.fromEntries(texts);
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  const given = valueAt(value, issue?.path ?? []);
  const subject = at === '' ? where : `${where} field '${at}'`;
  const got = given === undefined ? ' (missing)' : `, got ${shortJson(given)}`;
  throw new MediaError(
    'invalid-argument',
    'invalid-parameter',
    `${subject}: ${lowerFirst(issue?.message ?? 'is not understood')}${got}`,
    { context: { where, field: at } },
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = Reflect.get(current, key);
  }
  return current;
}

const MAX_SHOWN_CHARS = 100;

function shortJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN_CHARS ? text : `${text.slice(0, MAX_SHOWN_CHARS)}…`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
