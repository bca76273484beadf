// Opus in MPEG-TS, "Opus in MPEG transport streams" (ETSI TS 101 154): private data with control headers.
import { MediaError } from '../base/media-error.ts';
import type { OpusCodec } from '../codec/codec.ts';
import type { MuxSample } from './container-writer.ts';
import type { TsFormat } from './ts-format.ts';

const REGISTRATION_OPUS = [5, 4, 0x4f, 0x70, 0x75, 0x73];
/** Extension descriptor with extension tag 0x80; the channel configuration follows. */
const EXTENSION_OPUS = [0x7f, 2, 0x80];
const MAX_CHANNELS = 2;
const SIZE_STEP = 255;

/** One packet of Opus per access unit. */
export class OpusTsFormat implements TsFormat {
  readonly kind = 'audio';
  readonly streamType = 0x06;
  readonly streamId = 0xbd;
  readonly descriptors: readonly number[];

  /** @throws MediaError `unsupported` for more than two channels. */
  constructor({ channelCount }: OpusCodec) {
    if (channelCount < 1 || channelCount > MAX_CHANNELS) {
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `Opus with ${channelCount} channels; MPEG-TS file`,
      );
    }
    this.descriptors = [...REGISTRATION_OPUS, ...EXTENSION_OPUS, channelCount];
  }

  append({ units }: MuxSample, chunks: Uint8Array[]): number {
    let sizeBytes = 0;
    for (const unit of units) {
      if (unit.length === 0) continue;
      const header = controlHeader(unit.length);
      chunks.push(header, unit);
      sizeBytes += header.length + unit.length;
    }
    return sizeBytes;
  }
}

/** Prefix 0x3ff (11 bits), no trimming, no extension; then the size in steps of 255. */
function controlHeader(sizeBytes: number): Uint8Array {
  const steps = Math.floor(sizeBytes / SIZE_STEP);
  const header = new Uint8Array(3 + steps).fill(SIZE_STEP);
  header[0] = 0x7f;
  header[1] = 0xe0;
  header[2 + steps] = sizeBytes % SIZE_STEP;
  return header;
}
