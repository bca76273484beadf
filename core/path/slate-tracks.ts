// Whether a source has the tracks that an always-available path promises.
import { MediaError } from '../base/media-error.ts';
import type { Codec, TrackDescription } from '../codec/codec.ts';
import { isSameFormat } from '../stream/same-format.ts';

/** @throws MediaError `invalid-argument` naming both lists, when they differ in type, order or format. */
export function checkSlateTracks(
  pathName: string,
  expected: readonly TrackDescription[],
  tracks: readonly TrackDescription[],
): void {
  if (hasSameTracks(expected, tracks)) return;
  const message = `path '${pathName}' is always available with ${describe(expected)}, but the source has ${describe(tracks)}`;
  throw new MediaError('invalid-argument', 'slate-tracks-differ', message);
}

/** Whether readers of `expected` can go on with `tracks`. */
export function hasSameTracks(
  expected: readonly TrackDescription[],
  tracks: readonly TrackDescription[],
): boolean {
  return (
    expected.length === tracks.length &&
    expected.every((track, index) => {
      const next = tracks[index];
      return next !== undefined && isSameFormat(track, next);
    })
  );
}

/** E.g. `H264, MPEG-4 Audio (48000 Hz, 2 channels)`. */
function describe(tracks: readonly TrackDescription[]): string {
  return tracks.map(({ codec }) => `${codec.name}${details(codec)}`).join(', ');
}

function details(codec: Codec): string {
  switch (codec.name) {
    case 'MPEG-4 Audio':
      return ` (${codec.sampleRateHz} Hz, ${channels(codec.channelCount)})`;
    case 'G711':
      return ` (${codec.isMuLaw ? 'mu-law' : 'A-law'}, ${codec.clockRateHz} Hz, ${channels(codec.channelCount)})`;
    case 'LPCM':
      return ` (${codec.bitDepth} bits, ${codec.clockRateHz} Hz, ${channels(codec.channelCount)})`;
    case 'Opus':
      return ` (${channels(codec.channelCount)})`;
    default:
      return '';
  }
}

function channels(count: number): string {
  return count === 1 ? '1 channel' : `${count} channels`;
}
