// Which tracks of a stream go into a file, and which of them leads.
import { MediaError } from '../base/media-error.ts';
import { describeCodec } from '../codec/describe-codec.ts';
import type { Track } from '../stream/track.ts';
import type { RecordingFormat } from './recording-format.ts';
import { recordedCodecOf } from './sampler.ts';
import { TrackInput } from './track-input.ts';

/** A track that is not recorded. */
export interface SkippedTrack {
  /** Position in the stream, 0-based. */
  readonly index: number;
  /** As the Control API prints it. */
  readonly codec: string;
  readonly reason: string;
}

/** What is recorded of a stream. */
export interface ChosenTracks {
  readonly inputs: readonly TrackInput[];
  /** The first video track, or the first track without video: files begin at its key frames. */
  readonly lead: TrackInput;
  readonly skipped: readonly SkippedTrack[];
}

/** @throws MediaError `unsupported` when nothing is left. */
export function chooseTracks(
  tracks: readonly Track[],
  format: RecordingFormat,
  options: { readonly pathName: string; readonly maxGapMs: number },
): ChosenTracks {
  const inputs: TrackInput[] = [];
  const skipped: SkippedTrack[] = [];
  for (const track of tracks) {
    const input = format.canMux(recordedCodecOf(track.codec))
      ? TrackInput.create(track, options.maxGapMs)
      : undefined;
    if (input) inputs.push(input);
    else skipped.push(skippedTrack(track, format));
  }
  const lead = inputs.find(({ isVideo }) => isVideo) ?? inputs[0];
  if (lead) return { inputs, lead, skipped };
  const codecs = skipped.map(({ codec }) => codec).join(', ');
  throw new MediaError(
    'unsupported',
    'no-recordable-track',
    `no track of path '${options.pathName}' can be recorded as ${format.extension} (${codecs})`,
  );
}

function skippedTrack(track: Track, format: RecordingFormat): SkippedTrack {
  const codec = describeCodec(track.codec).label;
  return { index: track.index, codec, reason: `${format.extension} files can't hold ${codec}` };
}
