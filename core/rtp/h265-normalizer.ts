// Normalises H.265 tracks, RFC 7798.
import type { H265Codec } from '../codec/codec.ts';
import { H265Format } from './h265-format.ts';
import { NalNormalizer } from './nal-normalizer.ts';

/** NalNormalizer for payloads without decoding order numbers; others are counted as errors. */
export class H265Normalizer extends NalNormalizer<H265Codec> {
  constructor(codec: H265Codec) {
    super(new H265Format(), codec);
  }
}
