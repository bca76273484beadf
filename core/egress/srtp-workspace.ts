// Memory that all SRTP keys of one thread share: key stream, hash state and one packet.
import { HmacWorkspace } from './hmac-sha1.ts';
import { KeystreamPad } from './keystream-pad.ts';
import { PacketFrame } from './packet-frame.ts';

const PAD_BYTES = 32 * 1024;
const PAD_PACKETS = 32;

/**
 * Give one to everything that protects or unprotects in a thread, so that a session costs only its
 * keys. What a receiver returns lies here and is overwritten by the next call of any of them.
 */
export class SrtpWorkspace {
  readonly pad = new KeystreamPad({ sizeBytes: PAD_BYTES, maxPackets: PAD_PACKETS });
  readonly hmac = new HmacWorkspace();
  readonly frame = new PacketFrame();
}
