// The kinds of files that recorders write.
import { canMux, type ContainerName } from '../mux/can-mux.ts';
import { Mp4Writer } from '../mux/mp4-writer.ts';
import { TsWriter } from '../mux/ts-writer.ts';
import type { RecordingFormat } from './recording-format.ts';

/** By name. MP4 plays while it grows and can be scrubbed when closed; MPEG-TS needs no closing. */
export const recordingFormats: Readonly<Record<ContainerName, RecordingFormat>> = {
  mp4: {
    extension: '.mp4',
    canMux: (codec) => canMux('mp4', codec),
    createWriter: (tracks, { pathName, startAt, expectedDurationMs }) =>
      new Mp4Writer(tracks, {
        createdAt: startAt,
        title: pathName,
        ...(expectedDurationMs === undefined ? {} : { expectedDurationMs }),
      }),
  },
  ts: {
    extension: '.ts',
    canMux: (codec) => canMux('ts', codec),
    createWriter: (tracks) => new TsWriter(tracks),
  },
};
