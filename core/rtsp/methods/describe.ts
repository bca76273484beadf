// DESCRIBE (RFC 2326 section 10.2): waits for the stream of a path and tells its tracks.
import type { TrackDescription } from '../../codec/codec.ts';
import { sdpFromTracks } from '../../sdp/sdp-from-tracks.ts';
import { writeSdp } from '../../sdp/write-sdp.ts';
import type { Stream } from '../../stream/stream.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import { controlBaseOf } from '../rtsp-url.ts';
import type { MethodResult, TargetContext } from '../method-context.ts';
import { redirectOf } from './redirect.ts';

/** How long the parameter sets of browsers are waited for, which send them only in the media. */
const PARAMETER_SET_WAIT_MS = 2000;

/** Answers with the description of the stream. @throws MediaError `not-found` when there is none. */
export async function handleDescribe(context: TargetContext): Promise<MethodResult> {
  const { services, connection, request, target, url } = context;
  const grant = await connection.authorize('read', target, request);
  const redirect = redirectOf(context, grant);
  if (redirect) return redirect;
  const stream = await services.pathManager.waitForStream(grant, connection.signal);
  await stream.waitForParameterSets(PARAMETER_SET_WAIT_MS, connection.signal);
  const sdp = sdpFromTracks({ tracks: describeTracks(stream), sessionName: 'Stream' });
  const headers = RtspHeaders.of({
    'Content-Base': controlBaseOf(url, target),
    'Content-Type': 'application/sdp',
  });
  return { response: createResponse(200, { headers, body: Buffer.from(writeSdp(sdp)) }) };
}

function describeTracks(stream: Stream): TrackDescription[] {
  return stream.tracks.map(({ kind, codec, payloadType }) => ({ kind, codec, payloadType }));
}
