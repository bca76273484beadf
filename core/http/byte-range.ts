// The Range and If-Range headers for a resource of bytes, RFC 9110 sections 13.1.5 and 14.

/** What of a resource is asked for; `start` and `end` are offsets, both part of the range. */
export type ByteSelection =
  | { readonly type: 'whole' }
  | { readonly type: 'part'; readonly start: number; readonly end: number }
  /** Answer 416 with `Content-Range: bytes *` and the size. */
  | { readonly type: 'unsatisfiable' };

/** What If-Range is compared with. */
export interface RangeValidators {
  /** With its quotes; a weak one never matches. */
  readonly etag: string;
  /** Date ms. */
  readonly modifiedAt: number;
}

const MAX_HEADER_CHARACTERS = 1000;
const RANGE_SET = /^[ \t]*bytes[ \t]*=(.*)$/iu;
const RANGE = /^(\d*)[ \t]*-[ \t]*(\d*)$/u;
const WHOLE: ByteSelection = { type: 'whole' };
const UNSATISFIABLE: ByteSelection = { type: 'unsatisfiable' };

/**
 * Reads `Range`. What is no valid range, another unit, or more than one range asks for the whole
 * (RFC 9110 section 14.2 lets a server ignore the header).
 */
export function selectBytes(header: string | undefined, sizeBytes: number): ByteSelection {
  if (header === undefined || header.length > MAX_HEADER_CHARACTERS) return WHOLE;
  const [, set] = RANGE_SET.exec(header) ?? [];
  if (set === undefined) return WHOLE;
  const ranges = set.split(',').flatMap((each) => each.trim() || []);
  const [, first, last] = RANGE.exec(ranges[0] ?? '') ?? [];
  if (ranges.length !== 1 || first === undefined || last === undefined) return WHOLE;
  return first === '' ? selectSuffix(last, sizeBytes) : selectFrom(first, last, sizeBytes);
}

/** Whether a range is still meant for this state of the resource; true without If-Range. */
export function isRangeCurrent(ifRange: string | undefined, validators: RangeValidators): boolean {
  if (ifRange === undefined) return true;
  const wanted = ifRange.trim();
  if (wanted.startsWith('"')) return wanted === validators.etag;
  return wanted === httpDate(validators.modifiedAt);
}

/** Value of Content-Range for a part, or for an unsatisfiable request. */
export function contentRange(selection: ByteSelection, sizeBytes: number): string {
  if (selection.type !== 'part') return `bytes */${sizeBytes}`;
  return `bytes ${selection.start}-${selection.end}/${sizeBytes}`;
}

/** A time (Date ms) as HTTP writes it, to the second (RFC 9110 section 5.6.7). */
export function httpDate(at: number): string {
  return new Date(at).toUTCString();
}

/** `-500`: the last bytes. */
function selectSuffix(digits: string, sizeBytes: number): ByteSelection {
  if (digits === '') return WHOLE;
  const length = Number(digits);
  if (length === 0) return UNSATISFIABLE;
  // 206 can't say "nothing".
  if (sizeBytes === 0) return WHOLE;
  return { type: 'part', start: Math.max(0, sizeBytes - length), end: sizeBytes - 1 };
}

/** `500-999`, `500-`. */
function selectFrom(first: string, last: string, sizeBytes: number): ByteSelection {
  const start = Number(first);
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last);
  if (end < start) return WHOLE;
  if (start >= sizeBytes) return UNSATISFIABLE;
  return { type: 'part', start, end: Math.min(end, sizeBytes - 1) };
}
