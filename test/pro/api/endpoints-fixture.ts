// Runs endpoints on a real listener of 127.0.0.1, as their clients see them.
import type { AccessGate } from '../../../core/http/route.ts';
import { apiRoutes } from '../../../pro/api/api-routes.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { httpRequest, type TestReply } from '../../support/http-client.ts';
import { startListener } from '../../core/http/listener-fixture.ts';

export interface EndpointsFixture extends AsyncDisposable {
  readonly port: number;
  /** `target` is method and URL, e.g. `GET /api/v2/info`. */
  ask(target: string, body?: unknown): Promise<TestReply & { readonly json: unknown }>;
}

/** Serves the endpoints until disposed. */
export async function serveEndpoints(
  endpoints: readonly Endpoint[],
  access: AccessGate = () => Promise.resolve({ user: '' }),
): Promise<EndpointsFixture> {
  const { port, listener } = await startListener({ routes: apiRoutes(endpoints), access });
  return {
    port,
    ask: async (target, body) => {
      const [method = 'GET', path = '/'] = target.split(' ');
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const reply = await httpRequest({
        ...{ port, method, path },
        ...(body === undefined ? {} : { body: text }),
      });
      return { ...reply, json: parseOrText(reply.body) };
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
