// Sessions whose media this server sends or takes itself.
import { formatIceCandidate } from '../../../core/sdp/ice-candidate.ts';
import type { SessionRequest, WebRtcSessionManager } from '../../../core/webrtc/session-manager.ts';
import type { EngineSession } from './engine-session.ts';

/** What of the manager is used. */
export type LocalSessionManager = Pick<
  WebRtcSessionManager,
  'createViewer' | 'createPublisher' | 'addCandidate' | 'find' | 'close' | 'candidates'
>;

/**
 * Answers an offer to watch (`read`) or to send (`publish`).
 * @throws MediaError as WebRtcSessionManager.createViewer() and createPublisher().
 */
export async function openLocalSession(
  manager: LocalSessionManager,
  direction: 'read' | 'publish',
  request: SessionRequest,
): Promise<EngineSession> {
  const { secret, answer } = await (direction === 'read'
    ? manager.createViewer(request)
    : manager.createPublisher(request));
  return {
    answer,
    get isAlive(): boolean {
      return manager.find(secret) !== undefined;
    },
    get activity(): number {
      const view = manager.find(secret);
      return view?.isConnected === true ? (view.stats()['inboundBytes'] ?? 0) : 0;
    },
    addCandidate: (candidate) => manager.addCandidate(secret, candidate),
    localCandidates: async () => (await manager.candidates()).map(formatIceCandidate),
    close: () => manager.close(secret),
  };
}
