// Normalises H.264 tracks, RFC 6184.
import type { H264Codec } from '../codec/codec.ts';
import { H264Format } from './h264-format.ts';
import { NalNormalizer } from './nal-normalizer.ts';

/** NalNormalizer for packetization modes 0 and 1; packets of mode 2 are counted as errors. */
export class H264Normalizer extends NalNormalizer<H264Codec> {
  constructor(codec: H264Codec) {
    super(new H264Format(), codec);
  }
}
