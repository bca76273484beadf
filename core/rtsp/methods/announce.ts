// ANNOUNCE (RFC 2326 section 10.3): a client tells the tracks that it is going to publish.
import { MediaError } from '../../base/media-error.ts';
import { parseSdp } from '../../sdp/parse-sdp.ts';
import {
  attributeValue,
  hasAttribute,
  type SessionDescription,
} from '../../sdp/session-description.ts';
import { tracksFromSdp, type SdpTracks } from '../../sdp/tracks-from-sdp.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse, type RtspRequest } from '../rtsp-message.ts';
import { SessionPublisher, type AnnouncedMedia } from '../session-publisher.ts';
import type { MethodResult, TargetContext } from '../method-context.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Tracks of one publisher, whatever the description says. */
const MAX_TRACKS = 16;

/** Opens a session that may publish. @throws MediaError when the description can't be used. */
export async function handleAnnounce(context: TargetContext): Promise<MethodResult> {
  const { services, connection, request, target } = context;
  if (connection.session) {
    throw new MediaError(
      'failed-precondition',
      'rtsp-wrong-state',
      'ANNOUNCE: this connection has a session already',
    );
  }
  const { tracks, medias } = readAnnouncement(request);
  const grant = await connection.authorize('publish', target, request);
  const session = connection.openSession(grant, target);
  const { id, type } = session;
  const publisher = new SessionPublisher(services, {
    grant,
    tracks,
    medias,
    publisher: { id, type, onPathClosed: (reason) => session.close(reason) },
    readTimeoutMs: services.readTimeoutMs,
  });
  session.setRole(publisher);
  const headers = RtspHeaders.of({ Session: sessionHeaderOf(session) });
  return { response: createResponse(200, { headers }) };
}

interface Announcement {
  readonly tracks: SdpTracks['tracks'];
  readonly medias: readonly AnnouncedMedia[];
}

function readAnnouncement(request: RtspRequest): Announcement {
  const contentType = request.headers.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (contentType !== undefined && contentType !== 'application/sdp') {
    throw new MediaError(
      'invalid-argument',
      'rtsp-content-type',
      `ANNOUNCE: Content-Type '${contentType.slice(0, 64)}' is not application/sdp`,
    );
  }
  const sdp = withoutBackChannels(parseSdp(Buffer.from(request.body).toString('utf8')));
  const { tracks, ignored } = tracksFromSdp(sdp.description);
  if (tracks.length === 0 || tracks.length > MAX_TRACKS) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-no-tracks',
      `ANNOUNCE: the description has ${tracks.length} usable tracks, 1 to ${MAX_TRACKS} are taken`,
    );
  }
  const unusable = new Set(ignored.map(({ mediaIndex }) => mediaIndex));
  let trackIndex = 0;
  const medias = sdp.description.medias.map((media, index) => ({
    control: attributeValue(media, 'control'),
    trackIndex: unusable.has(index) ? -1 : trackIndex++,
  }));
  return { tracks, medias: [...medias, ...sdp.backChannels] };
}

/** A section that the publisher only receives is set up if it wants, and never used. */
function withoutBackChannels(sdp: SessionDescription): {
  readonly description: SessionDescription;
  readonly backChannels: readonly AnnouncedMedia[];
} {
  const isBack = (media: SessionDescription['medias'][number]): boolean =>
    hasAttribute(media, 'recvonly');
  const backChannels = sdp.medias
    .filter(isBack)
    .map((media) => ({ control: attributeValue(media, 'control'), trackIndex: -1 }));
  const medias = sdp.medias.filter((media) => !isBack(media));
  return { description: { ...sdp, medias }, backChannels };
}
