// GET_PARAMETER and SET_PARAMETER (RFC 2326 sections 10.8 and 10.9): keep-alives, no parameters.
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodContext, MethodResult } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Answers without looking at the body. */
export function handleParameter({ connection, request }: MethodContext): MethodResult {
  const session = connection.findSession(request);
  const headers = RtspHeaders.of({ Session: sessionHeaderOf(session) });
  return { response: createResponse(200, { headers }) };
}
