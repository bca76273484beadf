// OPTIONS (RFC 2326 section 10.1): what the server can do; also a keep-alive.
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodContext, MethodResult } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Every method that is served. */
export const PUBLIC_METHODS =
  'DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN';

/** Answers with the methods, whatever the URL is. */
export function handleOptions({ connection, request }: MethodContext): MethodResult {
  const session = connection.findSession(request);
  const headers = RtspHeaders.of({ Public: PUBLIC_METHODS, Session: sessionHeaderOf(session) });
  return { response: createResponse(200, { headers }) };
}
