// Incoming SRTCP of one key (RFC 3711 section 3.4, RFC 7714 section 9).
import { readUint8, readUint32 } from '../base/bytes.ts';
import { createFrameCipher } from './create-frame-cipher.ts';
import type { FrameCipher } from './frame-cipher.ts';
import { MAX_FRAME_BYTES, type PacketFrame } from './packet-frame.ts';
import { ReceivedStreams } from './received-streams.ts';
import { SRTCP_ENCRYPTED, SRTCP_HEADER_BYTES, SRTCP_INDEX_BYTES } from './srtcp-protector.ts';
import type { SrtpSessionKeys } from './srtp-key-derivation.ts';
import type { SrtpReceiverOptions, SrtpReceiverStats } from './srtp-receiver.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

const DEFAULT_MAX_SSRCS = 32;
const WINDOW_BITS = 128;

/** Unprotects compound RTCP packets. Never throws on input; what is refused is counted. */
export class SrtcpReceiver {
  readonly stats: SrtpReceiverStats = {
    packetsReceived: 0,
    packetsMalformed: 0,
    packetsReplayed: 0,
    packetsUnauthentic: 0,
    packetsFromTooManySsrcs: 0,
  };

  readonly #isIndexFirst: boolean;
  readonly #cipher: FrameCipher;
  readonly #frame: PacketFrame;
  readonly #streams: ReceivedStreams;

  constructor(keys: SrtpSessionKeys, workspace: SrtpWorkspace, options: SrtpReceiverOptions = {}) {
    this.#isIndexFirst = keys.profile === 1;
    this.#cipher = createFrameCipher(keys.profile, keys.rtcp, workspace);
    this.#frame = workspace.frame;
    this.#streams = new ReceivedStreams({
      maxSsrcs: options.maxSsrcs ?? DEFAULT_MAX_SSRCS,
      windowBits: WINDOW_BITS,
    });
  }

  /**
   * The plain compound packet, or undefined when `packet` is refused. The result lies in the
   * workspace and is valid until its next use. Packets without the E bit are authenticated only.
   */
  unprotect(packet: Uint8Array): Uint8Array | undefined {
    const stats = this.stats;
    stats.packetsReceived++;
    const length = packet.length - this.#cipher.tagBytes - SRTCP_INDEX_BYTES;
    const isPlausible = length >= SRTCP_HEADER_BYTES && packet.length <= MAX_FRAME_BYTES;
    if (!isPlausible || readUint8(packet, 0) >> 6 !== 2) {
      stats.packetsMalformed++;
      return undefined;
    }
    const ssrc = readUint32(packet, 4);
    const indexAt = this.#isIndexFirst ? length : packet.length - SRTCP_INDEX_BYTES;
    const indexWord = readUint32(packet, indexAt);
    const index = indexWord & 0x7fffffff;
    const window = this.#streams.find(ssrc);
    if (window === undefined && this.#streams.isFull) {
      stats.packetsFromTooManySsrcs++;
      return undefined;
    }
    if (window?.isFresh(index) === false) {
      stats.packetsReplayed++;
      return undefined;
    }
    this.#load(packet, length, indexWord);
    this.#frame.ssrc = ssrc;
    this.#frame.index = index;
    if (!this.#cipher.open()) {
      stats.packetsUnauthentic++;
      return undefined;
    }
    this.#streams.accept(ssrc, index);
    return this.#frame.packetView();
  }

  #load(packet: Uint8Array, length: number, indexWord: number): void {
    const frame = this.#frame;
    const isEncrypted = (indexWord & SRTCP_ENCRYPTED) !== 0;
    frame.load(packet, length);
    const tagAt = this.#isIndexFirst ? length + SRTCP_INDEX_BYTES : length;
    frame.loadTag(packet, tagAt, this.#cipher.tagBytes);
    frame.headerBytes = isEncrypted ? SRTCP_HEADER_BYTES : length;
    frame.secretBytes = length - frame.headerBytes;
    frame.setTrailer(indexWord);
  }
}
