// Chooses the normaliser of a codec.
import type { Codec } from '../codec/codec.ts';
import { Av1Normalizer } from './av1-normalizer.ts';
import { createAudioNormalizer } from './create-audio-normalizer.ts';
import { H264Normalizer } from './h264-normalizer.ts';
import { H265Normalizer } from './h265-normalizer.ts';
import { MjpegNormalizer } from './mjpeg-normalizer.ts';
import type { TrackNormalizer } from './track-normalizer.ts';
import { Vp8Normalizer } from './vp8-normalizer.ts';
import { Vp9Normalizer } from './vp9-normalizer.ts';

/** A new normaliser for a track of this codec. */
export function createNormalizer(codec: Codec): TrackNormalizer {
  switch (codec.name) {
    case 'H264':
      return new H264Normalizer(codec);
    case 'H265':
      return new H265Normalizer(codec);
    case 'VP8':
      return new Vp8Normalizer(codec);
    case 'VP9':
      return new Vp9Normalizer(codec);
    case 'AV1':
      return new Av1Normalizer(codec);
    case 'M-JPEG':
      return new MjpegNormalizer(codec);
    default:
      return createAudioNormalizer(codec);
  }
}
