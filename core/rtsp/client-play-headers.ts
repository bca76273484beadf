// Range and Scale of a PLAY request, from the path's configuration (RFC 2326 sections 3.5 to 3.7, 12.34).
import { MediaError } from '../base/media-error.ts';
import type { PathConfig } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';

/** The keys that say where and how fast a source plays. */
export type PlaySettings = Pick<PathConfig, 'rtspRangeType' | 'rtspRangeStart' | 'rtspScale'>;

/**
 * Headers for PLAY. Without a configured range the whole stream is asked for: some servers refuse a
 * PLAY without Range.
 * @throws MediaError `invalid-argument` naming the key that can't be used.
 */
export function playHeadersOf(settings: PlaySettings): Readonly<Record<string, string>> {
  const range = { Range: rangeOf(settings) };
  const { rtspScale } = settings;
  if (rtspScale === '') return range;
  if (!/^[+-]?\d{1,6}(?:\.\d{1,6})?$/u.test(rtspScale)) {
    throw unusable('rtspScale', rtspScale, 'a number');
  }
  return { ...range, Scale: rtspScale };
}

function rangeOf({ rtspRangeType, rtspRangeStart }: PlaySettings): string {
  switch (rtspRangeType) {
    case '':
      return 'npt=0.000-';
    case 'npt':
      return `npt=${nptOf(rtspRangeStart)}-`;
    case 'clock':
      if (/^\d{8}T\d{6}(?:\.\d{1,9})?Z$/u.test(rtspRangeStart)) return `clock=${rtspRangeStart}-`;
      throw unusable('rtspRangeStart', rtspRangeStart, 'a time such as 20261231T235959Z');
    case 'smpte':
      return `smpte=${smpteOf(secondsOf(rtspRangeStart))}-`;
  }
}

function nptOf(start: string): string {
  return start === 'now' ? 'now' : secondsOf(start).toFixed(3);
}

function smpteOf(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Seconds of a duration (`1m30s`) or of a bare number. */
function secondsOf(start: string): number {
  const seconds = /^\d{1,9}(?:\.\d{1,6})?$/u.test(start)
    ? Number(start)
    : (durationSeconds(start) ?? -1);
  if (seconds < 0) throw unusable('rtspRangeStart', start, 'a duration such as 1m30s');
  return seconds;
}

function durationSeconds(text: string): number | undefined {
  try {
    return parseDuration(text) / 1000;
  } catch {
    return undefined;
  }
}

function unusable(key: string, value: string, wanted: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'rtsp-play-setting',
    `${key} '${value.slice(0, 64)}' is not ${wanted}`,
  );
}
