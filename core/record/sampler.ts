// Turns the packets of one track into what files hold: access units, frames, samples.
import type { Codec, G711Codec, LpcmCodec, Mpeg4AudioCodec } from '../codec/codec.ts';
import { AacDepacketizer } from '../rtp/aac-depacketizer.ts';
import { AccessUnitAssembler } from '../rtp/access-unit-assembler.ts';
import type { AccessUnit } from '../rtp/access-unit.ts';
import { copyBytes } from '../rtp/copy-bytes.ts';
import { LatmDepacketizer } from '../rtp/latm-depacketizer.ts';
import type { RtpPacket } from '../rtp/rtp-packet.ts';
import { decodeG711 } from './g711-decoder.ts';

/** Receives samples in sending order. */
export interface SampleHandler {
  /** `units` belong to the handler; `timestampTicks` is the 32-bit showing time. */
  onSample(units: readonly Uint8Array[], timestampTicks: number, isKeyFrame: boolean): void;
  /** Something was dropped because packets of it are missing or broken. */
  onDamaged(): void;
}

/** Takes the packets of a track in order. */
export interface Sampler {
  push(packet: RtpPacket): void;
  /** Packets are missing in front of the next one. */
  noteLoss(): void;
  /** The next packet comes from somewhere else in the ring. */
  restart(): void;
}

/** How files hold a codec: G.711 as linear samples, everything else as it is. */
export function recordedCodecOf(codec: Codec): Codec {
  return codec.name === 'G711' ? linearCodecOf(codec) : codec;
}

/** Undefined when nobody knows how to take the packets of `codec` apart. */
export function createSampler(codec: Codec, handler: SampleHandler): Sampler | undefined {
  switch (codec.name) {
    case 'H264':
    case 'H265':
    case 'VP8':
    case 'VP9':
    case 'AV1':
      return new VideoSampler(codec, handler);
    case 'MPEG-4 Audio':
      return new AacSampler(codec, handler);
    case 'G711':
      return new G711Sampler(codec, handler);
    case 'Opus':
    case 'LPCM':
      return new PayloadSampler(handler);
    default:
      return undefined;
  }
}

class VideoSampler implements Sampler {
  readonly #handler: SampleHandler;
  readonly #assembler: AccessUnitAssembler;

  constructor(codec: Codec, handler: SampleHandler) {
    this.#handler = handler;
    this.#assembler = new AccessUnitAssembler(codec, this);
  }

  push(packet: RtpPacket): void {
    this.#assembler.push(packet);
  }

  noteLoss(): void {
    // A hole takes a sequence number, so the assembler notices by itself.
  }

  restart(): void {
    this.#assembler.reset();
  }

  onAccessUnit({ units, timestampTicks, isKeyFrame }: AccessUnit): void {
    this.#handler.onSample(units, timestampTicks, isKeyFrame);
  }

  onDamaged(): void {
    this.#handler.onDamaged();
  }
}

class AacSampler implements Sampler {
  readonly #handler: SampleHandler;
  readonly #depacketizer: AacDepacketizer | LatmDepacketizer;

  constructor(codec: Mpeg4AudioCodec, handler: SampleHandler) {
    this.#handler = handler;
    this.#depacketizer =
      codec.framing.type === 'latm'
        ? new LatmDepacketizer(codec, this)
        : new AacDepacketizer(codec, this);
  }

  push(packet: RtpPacket): void {
    if (!this.#depacketizer.push(packet)) this.#handler.onDamaged();
  }

  noteLoss(): void {
    this.#depacketizer.reset();
  }

  restart(): void {
    this.#depacketizer.reset();
  }

  onAccessUnit(accessUnit: Uint8Array, timestampTicks: number): void {
    this.#handler.onSample([copyOf(accessUnit, 0, accessUnit.length)], timestampTicks, true);
  }
}

/** Each payload is one sample: an Opus packet, a block of linear samples. */
class PayloadSampler implements Sampler {
  readonly #handler: SampleHandler;

  constructor(handler: SampleHandler) {
    this.#handler = handler;
  }

  push(packet: RtpPacket): void {
    const { bytes, payloadStart, payloadEnd, timestampTicks } = packet;
    if (payloadStart === payloadEnd) return;
    this.#handler.onSample([copyOf(bytes, payloadStart, payloadEnd)], timestampTicks, true);
  }

  noteLoss(): void {
    // Samples do not depend on each other.
  }

  restart(): void {
    // As above.
  }
}

class G711Sampler implements Sampler {
  readonly #handler: SampleHandler;
  readonly #isMuLaw: boolean;

  constructor(codec: G711Codec, handler: SampleHandler) {
    this.#handler = handler;
    this.#isMuLaw = codec.isMuLaw;
  }

  push(packet: RtpPacket): void {
    if (packet.payloadStart === packet.payloadEnd) return;
    const samples = decodeG711(packet.bytes, {
      start: packet.payloadStart,
      end: packet.payloadEnd,
      isMuLaw: this.#isMuLaw,
    });
    this.#handler.onSample([samples], packet.timestampTicks, true);
  }

  noteLoss(): void {
    // Samples do not depend on each other.
  }

  restart(): void {
    // As above.
  }
}

function linearCodecOf(codec: G711Codec): LpcmCodec {
  const { clockRateHz, channelCount } = codec;
  return { name: 'LPCM', bitDepth: 16, clockRateHz, channelCount };
}

/** The ring is overwritten, so what is kept has to be copied. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copyBytes.call(bytes, copy, 0, start, end);
  return copy;
}
