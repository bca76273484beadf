// Picks how a codec is carried in MPEG-TS.
import { MediaError } from '../base/media-error.ts';
import type { Codec } from '../codec/codec.ts';
import { AacTsFormat } from './aac-ts-format.ts';
import { NalTsFormat } from './nal-ts-format.ts';
import { OpusTsFormat } from './opus-ts-format.ts';
import type { TsFormat } from './ts-format.ts';

/** @throws MediaError `unsupported` for a codec that MPEG-TS has no place for. */
export function createTsFormat(codec: Codec): TsFormat {
  switch (codec.name) {
    case 'H264':
    case 'H265':
      return new NalTsFormat(codec);
    case 'MPEG-4 Audio':
      return new AacTsFormat(codec);
    case 'Opus':
      return new OpusTsFormat(codec);
    default:
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `${codec.name} has no place in it; MPEG-TS file`,
      );
  }
}
