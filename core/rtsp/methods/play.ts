// PLAY (RFC 2326 section 10.5): starts or resumes a reader, always live.
import { MediaError } from '../../base/media-error.ts';
import { describeTrackList } from '../describe-track-list.ts';
import { formatRtpInfoHeader } from '../rtp-info-header.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import { controlBaseOf } from '../rtsp-url.ts';
import type { MethodResult, TargetContext } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Plays the tracks that were set up. A session that plays already is told so again. */
export function handlePlay({ connection, request, url, target }: TargetContext): MethodResult {
  const session = connection.findSession(request);
  const reader = session?.reader;
  if (!session || !reader || reader.tracks.length === 0) {
    throw new MediaError('failed-precondition', 'rtsp-wrong-state', 'PLAY: no track is set up');
  }
  if (reader.isActive) {
    const headers = RtspHeaders.of({ Session: sessionHeaderOf(session) });
    return { response: createResponse(200, { headers }) };
  }
  const base = controlBaseOf(url, { ...target, pathName: reader.pathName });
  const infos = [...reader.prepare()].map(([index, info]) => ({
    url: `${base}trackID=${index}`,
    ...info,
  }));
  const headers = RtspHeaders.of({
    Session: sessionHeaderOf(session),
    'RTP-Info': formatRtpInfoHeader(infos),
  });
  const transport = session.transport ?? '';
  return {
    response: createResponse(200, { headers }),
    afterResponse: () => {
      reader.start();
      const tracks = describeTrackList(reader.tracks);
      session.logger.info(`is reading from path '${session.path}', with ${transport}, ${tracks}`);
    },
  };
}
