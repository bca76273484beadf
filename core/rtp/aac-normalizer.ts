// Normalises AAC, generic or LATM: one access unit per packet, always in mode AAC-hbr.
import type { Codec, Mpeg4AudioCodec } from '../codec/codec.ts';
import { AacDepacketizer } from './aac-depacketizer.ts';
import { AAC_HBR_FRAMING, AacPacketizer } from './aac-packetizer.ts';
import { LatmDepacketizer } from './latm-depacketizer.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';

/**
 * ffmpeg sends seven access units per packet, which makes bursts of 150 ms; here each gets a packet
 * and its own timestamp. LATM becomes generic, so that nobody behind needs to know LATM:
 * `codec.framing` says what is written, not what the source sends.
 */
export class AacNormalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #packetizer = new AacPacketizer();
  #codec: Mpeg4AudioCodec;
  #depacketizer: AacDepacketizer | LatmDepacketizer;
  /** Where access units of the packet being pushed go. */
  #sink: PacketSink | undefined;
  #refusedUnits = 0;

  constructor(codec: Mpeg4AudioCodec) {
    this.#codec = { ...codec, framing: AAC_HBR_FRAMING };
    this.#depacketizer = this.#depacketizerOf(codec);
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    if (packet.payloadLength === 0) return;
    this.#sink = sink;
    const refusedBefore = this.#refusedUnits;
    const isWhole = this.#depacketizer.push(packet);
    if (!isWhole || this.#refusedUnits > refusedBefore) this.packetsInError++;
    this.#sink = undefined;
  }

  noteLoss(sink: PacketSink): void {
    this.#depacketizer.reset();
    sink.leaveGap();
  }

  restart(codec: Codec): void {
    this.#depacketizer.reset();
    if (codec.name !== 'MPEG-4 Audio') return;
    this.#codec = { ...codec, framing: AAC_HBR_FRAMING };
    this.#depacketizer = this.#depacketizerOf(codec);
  }

  /** Called by the depacketizer inside `push()`. */
  onAccessUnit(accessUnit: Uint8Array, timestampTicks: number): void {
    if (this.#sink === undefined) return;
    const isWritten = this.#packetizer.packetize(accessUnit, timestampTicks, this.#sink);
    if (!isWritten) this.#refusedUnits++;
  }

  #depacketizerOf(codec: Mpeg4AudioCodec): AacDepacketizer | LatmDepacketizer {
    return codec.framing.type === 'latm'
      ? new LatmDepacketizer(codec, this)
      : new AacDepacketizer(codec, this);
  }
}
