// TEARDOWN (RFC 2326 section 10.7): ends a session; the connection stays open for another one.
import { MediaError } from '../../base/media-error.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodContext, MethodResult } from '../method-context.ts';

/** Ends the session. */
export function handleTeardown({ connection, request }: MethodContext): MethodResult {
  const session = connection.findSession(request);
  if (!session) {
    throw new MediaError('not-found', 'rtsp-session-not-found', 'TEARDOWN: no session');
  }
  session.tearDown();
  return { response: createResponse(200, { headers: new RtspHeaders() }) };
}
