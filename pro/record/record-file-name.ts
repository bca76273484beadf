// Names of recordings: a folder for each day, and in it a name by the minute or one that was asked for.
import { join } from 'node:path';
import { MediaError } from '../../core/base/media-error.ts';
import { checkNewFileName } from '../../core/library/relative-path.ts';

const MAX_NAME_BYTES = 200;
/** Folders beside the days, which other rooms own. */
const RESERVED = /^(?:favorite|favorites|thumbnail|thumbnails)(?:\.|$)/iu;
const ID_CHARACTERS = 8;

/** Which file of a task it is. */
export interface RecordFileParts {
  /** Date ms of its first picture. */
  readonly startAt: number;
  /** UUID of the recording; its head is part of names that nobody asked for. */
  readonly id: string;
  /** Checked name without extension; undefined for a name by the minute. */
  readonly customName: string | undefined;
  readonly extension: string;
  /** Files of the task before this one. */
  readonly retries: number;
  /** Files of this name that exist already. */
  readonly attempt: number;
}

/** `YYYYMMDD/name.mp4`, by the local time of the server. */
export function recordFileOf(parts: RecordFileParts): string {
  const { startAt, customName, extension, id, retries, attempt } = parts;
  const day = localDay(startAt);
  const name = customName ?? `${day}-${localMinute(startAt)}-${id.slice(0, ID_CHARACTERS)}`;
  const retry = retries === 0 ? '' : `-retry${retries}`;
  const number = attempt === 0 ? '' : `-${attempt}`;
  return join(day, `${name}${retry}${number}${extension}`);
}

/**
 * Takes a name that a client asked for as it is, or refuses it; returns it without extension.
 * @throws MediaError invalid-argument naming the value.
 */
export function customNameOf(fileName: string, extension: string): string {
  const hasExtension = fileName.toLowerCase().endsWith(extension);
  const whole = hasExtension ? fileName : `${fileName}${extension}`;
  if (fileName === '' || whole.length === extension.length) {
    throw refused(fileName, 'is empty');
  }
  if (Buffer.byteLength(whole) > MAX_NAME_BYTES) {
    throw refused(fileName, `is longer than ${MAX_NAME_BYTES} bytes`);
  }
  checkNewFileName(whole);
  const name = whole.slice(0, -extension.length);
  checkNewFileName(name);
  if (RESERVED.test(name)) throw refused(fileName, 'is reserved');
  return name;
}

function localDay(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
}

function localMinute(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}${two(date.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function refused(fileName: string, why: string): MediaError {
  const shown = JSON.stringify(fileName.slice(0, 120).toWellFormed());
  return new MediaError('invalid-argument', 'bad-file-name', `file name ${shown} ${why}`);
}
