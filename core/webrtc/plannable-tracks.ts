// Which tracks can be sent to a WebRTC peer: those of the stream, with transcoded audio in place of its own.
import type { Stream } from '../stream/stream.ts';
import type { PlannableTrack } from './viewer-plan.ts';

/** The tracks of a stream; those of `transcoded`, if any, stand in for its audio. */
export function plannableTracks(stream: Stream, transcoded: Stream | undefined): PlannableTrack[] {
  const own = stream.tracks.map((track) => ({ stream, track }));
  if (!transcoded) return own;
  return [
    ...own.filter(({ track }) => track.kind !== 'audio'),
    ...transcoded.tracks.map((track) => ({ stream: transcoded, track })),
  ];
}
