// One operation of an API as data: where it is, what it takes, what it answers. Routes and the OpenAPI document are both made from it.
import type { z } from 'zod';
import type { ErrorKind } from '../base/media-error.ts';
import type { HttpReply } from '../http/http-reply.ts';
import type { HttpMethod, HttpRequest } from '../http/http-request.ts';

/** An object schema for parameters of the path or the query; all values arrive as text. */
export type ParameterSchema = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

/** What a handler gets, decoded by the schemas of its endpoint. */
export interface EndpointInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: HttpRequest;
}

/**
 * How the result is wrapped. `result`: `{success: true, result}`. `flat`: the same, with the keys
 * of the result at the top level too, for clients of either generation. `bare`: the result alone.
 */
export type ResultShape = 'result' | 'flat' | 'bare';

/** What stands in the document about an endpoint. */
export interface EndpointInfo {
  readonly method: HttpMethod;
  /** Further methods with the same behavior, e.g. of a proxy. */
  readonly moreMethods?: readonly HttpMethod[];
  /** Pattern of the route, e.g. `/api/v2/record/task/*name`. */
  readonly path: string;
  readonly tag: string;
  /** Name of the operation for generated clients; made of method and path when absent. */
  readonly operationId?: string;
  readonly summary: string;
  readonly description?: string;
  /** Why nobody has to prove who he is; protected when absent. */
  readonly publicReason?: string;
  readonly maxBodyBytes?: number;
  /** As in Route. */
  readonly allowsBackslash?: boolean;
  /** For the document only: of a body that the handler reads or checks by itself. */
  readonly documentedBody?: z.ZodType;
  /** Failures besides those every endpoint has (400, 401, 403, 500). */
  readonly failures?: readonly ErrorKind[];
}

/** An endpoint whose parts belong together by type; see jsonEndpoint() and mediaEndpoint(). */
export interface Endpoint extends EndpointInfo {
  readonly params: ParameterSchema | undefined;
  readonly query: ParameterSchema | undefined;
  readonly body: z.ZodType | undefined;
  readonly answer: EndpointAnswer;
  readonly run: (request: HttpRequest) => Promise<HttpReply>;
}

/** What the document says about a successful answer. */
export type EndpointAnswer =
  | { readonly type: 'json'; readonly schema: z.ZodType; readonly shape: ResultShape }
  | {
      readonly type: 'media';
      readonly contentTypes: readonly [string, ...string[]];
      /** When the endpoint answers JSON for some parameters. */
      readonly jsonSchema?: z.ZodType;
      /** Statuses besides 200, e.g. 206. */
      readonly moreStatuses?: readonly number[];
    };
