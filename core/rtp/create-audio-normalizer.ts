// Chooses the normaliser of an audio codec.
import type {
  G711Codec,
  G722Codec,
  GenericCodec,
  LpcmCodec,
  Mpeg4AudioCodec,
  OpusCodec,
} from '../codec/codec.ts';
import { AacNormalizer } from './aac-normalizer.ts';
import { canRecut, ConstantRateNormalizer } from './constant-rate-normalizer.ts';
import { OpusNormalizer } from './opus-normalizer.ts';
import { PassThroughNormalizer } from './pass-through-normalizer.ts';
import type { TrackNormalizer } from './track-normalizer.ts';

/** Codecs that `createAudioNormalizer()` takes; `Generic` of any kind is passed through. */
export type AudioCodec =
  OpusCodec | Mpeg4AudioCodec | G711Codec | G722Codec | LpcmCodec | GenericCodec;

/** A new normaliser for a track of this codec. */
export function createAudioNormalizer(codec: AudioCodec): TrackNormalizer {
  switch (codec.name) {
    case 'Opus':
      return new OpusNormalizer(codec);
    case 'MPEG-4 Audio':
      return new AacNormalizer(codec);
    case 'G711':
    case 'G722':
    case 'LPCM':
      return canRecut(codec) ? new ConstantRateNormalizer(codec) : new PassThroughNormalizer(codec);
    case 'Generic':
      return new PassThroughNormalizer(codec);
  }
}
