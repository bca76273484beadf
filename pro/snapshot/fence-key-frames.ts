// Grey key frames of 64x64 pixels, one for each codec, that tell when a decoder is done with what came before.
import type { WrappedCodecName } from './matroska-frame-writer.ts';

/** Made by the encoders x264, x265, libvpx and libaom; without parameter sets' extras and SEI. */
export const FENCE_KEY_FRAMES: Readonly<Record<WrappedCodecName, Buffer>> = {
  H264: fromBase64(
    'AAAAAWdCwArZBCbARAAAAwAEAAADAMg8SJkgAAAAAWjLg8sgAAABZYiECvJigAF5OTk6666666666668',
  ),
  H265: fromBase64(
    'AAAAAUABDAH//wQIAAADAJ+oAAADAAAeugJAAAAAAUIBAQQIAAADAJ+oAAADAAAeoCCBBZbqSTK8BaAgAAADACAA' +
      'AAMDIQAAAAFEAcFysCJAAAABKAGveOuu+/51V8tP',
  ),
  VP8: fromBase64('8AIAnQEqQABAAABHCIWFiIWEiAICAAZwSdlvVBakJeIA/mgA'),
  VP9: fromBase64('gkmDQgAD8AP2ADgkHBhKAAAwYAAAE7gYAAAA'),
  AV1: fromBase64('EgAKCgAAAAKv/5tfIAgyCxAAwAAAAoAAAAms'),
};

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
