// The Range header (RFC 2326 sections 3.5 to 3.7 and 12.29).

/** A range of normal play time in seconds; `now` is the live edge. */
export interface NptRange {
  readonly unit: 'npt';
  readonly start: number | 'now' | undefined;
  readonly end: number | undefined;
}

/** A range in another unit, as text. */
export interface OtherRange {
  readonly unit: 'clock' | 'smpte';
  readonly start: string;
  readonly end: string | undefined;
}

const NPT = /^npt[ \t]*=[ \t]*(now|[0-9:.]*)[ \t]*-[ \t]*([0-9:.]*)$/iu;
const OTHER =
  /^(clock|smpte)(?:-[a-z0-9-]*)?[ \t]*=[ \t]*([0-9a-z:.]*)[ \t]*-[ \t]*([0-9a-z:.]*)$/iu;

/** Reads the header; undefined when it is none of the three units or malformed. */
export function parseRangeHeader(header: string): NptRange | OtherRange | undefined {
  const text = header.split(';', 1)[0]?.trim() ?? '';
  const npt = NPT.exec(text);
  if (npt) return toNptRange(npt[1] ?? '', npt[2] ?? '');
  const other = OTHER.exec(text);
  if (!other) return undefined;
  return {
    unit: other[1]?.toLowerCase() === 'clock' ? 'clock' : 'smpte',
    start: other[2] ?? '',
    end: other[3] === '' ? undefined : other[3],
  };
}

function toNptRange(startText: string, endText: string): NptRange | undefined {
  const start = startText.toLowerCase() === 'now' ? 'now' : parseNptTime(startText);
  const end = parseNptTime(endText);
  if (start === null || end === null) return undefined;
  if (start === undefined && end === undefined) return undefined;
  return { unit: 'npt', start, end };
}

/** Seconds of `12.5` or `1:02:03.5`; undefined for an empty text, null for a malformed one. */
function parseNptTime(text: string): number | undefined | null {
  if (text === '') return undefined;
  if (/^\d{1,10}(?:\.\d{0,9})?$/u.test(text)) return Number(text);
  const match = /^(\d{1,6}):([0-5]?\d):([0-5]?\d(?:\.\d{0,9})?)$/u.exec(text);
  if (!match) return null;
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}
