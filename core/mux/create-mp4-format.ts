// Picks how a codec is stored in MP4.
import { MediaError } from '../base/media-error.ts';
import type { Codec } from '../codec/codec.ts';
import { AacMp4Format } from './aac-mp4-format.ts';
import { Av1Mp4Format } from './av1-mp4-format.ts';
import { H264Mp4Format } from './h264-mp4-format.ts';
import { H265Mp4Format } from './h265-mp4-format.ts';
import { LpcmMp4Format } from './lpcm-mp4-format.ts';
import type { Mp4Format } from './mp4-format.ts';
import { OpusMp4Format } from './opus-mp4-format.ts';
import { VpMp4Format } from './vp-mp4-format.ts';

/**
 * @throws MediaError `unsupported` for a codec that MP4 has no place for; `failed-precondition`
 *   when parameter sets are missing, `invalid-argument` when they are broken.
 */
export function createMp4Format(codec: Codec): Mp4Format {
  switch (codec.name) {
    case 'H264':
      return new H264Mp4Format(codec);
    case 'H265':
      return new H265Mp4Format(codec);
    case 'MPEG-4 Audio':
      return new AacMp4Format(codec);
    case 'AV1':
      return new Av1Mp4Format(codec);
    case 'VP8':
    case 'VP9':
      return new VpMp4Format(codec);
    case 'Opus':
      return new OpusMp4Format(codec);
    case 'LPCM':
      return new LpcmMp4Format(codec);
    default:
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `${codec.name} has no place in it; MP4 file`,
      );
  }
}
