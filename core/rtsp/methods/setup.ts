// SETUP (RFC 2326 section 10.4): how one track travels, for publishers and for readers.
import { MediaError, toMediaError } from '../../base/media-error.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import { findControl } from '../rtsp-url.ts';
import { SessionPublisher } from '../session-publisher.ts';
import { SessionReader } from '../session-reader.ts';
import type { ServerSession, SessionRole } from '../server-session.ts';
import { formatTransport, type Transport } from '../transport-header.ts';
import type { MethodResult, TargetContext } from '../method-context.ts';
import { redirectOf } from './redirect.ts';
import { acceptTransport, type AcceptedTransport } from './accept-transport.ts';
import { sessionHeaderOf } from './session-header-of.ts';

/** Sets up one track. @throws MediaError 454, 455, 461 and others. */
export async function handleSetup(context: TargetContext): Promise<MethodResult> {
  const { connection, request, services } = context;
  const known = connection.findSession(request);
  if (known?.publisher) {
    const mediaIndex = announcedMediaOf(context, known.publisher);
    const accepted = accept(context, mediaIndex, 'record');
    return apply(context, known, { role: known.publisher, index: mediaIndex, accepted });
  }
  if (known?.reader) {
    const { reader } = known;
    if (reader.pathName !== context.target.pathName) {
      throw invalid(`the session reads path '${reader.pathName}', not another`);
    }
    const index = trackIndexOf(context, reader.stream.tracks.length);
    const accepted = accept(context, index, 'play');
    return apply(context, known, { role: reader, index, accepted });
  }
  const { target } = context;
  const grant = await connection.authorize('read', target, request);
  const redirect = redirectOf(context, grant);
  if (redirect) return redirect;
  const stream = await services.pathManager.waitForStream(grant, connection.signal);
  const index = trackIndexOf(context, stream.tracks.length);
  const accepted = accept(context, index, 'play');
  const session = connection.openSession(grant, target);
  try {
    const role = createReader(context, session, grant);
    session.setRole(role);
    return apply(context, session, { role, index, accepted });
  } catch (thrown) {
    session.close(toMediaError(thrown));
    throw thrown;
  }
}

function createReader(
  { services }: TargetContext,
  session: ServerSession,
  grant: Parameters<TargetContext['services']['pathManager']['read']>[0],
): SessionReader {
  const { id, type, logger } = session;
  const lease = services.pathManager.read(grant, { id, type });
  return new SessionReader(
    { clock: services.clock, fanouts: services.fanouts, logger },
    {
      lease,
      onStreamClosed: (reason) => session.close(reason),
      maxQueueAgeMs: Math.min(MAX_QUEUE_AGE_MS, services.writeTimeoutMs),
    },
  );
}

/** A reader whose queue is older than this gets nothing that is still worth watching. */
const MAX_QUEUE_AGE_MS = 5000;

interface Application {
  readonly role: SessionRole;
  readonly index: number;
  readonly accepted: AcceptedTransport;
}

function apply(
  context: TargetContext,
  session: ServerSession,
  { role, index, accepted }: Application,
): MethodResult {
  if (role.isActive) {
    throw new MediaError(
      'failed-precondition',
      'rtsp-wrong-state',
      'SETUP: the session is running',
    );
  }
  if (role.transport !== undefined && role.transport !== accepted.type) {
    throw invalid(
      `the session uses ${role.transport.toUpperCase()} already, one transport for all`,
    );
  }
  const { transport } = context.connection;
  let answer: Transport;
  const mode = accepted.offer.mode && { mode: accepted.offer.mode };
  const base = { ...ssrcOf(role, index), ...mode, isMulticast: false } as const;
  if (accepted.type === 'tcp') {
    const { channels } = accepted;
    for (const channel of [channels.rtp, channels.rtcp]) {
      if (!role.isChannelFree(channel, index)) {
        throw invalid(`interleaved channel ${channel} is used by another track`);
      }
    }
    if (channels.rtp === channels.rtcp) throw invalid('RTP and RTCP share an interleaved channel');
    role.setUpTcp(index, channels, transport);
    answer = { ...base, lowerTransport: 'tcp', profile: 'AVP', interleaved: channels };
  } else {
    const { udp, ports } = accepted;
    role.setUpUdp(index, ports, { udp, ip: transport.remoteIp });
    answer = {
      ...{ ...base, lowerTransport: 'udp', profile: 'AVP' },
      ...{ clientPort: ports, serverPort: udp.ports },
    };
  }
  const headers = RtspHeaders.of({
    Transport: formatTransport(answer),
    Session: sessionHeaderOf(session),
  });
  return { response: createResponse(200, { headers }) };
}

function accept(context: TargetContext, index: number, mode: 'play' | 'record'): AcceptedTransport {
  return acceptTransport(context.request.headers.getAll('Transport').join(','), {
    mode,
    udp: context.connection.isEncrypted ? undefined : context.services.udp,
    isTcpAllowed: context.services.isTcpAllowed,
    freeChannels: { rtp: index * 2, rtcp: index * 2 + 1 },
  });
}

/** A URL without control attribute means the next section that was not set up. */
function announcedMediaOf({ url, target }: TargetContext, publisher: SessionPublisher): number {
  const { medias, pathName } = publisher;
  const found = findControl(
    url,
    medias.map(({ control }) => control),
  );
  if (found >= 0) return found;
  const next = medias.findIndex((_media, index) => !publisher.isSetUp(index));
  const isBare = target.pathName === pathName;
  const isByNumber = target.trackIndex !== undefined && target.trackIndex < medias.length;
  if (isBare && isByNumber) return target.trackIndex;
  if (isBare && target.trackIndex === undefined && next >= 0) return next;
  throw invalid(`no announced track has the control attribute of this URL`);
}

function trackIndexOf({ target }: TargetContext, trackCount: number): number {
  const index = target.trackIndex ?? (trackCount === 1 ? 0 : -1);
  if (index >= 0 && index < trackCount) return index;
  const wanted = target.trackIndex === undefined ? 'no track' : `track ${target.trackIndex}`;
  throw invalid(`the URL names ${wanted} of the ${trackCount} of path '${target.pathName}'`);
}

/** The SSRC that a reader will see. */
function ssrcOf(role: SessionRole, index: number): { readonly ssrc?: number } {
  if (role instanceof SessionPublisher) return {};
  const ssrc = role.stream.tracks[index]?.ring.ssrc;
  return ssrc === undefined ? {} : { ssrc };
}

function invalid(problem: string): MediaError {
  return new MediaError('invalid-argument', 'rtsp-setup-refused', `SETUP: ${problem}`);
}
