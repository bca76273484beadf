// Says which codecs a container can hold, before a writer is made.
import type { Codec } from '../codec/codec.ts';
import { adtsHeadersFor } from './aac-ts-format.ts';

/** A file format this project writes. */
export type ContainerName = 'mp4' | 'ts';

const MAX_OPUS_CHANNELS = 2;
const LPCM_BIT_DEPTHS: readonly number[] = [8, 16, 24];

/** Whether the writer takes a track of this codec. H264 and H265 need parameter sets besides for MP4. */
export function canMux(container: ContainerName, codec: Codec): boolean {
  switch (codec.name) {
    case 'H264':
    case 'H265':
      return true;
    case 'AV1':
    case 'VP8':
    case 'VP9':
      return container === 'mp4';
    case 'Opus':
      return codec.channelCount >= 1 && codec.channelCount <= MAX_OPUS_CHANNELS;
    case 'MPEG-4 Audio':
      return container === 'mp4' || adtsHeadersFor(codec) !== undefined;
    case 'LPCM':
      return container === 'mp4' && LPCM_BIT_DEPTHS.includes(codec.bitDepth);
    case 'M-JPEG':
    case 'G711':
    case 'G722':
    case 'Generic':
      return false;
  }
}
