// Whether one source can go on where another one stopped: the same codec, and what decoders need to know of it.
import { isDeepStrictEqual } from 'node:util';
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Codec, TrackDescription } from '../codec/codec.ts';

/** Whether readers of a track notice nothing when `next` continues it. Parameter sets travel in the media. */
export function isSameFormat(
  track: Pick<TrackDescription, 'kind' | 'codec'>,
  next: Pick<TrackDescription, 'kind' | 'codec'>,
): boolean {
  return track.kind === next.kind && isSameCodec(track.codec, next.codec);
}

function isSameCodec(known: Codec, next: Codec): boolean {
  if (known.name !== next.name || known.clockRateHz !== next.clockRateHz) return false;
  if ('channelCount' in known && 'channelCount' in next) {
    if (known.channelCount !== next.channelCount) return false;
  }
  if (known.name === 'MPEG-4 Audio' && next.name === 'MPEG-4 Audio') {
    return isSameAac(known.config, next.config);
  }
  if (known.name === 'G711' && next.name === 'G711') return known.isMuLaw === next.isMuLaw;
  if (known.name === 'LPCM' && next.name === 'LPCM') return known.bitDepth === next.bitDepth;
  if (known.name === 'Generic' && next.name === 'Generic') return known.rtpmap === next.rtpmap;
  return true;
}

/** Encoders spell one configuration in several ways, e.g. with a word about absent SBR at its end. */
function isSameAac(known: Uint8Array, next: Uint8Array): boolean {
  if (Buffer.from(known).equals(next)) return true;
  const parsed = parseAudioSpecificConfig(known);
  return parsed !== undefined && isDeepStrictEqual(parsed, parseAudioSpecificConfig(next));
}
