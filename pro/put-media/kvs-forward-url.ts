// Reads the destination of a forward into a Kinesis video stream: kvs://<region>/<stream>?...
import { MediaError } from '../../core/base/media-error.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';

/** Whether timecodes count from 1970 or from the start of a connection. */
export type TimecodeType = 'ABSOLUTE' | 'RELATIVE';

/** What the URL says; absent parameters have their defaults. */
export interface KvsForwardUrl {
  readonly region: string;
  readonly stream: string;
  /** For a stream that is created: 0 to 87600, default 24. */
  readonly retentionHours: number;
  /** Default ABSOLUTE. */
  readonly timecode: TimecodeType;
  /** Default `aac`. */
  readonly audio: 'aac' | 'none';
  /** In the place of the region's endpoint; the only one that may be `http:`. */
  readonly endpoint: string | undefined;
}

const SHAPE = /^kvs:\/\/([^/?#]*)\/([^?#]*)(?:\?([^#]*))?$/iu;
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/u;
const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,256}$/u;
const MAX_URL_CHARACTERS = 4096;
const DEFAULT_RETENTION_HOURS = 24;
/** Ten years. */
const MAX_RETENTION_HOURS = 87_600;
const PARAMETERS: ReadonlySet<string> = new Set([
  'retentionHours',
  'timecode',
  'audio',
  'endpoint',
]);

/** @throws MediaError invalid-argument `kvs-url-invalid`, naming the value. */
export function parseKvsForwardUrl(url: string): KvsForwardUrl {
  const match = url.length > MAX_URL_CHARACTERS ? null : SHAPE.exec(url);
  if (!match) throw invalid(`'${shown(url)}' is not of the form kvs://<region>/<stream>`);
  const [, region = '', stream = '', query = ''] = match;
  if (region.includes('@')) throw invalid('credentials do not belong into the URL');
  if (!REGION.test(region)) {
    throw invalid(`region '${shown(region)}' is not a region such as us-west-2`);
  }
  if (!STREAM_NAME.test(stream)) {
    throw invalid(`stream name '${shown(stream)}' is not 1 to 256 of a-z A-Z 0-9 _ . -`);
  }
  return { region, stream, ...readQuery(new URLSearchParams(query)) };
}

function readQuery(query: URLSearchParams): Omit<KvsForwardUrl, 'region' | 'stream'> {
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`parameter '${shown(name)}' is unknown`);
    if (seen.has(name)) throw invalid(`parameter '${name}' is given twice`);
    seen.add(name);
  }
  return {
    retentionHours: readRetention(query.get('retentionHours')),
    timecode: readTimecode(query.get('timecode')),
    audio: readAudio(query.get('audio')),
    endpoint: readEndpoint(query.get('endpoint')),
  };
}

function readRetention(text: string | null): number {
  if (text === null) return DEFAULT_RETENTION_HOURS;
  const hours = Number(text);
  if (/^\d{1,5}$/u.test(text) && hours <= MAX_RETENTION_HOURS) return hours;
  throw invalid(`retentionHours '${shown(text)}' is not 0 to ${MAX_RETENTION_HOURS}`);
}

function readTimecode(text: string | null): TimecodeType {
  if (text === null || text === 'ABSOLUTE') return 'ABSOLUTE';
  if (text === 'RELATIVE') return 'RELATIVE';
  throw invalid(`timecode '${shown(text)}' is not ABSOLUTE or RELATIVE`);
}

function readAudio(text: string | null): 'aac' | 'none' {
  if (text === null || text === 'aac') return 'aac';
  if (text === 'none') return 'none';
  throw invalid(`audio '${shown(text)}' is not aac or none`);
}

function readEndpoint(text: string | null): string | undefined {
  if (text === null || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  const isBare = url?.username === '' && url.password === '' && url.search + url.hash === '';
  if (isHttp && isBare) return text;
  throw invalid(`endpoint '${shown(text)}' is not an http or https URL without user and query`);
}

function shown(text: string): string {
  return redactUrls(text.slice(0, 300));
}

function invalid(message: string): MediaError {
  return new MediaError('invalid-argument', 'kvs-url-invalid', `forward to kvs: ${message}`);
}
