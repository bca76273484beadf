// PAUSE (RFC 2326 section 10.6): stops sending or taking packets until the next PLAY or RECORD.
import { MediaError } from '../../base/media-error.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodContext, MethodResult } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Pauses; a session that is not running stays as it is. A publisher that pauses leaves its path. */
export function handlePause({ connection, request }: MethodContext): MethodResult {
  const session = connection.findSession(request);
  const role = session?.reader ?? session?.publisher;
  if (!role) throw new MediaError('failed-precondition', 'rtsp-wrong-state', 'PAUSE: no session');
  role.pause();
  const headers = RtspHeaders.of({ Session: sessionHeaderOf(session) });
  return { response: createResponse(200, { headers }) };
}
