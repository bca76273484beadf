// The bytes in which an audio codec is handed to an ffmpeg process that makes AAC of it.
import type { Codec, LpcmCodec, OpusCodec } from '../../core/codec/codec.ts';
import { buildClusterStart, MatroskaCluster } from '../../core/mux/matroska-cluster.ts';
import { createMatroskaFormat } from '../../core/mux/matroska-format.ts';
import { buildMatroskaHeader } from '../../core/mux/matroska-header.ts';
import { OpusFrames } from '../../core/rtp/opus-frames.ts';

/** How the samples of one codec become the input of a process. */
export interface EncoderFeed {
  /** What ffmpeg has to know before `-i`. */
  readonly inputArguments: readonly string[];
  /** Channels of the AAC that is wanted: 1 or 2. */
  readonly channelCount: number;
  /** First bytes of each process. */
  begin(): Uint8Array;
  /** Duration of a sample in ticks of the codec's clock; 0 when it can't be used. */
  durationTicks(sample: Uint8Array): number;
  /** The bytes of a sample that stands `elapsedTicks` after the first one. */
  write(sample: Uint8Array, elapsedTicks: number): Uint8Array;
}

const LPCM_FORMATS: Readonly<Record<number, string>> = { 8: 'u8', 16: 's16be', 24: 's24be' };
const MAX_CHANNELS = 8;
const UUID_BYTES = 16;

/** Undefined for what can't be handed over. G.711 comes as linear samples. */
export function createEncoderFeed(codec: Codec): EncoderFeed | undefined {
  if (codec.name === 'Opus' && codec.channelCount <= 2) return new OpusFeed(codec);
  if (codec.name !== 'LPCM') return undefined;
  const format = LPCM_FORMATS[codec.bitDepth];
  const isKnown = format !== undefined && codec.channelCount <= MAX_CHANNELS;
  return isKnown ? new LpcmFeed(codec, format) : undefined;
}

/** Opus needs a container that tells where packets end: Matroska, one cluster for each. */
class OpusFeed implements EncoderFeed {
  readonly inputArguments = ['-f', 'matroska'];
  readonly channelCount: number;
  readonly #codec: OpusCodec;
  readonly #frames = new OpusFrames();

  constructor(codec: OpusCodec) {
    this.#codec = codec;
    this.channelCount = codec.channelCount;
  }

  begin(): Uint8Array {
    const segmentUuid = new Uint8Array(UUID_BYTES).fill(1);
    const options = { segmentUuid, application: 'mediamtx-pro' };
    return buildMatroskaHeader([createMatroskaFormat(this.#codec)], options);
  }

  durationTicks(sample: Uint8Array): number {
    return this.#frames.parse(sample, 0, sample.length) ? this.#frames.packetTicks : 0;
  }

  write(sample: Uint8Array, elapsedTicks: number): Uint8Array {
    const cluster = new MatroskaCluster();
    const sizeBytes = sample.length;
    cluster.add({ trackNumber: 1, relativeMs: 0, isKeyFrame: true, chunks: [sample], sizeBytes });
    const blocks = cluster.finish();
    const atMs = (elapsedTicks * 1000) / this.#codec.clockRateHz;
    return Buffer.concat([buildClusterStart(atMs, blocks.length), blocks]);
  }
}

class LpcmFeed implements EncoderFeed {
  readonly inputArguments: readonly string[];
  readonly channelCount: number;
  readonly #frameBytes: number;

  constructor({ clockRateHz, channelCount, bitDepth }: LpcmCodec, format: string) {
    this.channelCount = Math.min(2, channelCount);
    this.#frameBytes = (bitDepth / 8) * channelCount;
    this.inputArguments = ['-f', format, '-ar', String(clockRateHz), '-ac', String(channelCount)];
  }

  begin(): Uint8Array {
    return new Uint8Array(0);
  }

  durationTicks(sample: Uint8Array): number {
    return Math.floor(sample.length / this.#frameBytes);
  }

  /** Half a sample at the end would shift all that follow. */
  write(sample: Uint8Array): Uint8Array {
    return sample.subarray(0, this.durationTicks(sample) * this.#frameBytes);
  }
}
