// Global keys of mediamtx.yml: the WebRTC server.
import { z } from 'zod';
import { key } from './config-key.ts';
import {
  address,
  flag,
  ipRanges,
  listOf,
  secretText,
  text,
  texts,
  timerDuration,
} from './value-schemas.ts';

const iceServer = z
  .strictObject({
    /** stun:, turn: or turns: URL. */
    url: text,
    /** "AUTH_SECRET" makes time-limited credentials from the secret in `password`. */
    username: text.default(''),
    password: secretText.default(''),
    /** Offered to browsers only, not used by the server. */
    clientOnly: flag.default(false),
  })
  .readonly();

/** Keys of the WebRTC server. */
export const webrtcKeys = {
  webrtc: key(flag, true, 'Starts the WebRTC server (WHIP and WHEP).'),
  webrtcAddress: key(address, ':8889', 'Listen address of WHIP, WHEP and their pages.'),
  webrtcEncryption: key(flag, false, 'Serves WHIP and WHEP over HTTPS.'),
  webrtcServerKey: key(text, 'server.key', 'TLS key file of the WebRTC server.'),
  webrtcServerCert: key(text, 'server.crt', 'TLS certificate file of the WebRTC server.'),
  webrtcAllowOrigins: key(texts, ['*'], 'Origins that browsers may call WHIP and WHEP from.'),
  webrtcTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),
  webrtcLocalUDPAddress: key(address, ':8189', 'UDP address of all media; empty turns UDP off.'),
  // On by default on purpose: networks that block UDP still get a picture.
  webrtcLocalTCPAddress: key(address, ':8189', 'TCP address of all media; empty turns TCP off.'),
  webrtcIPsFromInterfaces: key(flag, true, 'Offers the addresses of the network interfaces.'),
  webrtcIPsFromInterfacesList: key(texts, [], 'Interfaces to take; empty takes all.'),
  webrtcAdditionalHosts: key(texts, [], 'Further addresses or host names to offer.'),
  webrtcICEServers2: key(listOf(iceServer), [], 'STUN and TURN servers.'),
  webrtcSTUNGatherTimeout: key(timerDuration, '5s', 'Longest wait for STUN candidates.'),
  webrtcHandshakeTimeout: key(timerDuration, '10s', 'Longest wait for ICE and DTLS together.'),
  webrtcTrackGatherTimeout: key(timerDuration, '2s', 'Longest wait for the tracks of a publisher.'),
};
