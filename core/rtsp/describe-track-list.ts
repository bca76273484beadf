// How log lines name the tracks of a session.
import type { Codec } from '../codec/codec.ts';

/** E.g. `2 tracks (H264, MPEG-4 Audio)`. */
export function describeTrackList(tracks: readonly { readonly codec: Codec }[]): string {
  const names = tracks.map((track) => track.codec.name).join(', ');
  return `${tracks.length} ${tracks.length === 1 ? 'track' : 'tracks'} (${names})`;
}
