// A recorded file as clients see it.
import type { Recording } from '../../core/library/recording.ts';
import { nameOf } from '../../core/library/recording.ts';
import { toFilePath } from './file-reference.ts';

/** Sort of file as clients name it. */
export type RecordedFileType = 'video' | 'image' | 'other';

/** One file below the recordings folder. */
export interface RecordedFile {
  readonly name: string;
  /** With a slash first, relative to the recordings folder. */
  readonly filePath: string;
  /** Absolute. */
  readonly fullPath: string;
  readonly sizeBytes: number;
  /** Date ms. */
  readonly modifiedAt: number;
  readonly fileType: RecordedFileType;
  /** Empty when unknown. */
  readonly pathName: string;
  /** Date ms of the first picture of a video; undefined for other files. */
  readonly startAt: number | undefined;
  /** Undefined for other files than closed videos. */
  readonly durationMs: number | undefined;
  readonly isFavorite: boolean;
  /** Still being written. */
  readonly isRecording: boolean;
  /** Could not be read to its end. */
  readonly isDamaged: boolean;
}

/** What an entry of the index says to clients. */
export function toRecordedFile(recording: Recording): RecordedFile {
  const { root, file, kind, state } = recording;
  const isVideo = kind === 'video';
  const isRecording = state === 'growing';
  return {
    name: nameOf(file),
    filePath: toFilePath(file),
    fullPath: `${root}/${file}`,
    sizeBytes: recording.sizeBytes,
    modifiedAt: recording.modifiedAt,
    fileType: isVideo ? 'video' : kind === 'other' ? 'other' : 'image',
    pathName: recording.path,
    startAt: isVideo ? recording.startAt : undefined,
    durationMs: isVideo && !isRecording ? recording.durationMs : undefined,
    isFavorite: recording.isFavorite,
    isRecording,
    isDamaged: state === 'damaged',
  };
}
