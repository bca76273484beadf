// A peer together with its WHIP or WHEP session: one opens both, one closes both.
import type { PeerAnswer } from './read-answer.ts';
import type { OfferingPeer } from './offering-peer.ts';
import { SignalingExchange, type SignalingExchangeOptions } from './signaling-exchange.ts';
import { TrickleQueue } from './trickle-queue.ts';
import type { PeerWish, WebRtcClients } from './webrtc-clients.ts';

/** What to say to whom. */
export interface SignaledPeerOptions {
  readonly signaling: SignalingExchangeOptions;
  readonly peer: Omit<PeerWish, 'iceServers' | 'onCandidate'>;
}

/** Offer and answer are done; `peer.connect()` comes next. */
export interface SignaledPeer {
  readonly peer: OfferingPeer;
  readonly answer: PeerAnswer;
  /** `host:port` of the server. */
  readonly place: string;
  /** Ends the session at the server and closes the peer; never throws. */
  close(): Promise<void>;
}

/**
 * Asks for ICE servers, offers, and reads the answer.
 * @throws MediaError why there is no answer; nothing stays open then.
 */
export async function openSignaledPeer(
  clients: WebRtcClients,
  { signaling, peer: wish }: SignaledPeerOptions,
): Promise<SignaledPeer> {
  const { clock, send } = clients;
  const exchange = new SignalingExchange({ clock, send }, signaling);
  const { iceServers, takesCandidates } = await exchange.invite();
  const queue = new TrickleQueue();
  const peer = await clients.createPeer({
    ...{ ...wish, iceServers },
    onCandidate: (candidate) => queue.push(candidate),
  });
  const close = async (): Promise<void> => {
    queue.close();
    peer.close();
    await exchange.delete();
  };
  try {
    const answer = peer.answer(await exchange.post(await peer.offer(takesCandidates)));
    if (takesCandidates) {
      queue.open((candidates) => exchange.trickle(candidates, peer.localCredentials));
    }
    return { peer, answer, place: exchange.place, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
