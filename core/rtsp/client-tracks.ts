// Which sections of a source's description become tracks, and why the others do not.
import type { TrackDescription } from '../codec/codec.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { tracksFromSdp } from '../sdp/tracks-from-sdp.ts';

/** What of a description is pulled. */
export interface ChosenTracks {
  readonly tracks: readonly TrackDescription[];
  /** `a=control` of the session. */
  readonly control: string | undefined;
  /** One phrase for each section that is left out. */
  readonly skipped: readonly string[];
}

/** More sections than any camera has; channels reach for 128. */
const MAX_TRACKS = 32;

/** Chooses the tracks; `isEncrypted` tells whether the connection is TLS. */
export function chooseTracks(description: SessionDescription, isEncrypted: boolean): ChosenTracks {
  const { tracks, ignored, control } = tracksFromSdp(description);
  const skipped = ignored.map(({ detail, reason }) => `${detail}: ${reason}`);
  const ignoredIndexes = new Set(ignored.map(({ mediaIndex }) => mediaIndex));
  const medias = description.medias.filter((_media, index) => !ignoredIndexes.has(index));
  const chosen = tracks.filter((track, index) => {
    const protocol = medias[index]?.protocol ?? '';
    const problem = problemOf(track, protocol, isEncrypted);
    if (problem !== undefined) skipped.push(`${track.kind} ${track.payloadType}: ${problem}`);
    return problem === undefined;
  });
  for (const track of chosen.splice(MAX_TRACKS)) skipped.push(`${track.kind}: too many sections`);
  return { tracks: chosen, control, skipped };
}

function problemOf(
  track: TrackDescription,
  protocol: string,
  isEncrypted: boolean,
): string | undefined {
  // Over TLS servers announce SRTP, yet give plain RTP to who asks for it.
  if (/^RTP\/SAVP/iu.test(protocol) && !isEncrypted) return 'SRTP without TLS is not supported';
  const { codec } = track;
  if (codec.name !== 'Generic') return undefined;
  if (/^MP2T\//iu.test(codec.rtpmap)) return 'MPEG-TS inside RTP is not supported';
  if (track.kind === 'application') return undefined;
  return codec.rtpmap === '' ? 'its codec is not named' : undefined;
}
