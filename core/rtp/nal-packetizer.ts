// Writes whole H.264 and H.265 access units as RTP payloads.
import type { Codec } from '../codec/codec.ts';
import { NalKind, type NalFormat } from './nal-format.ts';
import { NalPacketWriter } from './nal-packet-writer.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { PayloadWriter } from './payload-writer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

/** Packs small NAL units together and cuts large ones; every NAL unit given is written. */
export class NalPacketizer<C extends Codec> {
  readonly #format: NalFormat<C>;
  readonly #writer = new PayloadWriter();
  readonly #nals: NalPacketWriter<C>;

  constructor(format: NalFormat<C>, maxPayloadBytes: number = MAX_NORMALIZED_PAYLOAD_BYTES) {
    this.#format = format;
    this.#nals = new NalPacketWriter(format, this.#writer, maxPayloadBytes);
  }

  /**
   * Writes one access unit, its last packet marked. NAL units come without start codes; ones
   * shorter than their header are left out. `keyFrameStart` is set when a slice among them is IDR
   * (H.265: IRAP); parameter sets are written only if given.
   */
  packetize(nals: readonly Uint8Array[], timestampTicks: number, sink: PacketSink): void {
    const format = this.#format;
    this.#writer.attach(sink);
    this.#writer.timestampTicks = timestampTicks;
    this.#writer.flags = PacketFlag.accessUnitStart;
    const isKeyFrame = nals.some(
      (nal) => format.kindOf(format.readHeader(nal, 0)) === NalKind.keySlice,
    );
    if (isKeyFrame) this.#writer.flags |= PacketFlag.keyFrameStart;
    for (const nal of nals) {
      if (nal.length > format.headerBytes) this.#nals.queue(nal, 0, nal.length);
    }
    this.#nals.flush(true);
  }
}
