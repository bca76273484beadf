// Reads SDP text as cameras, encoders and browsers really write it.
import { MediaError } from '../base/media-error.ts';
import type {
  MediaDescription,
  SdpAttribute,
  SdpBandwidth,
  SdpConnection,
  SessionDescription,
} from './session-description.ts';

/** Longest text that is read, in characters. */
export const MAX_SDP_LENGTH = 65_536;
/** Most m= sections that are read. */
export const MAX_SDP_MEDIAS = 100;
const MAX_FORMATS = 256;
const MAX_QUOTED_LENGTH = 80;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What both the session and a media section hold, while it is being read. */
interface Section {
  information?: string;
  connection?: SdpConnection;
  bandwidths: SdpBandwidth[];
  attributes: SdpAttribute[];
}

type OpenMedia = Mutable<Omit<MediaDescription, keyof Section>> & Section;
type OpenSession = Mutable<Omit<SessionDescription, keyof Section | 'times' | 'medias'>> &
  Section & { times: string[]; medias: OpenMedia[] };

/**
 * Parses a session description. Any line end is taken, lines in any order, missing v=, o=, s= and
 * t= lines, lines that are no SDP (left out), trailing NUL bytes and blanks. A line before the
 * first m= belongs to the session, one after it to the media section.
 * @throws MediaError `invalid-argument`: `sdp-too-large`, `sdp-empty` (no SDP line at all),
 * `sdp-invalid-version`, `sdp-invalid-media` or `sdp-too-many-medias`, with the line.
 */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MAX_SDP_LENGTH) {
    const message = `SDP: ${text.length} characters are more than ${MAX_SDP_LENGTH}`;
    throw new MediaError('invalid-argument', 'sdp-too-large', message);
  }
  const session: OpenSession = {
    version: 0,
    name: '',
    bandwidths: [],
    times: [],
    attributes: [],
    medias: [],
  };
  const lines = text.split(LINE_END);
  let lineCount = 0;
  for (const [index, raw] of lines.entries()) {
    const line = trimBlanks(raw);
    if (!isSdpLine(line)) continue;
    lineCount++;
    readLine(session, line, index + 1);
  }
  if (lineCount === 0) throw sdpError('sdp-empty', 'no line of the form x=value', 1, text);
  return session;
}

const LINE_END = /\r\n|\r|\n/;

/** Removes blanks and NUL bytes at both ends. Not a regular expression: those backtrack here. */
function trimBlanks(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && line.charCodeAt(start) <= 0x20) start++;
  while (end > start && line.charCodeAt(end - 1) <= 0x20) end--;
  return line.slice(start, end);
}

function isSdpLine(line: string): boolean {
  const letter = line.charCodeAt(0);
  return line.charAt(1) === '=' && letter >= 0x61 && letter <= 0x7a;
}

function readLine(session: OpenSession, line: string, lineNumber: number): void {
  const value = trimBlanks(line.slice(2));
  const section: Section = session.medias.at(-1) ?? session;
  switch (line.charAt(0)) {
    case 'v':
      session.version = readVersion(value, lineNumber);
      break;
    case 'o':
      session.origin ??= value;
      break;
    case 's':
      if (session.name === '') session.name = value;
      break;
    case 'i':
      section.information ??= value;
      break;
    case 't':
      session.times.push(value);
      break;
    case 'c':
      readConnection(section, value);
      break;
    case 'b':
      readBandwidth(section, value);
      break;
    case 'a':
      if (value !== '') section.attributes.push(parseAttribute(value));
      break;
    case 'm':
      if (session.medias.length === MAX_SDP_MEDIAS) {
        const fault = `more than ${MAX_SDP_MEDIAS} media sections`;
        throw sdpError('sdp-too-many-medias', fault, lineNumber, line);
      }
      session.medias.push(readMedia(value, lineNumber));
      break;
    default:
      // u=, e=, p=, k=, r=, z= and unknown letters say nothing that a media server uses.
      break;
  }
}

function readVersion(value: string, lineNumber: number): number {
  const version = Number(value);
  if (version !== 0) {
    throw sdpError('sdp-invalid-version', 'the version is not 0', lineNumber, `v=${value}`);
  }
  return version;
}

function readConnection(section: Section, value: string): void {
  const [networkType, addressType, address] = splitWords(value);
  if (networkType === undefined || addressType === undefined || address === undefined) return;
  section.connection ??= { networkType, addressType, address };
}

function readBandwidth(section: Section, text: string): void {
  const colon = text.indexOf(':');
  const value = Number(text.slice(colon + 1));
  if (colon <= 0 || !(value >= 0) || !Number.isFinite(value)) return;
  section.bandwidths.push({ type: text.slice(0, colon), value });
}

function parseAttribute(value: string): SdpAttribute {
  const colon = value.indexOf(':');
  if (colon < 0) return { name: value };
  return { name: trimBlanks(value.slice(0, colon)), value: trimBlanks(value.slice(colon + 1)) };
}

/** `video 0 RTP/AVP 96 97`, the port perhaps as `9/2`. */
function readMedia(value: string, lineNumber: number): OpenMedia {
  const [kind, portText, protocol, ...formats] = splitWords(value);
  const line = `m=${value}`;
  if (kind === undefined || portText === undefined || protocol === undefined) {
    const fault = 'kind, port and protocol are needed';
    throw sdpError('sdp-invalid-media', fault, lineNumber, line);
  }
  const match = PORT.exec(portText);
  const port = Number(match?.[1]);
  if (!(port <= 0xffff)) {
    throw sdpError('sdp-invalid-media', `port ${quote(portText)} is not one`, lineNumber, line);
  }
  if (formats.length > MAX_FORMATS) {
    const fault = `${formats.length} formats are more than ${MAX_FORMATS}`;
    throw sdpError('sdp-invalid-media', fault, lineNumber, line);
  }
  const media: OpenMedia = { kind, port, protocol, formats, bandwidths: [], attributes: [] };
  if (match?.[2] !== undefined) media.portCount = Number(match[2]);
  return media;
}

const PORT = /^(\d{1,5})(?:\/(\d{1,5}))?$/;

function splitWords(value: string): string[] {
  return value.split(/[ \t]/).filter((word) => word !== '');
}

function sdpError(code: string, fault: string, lineNumber: number, line: string): MediaError {
  const message = `SDP: ${fault}: ${quote(line)}; line ${lineNumber}`;
  return new MediaError('invalid-argument', code, message, { context: { line: lineNumber } });
}

function quote(text: string): string {
  const cut = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}...` : text;
  return JSON.stringify(cut);
}
