// RECORD (RFC 2326 section 10.11): starts a publisher.
import { MediaError } from '../../base/media-error.ts';
import { describeTrackList } from '../describe-track-list.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodContext, MethodResult } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Publishes what was announced and set up. @throws MediaError as PathManager.publish. */
export function handleRecord({ connection, request }: MethodContext): MethodResult {
  const session = connection.findSession(request);
  const publisher = session?.publisher;
  if (!session || !publisher) {
    throw wrongState('RECORD: nothing was announced');
  }
  if (publisher.isActive) throw wrongState('RECORD: the session is publishing already');
  if (!publisher.medias.every((media, index) => media.trackIndex < 0 || publisher.isSetUp(index))) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-tracks-missing',
      'RECORD: not all announced tracks are set up',
    );
  }
  publisher.record();
  const tracks = describeTrackList(publisher.tracks);
  session.logger.info(`is publishing to path '${session.path}', ${tracks}`);
  const headers = RtspHeaders.of({ Session: sessionHeaderOf(session) });
  return { response: createResponse(200, { headers }) };
}

function wrongState(message: string): MediaError {
  return new MediaError('failed-precondition', 'rtsp-wrong-state', message);
}
