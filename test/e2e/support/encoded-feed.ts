// Sends encoded samples into a stream as RTP, each at its time.
import type { Clock } from '../../../core/base/clock.ts';
import { delay } from '../../../core/base/clock.ts';
import { mediaKindOf, type Codec, type TrackDescription } from '../../../core/codec/codec.ts';
import { RtpPacketWriter } from '../../../core/file/rtp-packet-writer.ts';
import type { MuxSample } from '../../../core/mux/container-writer.ts';
import { AacPacketizer } from '../../../core/rtp/aac-packetizer.ts';
import { H264Packetizer } from '../../../core/rtp/h264-packetizer.ts';
import { H265Packetizer } from '../../../core/rtp/h265-packetizer.ts';
import { OpusPacketizer } from '../../../core/rtp/opus-packetizer.ts';
import type { PacketSink } from '../../../core/rtp/packet-sink.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import { interleave, type EncodedTrack } from './encoded-media.ts';

type Send = (sample: MuxSample) => void;

/** A source with one run. */
export class EncodedFeed {
  readonly stream: Stream;
  readonly #clock: Clock;
  readonly #writer: StreamWriter;
  readonly #tracks: readonly EncodedTrack[];
  readonly #sends: readonly Send[];

  constructor(clock: Clock, tracks: readonly EncodedTrack[]) {
    const descriptions = tracks.map(({ codec }, index) => description(codec, 96 + index));
    this.#clock = clock;
    this.#tracks = tracks;
    this.stream = new Stream(descriptions, { clock });
    this.#writer = this.stream.attach(descriptions);
    this.#sends = tracks.map(({ codec }, index) => this.#sender(codec, index));
  }

  /** Everything in the order and at the pace of its decoding times. */
  async play(): Promise<void> {
    const samples = interleave(this.#tracks);
    const startMs = this.#clock.monotonicMs();
    const firstMs = samples[0] ? this.#timeOf(samples[0]) : 0;
    for (const sample of samples) {
      const waitMs = startMs + this.#timeOf(sample) - firstMs - this.#clock.monotonicMs();
      if (waitMs > 0) await delay(this.#clock, waitMs);
      this.#sends[sample.trackIndex]?.(sample);
      this.#writer.publish();
    }
  }

  #timeOf({ trackIndex, dtsTicks }: MuxSample): number {
    return (dtsTicks * 1000) / (this.#tracks[trackIndex]?.codec.clockRateHz ?? 1);
  }

  #sender(codec: Codec, index: number): Send {
    const numbers = { payloadType: 96 + index, ssrc: 7 + index, firstSequence: 65_500 };
    const sink = new RtpPacketWriter(numbers, (packet) => this.#writer.writeRtp(index, packet));
    const packetize = packetizerFor(codec);
    return ({ units, ptsTicks }) => packetize(units, ptsTicks, sink);
  }
}

function packetizerFor(
  codec: Codec,
): (units: readonly Uint8Array[], ticks: number, sink: PacketSink) => void {
  switch (codec.name) {
    case 'H264': {
      const packetizer = new H264Packetizer();
      return (units, ticks, sink) => packetizer.packetize(units, ticks, sink);
    }
    case 'H265': {
      const packetizer = new H265Packetizer();
      return (units, ticks, sink) => packetizer.packetize(units, ticks, sink);
    }
    case 'MPEG-4 Audio': {
      const packetizer = new AacPacketizer();
      return ([frame = new Uint8Array(0)], ticks, sink) =>
        void packetizer.packetize(frame, ticks, sink);
    }
    case 'Opus': {
      const packetizer = new OpusPacketizer();
      return ([frame = new Uint8Array(0)], ticks, sink) =>
        void packetizer.packetize(frame, ticks, sink);
    }
    default:
      return ([payload = new Uint8Array(0)], ticks, sink) => {
        sink.bytes.set(payload, sink.reserve(payload.length));
        sink.commit(ticks, false, 0);
      };
  }
}

function description(codec: Codec, payloadType: number): TrackDescription {
  return { kind: codec.name === 'Generic' ? 'audio' : mediaKindOf(codec), codec, payloadType };
}
