// Re-cuts audio of constant bit rate (G.711, G.722, linear PCM) into packets of one fixed duration.
import type { Codec, G711Codec, G722Codec, LpcmCodec } from '../codec/codec.ts';
import { WHOLE_ACCESS_UNIT } from './audio-packet.ts';
import { copyBytes } from './copy-bytes.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { tickDistance } from './sequence-number.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES, type TrackNormalizer } from './track-normalizer.ts';

/** A codec whose every clock tick takes the same whole number of bytes. */
export type ConstantRateCodec = G711Codec | G722Codec | LpcmCodec;

/** Durations tried from the top: 20 ms is what RFC 3551 section 4.2 and strict receivers expect. */
const BLOCK_DURATIONS_MS = [20, 10, 5, 4, 2, 1] as const;
/** Timestamps that leave the sample count by more start a new timeline. */
const MAX_DRIFT_MS = 500;

/** How a codec is cut. */
interface BlockSize {
  readonly bytesPerTick: number;
  readonly bytes: number;
  readonly ticks: number;
}

/** Bytes that one tick of the RTP clock takes. G.722 has two 4-bit samples per tick of 8 kHz. */
export function bytesPerTickOf(codec: ConstantRateCodec): number {
  return codec.name === 'LPCM' ? (codec.bitDepth / 8) * codec.channelCount : codec.channelCount;
}

/** Whether one tick fits a packet, so that the codec can be re-cut at all. */
export function canRecut(codec: ConstantRateCodec): boolean {
  const bytes = bytesPerTickOf(codec);
  return Number.isInteger(bytes) && bytes > 0 && bytes <= MAX_NORMALIZED_PAYLOAD_BYTES;
}

/**
 * Collects samples and writes blocks of 20 ms (shorter when they would not fit a packet).
 * Timestamps count samples from the first packet on; they start anew from the source's timestamp
 * after loss, or when the two differ by more than 500 ms. The marker bit is set on the first block
 * after such a start (RFC 3551 section 4.1).
 */
export class ConstantRateNormalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  #codec: ConstantRateCodec;
  #size: BlockSize;
  readonly #pending = new Uint8Array(MAX_NORMALIZED_PAYLOAD_BYTES);
  #pendingBytes = 0;
  /** Timestamp of the first pending sample. */
  #blockTicks = 0;
  #isStarted = false;
  #isFirstBlock = true;

  /** `codec` must satisfy `canRecut()`. */
  constructor(codec: ConstantRateCodec) {
    this.#codec = codec;
    this.#size = blockSizeOf(codec);
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    const { bytesPerTick } = this.#size;
    const partial = packet.payloadLength % bytesPerTick;
    if (partial !== 0) this.packetsInError++;
    const end = packet.payloadEnd - partial;
    if (packet.payloadStart >= end) return;
    this.#align(packet.timestampTicks);
    let start = packet.payloadStart;
    while (start < end) {
      const taken = Math.min(end - start, this.#size.bytes - this.#pendingBytes);
      copyBytes.call(packet.bytes, this.#pending, this.#pendingBytes, start, start + taken);
      this.#pendingBytes += taken;
      start += taken;
      if (this.#pendingBytes === this.#size.bytes) this.#writeBlock(sink);
    }
  }

  noteLoss(sink: PacketSink): void {
    this.#forget();
    sink.leaveGap();
  }

  restart(codec: Codec): void {
    this.#forget();
    if (!isConstantRate(codec) || !canRecut(codec)) return;
    this.#codec = codec;
    this.#size = blockSizeOf(codec);
  }

  #align(timestampTicks: number): void {
    const expected = this.#blockTicks + this.#pendingBytes / this.#size.bytesPerTick;
    const maxDriftTicks = (this.#codec.clockRateHz * MAX_DRIFT_MS) / 1000;
    const drift = Math.abs(tickDistance(expected, timestampTicks));
    if (this.#isStarted && drift <= maxDriftTicks) return;
    this.#forget();
    this.#isStarted = true;
    this.#blockTicks = timestampTicks;
  }

  #forget(): void {
    this.#pendingBytes = 0;
    this.#isStarted = false;
    this.#isFirstBlock = true;
  }

  #writeBlock(sink: PacketSink): void {
    const offset = sink.reserve(this.#pendingBytes);
    copyBytes.call(this.#pending, sink.bytes, offset, 0, this.#pendingBytes);
    sink.commit(this.#blockTicks, this.#isFirstBlock, WHOLE_ACCESS_UNIT);
    this.#blockTicks = (this.#blockTicks + this.#size.ticks) >>> 0;
    this.#pendingBytes = 0;
    this.#isFirstBlock = false;
  }
}

function isConstantRate(codec: Codec): codec is ConstantRateCodec {
  return codec.name === 'G711' || codec.name === 'G722' || codec.name === 'LPCM';
}

function blockSizeOf(codec: ConstantRateCodec): BlockSize {
  const bytesPerTick = bytesPerTickOf(codec);
  let ticks = Math.floor(MAX_NORMALIZED_PAYLOAD_BYTES / bytesPerTick);
  for (const durationMs of BLOCK_DURATIONS_MS) {
    const wanted = Math.floor((codec.clockRateHz * durationMs) / 1000);
    if (wanted > 0 && wanted * bytesPerTick <= MAX_NORMALIZED_PAYLOAD_BYTES) {
      ticks = wanted;
      break;
    }
  }
  return { bytesPerTick, bytes: ticks * bytesPerTick, ticks };
}
