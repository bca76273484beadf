// Writes a session description as text, in the line order of RFC 8866 section 5.
import type {
  MediaDescription,
  SdpAttribute,
  SdpBandwidth,
  SdpConnection,
  SessionDescription,
} from './session-description.ts';

const DEFAULT_ORIGIN = '- 0 0 IN IP4 127.0.0.1';
const DEFAULT_TIME = '0 0';

/** The text of a description, CRLF at each line. Line ends inside values become blanks. */
export function writeSdp(session: SessionDescription): string {
  const lines = [
    `v=${session.version}`,
    `o=${session.origin ?? DEFAULT_ORIGIN}`,
    // A session without a name is written as a single blank (section 5.3).
    `s=${session.name === '' ? ' ' : session.name}`,
    ...sectionHead(session),
    ...(session.times.length > 0 ? session.times : [DEFAULT_TIME]).map((time) => `t=${time}`),
    ...session.attributes.map(attributeLine),
    ...session.medias.flatMap(mediaLines),
  ];
  return lines.map((line) => `${line.replaceAll(LINE_BREAKS, ' ')}\r\n`).join('');
}

const LINE_BREAKS = /[\r\n\0]/g;

function mediaLines(media: MediaDescription): string[] {
  const port = media.portCount === undefined ? `${media.port}` : `${media.port}/${media.portCount}`;
  const words = [media.kind, port, media.protocol, ...media.formats];
  return [`m=${words.join(' ')}`, ...sectionHead(media), ...media.attributes.map(attributeLine)];
}

function sectionHead(section: {
  readonly information?: string;
  readonly connection?: SdpConnection;
  readonly bandwidths: readonly SdpBandwidth[];
}): string[] {
  const lines = section.bandwidths.map(({ type, value }) => `b=${type}:${value}`);
  if (section.connection !== undefined) {
    const { networkType, addressType, address } = section.connection;
    lines.unshift(`c=${networkType} ${addressType} ${address}`);
  }
  if (section.information !== undefined) lines.unshift(`i=${section.information}`);
  return lines;
}

function attributeLine(attribute: SdpAttribute): string {
  return attribute.value === undefined
    ? `a=${attribute.name}`
    : `a=${attribute.name}:${attribute.value}`;
}
