// Picks the first transport of a client's offer that this server serves.
import { MediaError } from '../../base/media-error.ts';
import { parseTransportHeader, type Transport, type TransportPair } from '../transport-header.ts';
import type { UdpPorts } from '../udp-ports.ts';

/** What may be picked. */
export interface TransportRules {
  readonly mode: 'play' | 'record';
  /** Undefined where UDP is not allowed. */
  readonly udp: UdpPorts | undefined;
  readonly isTcpAllowed: boolean;
  /** Interleaved channels for a client that leaves the choice to the server. */
  readonly freeChannels: TransportPair;
}

/** A transport that was picked, with the offer it came from. */
export type AcceptedTransport =
  | { readonly type: 'tcp'; readonly offer: Transport; readonly channels: TransportPair }
  | {
      readonly type: 'udp';
      readonly offer: Transport;
      readonly ports: TransportPair;
      readonly udp: UdpPorts;
    };

/**
 * Picks a transport.
 * @throws MediaError `rtsp-transport-unsupported` when none is served, `rtsp-wrong-state` when the
 * mode is not that of the session, `invalid-argument` when the header is malformed.
 */
export function acceptTransport(header: string, rules: TransportRules): AcceptedTransport {
  const offers = parseTransportHeader(header);
  for (const offer of offers) {
    const accepted = acceptOffer(offer, rules);
    if (accepted === undefined) continue;
    if (offer.mode !== undefined && offer.mode !== rules.mode) {
      throw new MediaError(
        'failed-precondition',
        'rtsp-wrong-state',
        `SETUP: mode=${offer.mode} is not possible in this session`,
      );
    }
    return accepted;
  }
  throw new MediaError(
    'unsupported',
    'rtsp-transport-unsupported',
    `SETUP: none of the transports ${JSON.stringify(header.slice(0, 128))} is enabled`,
  );
}

function acceptOffer(offer: Transport, rules: TransportRules): AcceptedTransport | undefined {
  if (offer.isMulticast || offer.profile.startsWith('SAVP')) return undefined;
  if (offer.lowerTransport === 'tcp') {
    if (!rules.isTcpAllowed) return undefined;
    return { type: 'tcp', offer, channels: offer.interleaved ?? rules.freeChannels };
  }
  const ports = offer.clientPort;
  if (!rules.udp) return undefined;
  if (ports === undefined || ports.rtp === 0 || ports.rtcp === 0) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-setup-refused',
      'SETUP: Transport over UDP has no client_port',
    );
  }
  return { type: 'udp', offer, ports, udp: rules.udp };
}
