// Who is connected by RTSP, RTSPS and WebRTC.
import { MediaError } from '../base/media-error.ts';
import type { Session } from '../path/session-registry.ts';
import { collectionEndpoints } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import {
  rtspConnectionItem,
  rtspConnectionSchema,
  rtspSessionItem,
  rtspSessionSchema,
  type RtspConnection,
} from './rtsp-items.ts';
import { webRtcSessionItem, webRtcSessionSchema } from './webrtc-session-item.ts';

/** What these endpoints ask for. */
export interface SessionsApi {
  /** Oldest first. */
  readonly sessions: (type: string) => readonly Session[];
  /** Of RTSP and RTSPS, oldest first. */
  readonly rtspConnections: () => readonly RtspConnection[];
}

interface ConnectedSession {
  readonly session: Session;
  /** Ids of its connections. */
  readonly connections: readonly string[];
}

/** list, get and kick of every protocol that has sessions. */
export function sessionEndpoints(api: SessionsApi): readonly Endpoint[] {
  return [...rtspEndpoints(api, false), ...rtspEndpoints(api, true), ...webRtcEndpoints(api)];
}

function rtspEndpoints(api: SessionsApi, isEncrypted: boolean): readonly Endpoint[] {
  const word = isEncrypted ? 'rtsps' : 'rtsp';
  const name = word.toUpperCase();
  const connections = (): readonly RtspConnection[] =>
    api.rtspConnections().filter((each) => each.isEncrypted === isEncrypted);
  const sessions = (): readonly ConnectedSession[] => {
    const idsOf = Map.groupBy(connections(), ({ session }) => session);
    return api.sessions(`${word}Session`).map((session) => ({
      session,
      connections: (idsOf.get(session.id) ?? []).map(({ id }) => id),
    }));
  };
  return [
    ...collectionEndpoints({
      ...{ root: `/v3/${word}conns`, operation: `${word}Conns`, tag: 'RTSP' },
      ...{ thing: `${name} connection`, missing: 'connection not found', key: 'id' },
      ...{ schema: rtspConnectionSchema, listName: 'RTSPConnList' },
      ...{ all: connections, find: (id) => connections().find((each) => each.id === id) },
      show: rtspConnectionItem,
    }),
    ...collectionEndpoints({
      ...{ root: `/v3/${word}sessions`, operation: `${word}Sessions`, tag: 'RTSP' },
      ...{ thing: `${name} session`, missing: 'session not found', key: 'id' },
      ...{ schema: rtspSessionSchema, listName: 'RTSPSessionList' },
      ...{ all: sessions, find: (id) => sessions().find(({ session }) => session.id === id) },
      show: ({ session, connections: ids }) => rtspSessionItem(session, ids),
      kick: ({ session }) => kick(session),
    }),
  ];
}

function webRtcEndpoints(api: SessionsApi): readonly Endpoint[] {
  const sessions = (): readonly Session[] => api.sessions('webRTCSession');
  return collectionEndpoints({
    ...{ root: '/v3/webrtcsessions', operation: 'webrtcSessions', tag: 'WebRTC' },
    ...{ thing: 'WebRTC session', missing: 'session not found', key: 'id' },
    ...{ schema: webRtcSessionSchema, listName: 'WebRTCSessionList' },
    ...{ all: sessions, find: (id) => sessions().find((each) => each.id === id) },
    ...{ show: webRtcSessionItem, kick },
  });
}

function kick(session: Session): void {
  session.close(new MediaError('canceled', 'session-kicked', 'closed by the operator'));
}
