// Reads and judges the answer to an offer of ours.
import { MediaError } from '../../base/media-error.ts';
import { parseSdp } from '../../sdp/parse-sdp.ts';
import { readWebrtcDescription } from '../../sdp/read-webrtc-description.ts';
import type { WebrtcMedia } from '../../sdp/webrtc-description.ts';
import type { PeerOffer } from '../peer-offer.ts';
import type { OfferedSection } from './write-offer.ts';

/** An answer that a transport can be made of; read as an offer of the other end it plans tracks. */
export interface PeerAnswer extends PeerOffer {
  readonly isIceLite: boolean;
  /** Whether the other end sends the ClientHello. */
  readonly isActive: boolean;
  /** Where the data channel goes; undefined when none was offered, or the answer refuses it. */
  readonly sctp: { readonly port: number; readonly maxMessageSizeBytes: number } | undefined;
}

const KNOWN_HASHES: ReadonlySet<string> = new Set(['sha-256', 'sha-384', 'sha-512']);
const MAX_ICE_LENGTH = 256;
/** RFC 8841 sections 5.2 and 6.1, for answers that do not say. */
const DEFAULT_SCTP_PORT = 5000;
const DEFAULT_MAX_MESSAGE_BYTES = 65_536;

/**
 * Parses an answer to `sections` and, behind them, perhaps a data channel, whose section may be
 * missing. Refused sections are left out of `bundled`.
 * @throws MediaError `invalid-argument` that names what is missing or wrong.
 */
export function readAnswer(
  text: string,
  sections: readonly OfferedSection[],
  hasApplication = false,
): PeerAnswer {
  const description = readWebrtcDescription(parseSdp(text));
  const { medias, isIceLite } = description;
  const application = hasApplication ? medias[sections.length] : undefined;
  if (medias.length !== sections.length + (application ? 1 : 0)) {
    throw invalid(`it has ${medias.length} m= sections, the offer ${sections.length}`);
  }
  for (const [index, section] of sections.entries()) {
    const kind = medias[index]?.kind ?? '';
    if (kind !== section.kind)
      throw invalid(`section ${index} is m=${kind}, not m=${section.kind}`);
  }
  if (application && application.kind !== 'application') {
    throw invalid(`section ${sections.length} is m=${application.kind}, not m=application`);
  }
  const bundled = medias.filter((media) => !media.isRejected);
  if (bundled.length === 0) throw invalid('it refuses every section');
  // Section level is where the transport stands; some peers write it in the first section alone.
  const tagged = bundled.find(({ iceUfrag, icePwd }) => isIceText(iceUfrag) && isIceText(icePwd));
  const { iceUfrag, icePwd } = tagged ?? {};
  if (!tagged || iceUfrag === undefined || icePwd === undefined) {
    throw invalid('it has no a=ice-ufrag and a=ice-pwd');
  }
  const fingerprints = tagged.fingerprints.filter(({ algorithm }) => KNOWN_HASHES.has(algorithm));
  if (fingerprints.length === 0) {
    throw invalid('it has no a=fingerprint with sha-256, sha-384 or sha-512');
  }
  return {
    ...{ description, iceUfrag, icePwd },
    ...{ fingerprints, bundled, isIceLite, isActive: isActive(tagged) },
    sctp: application && sctpOf(application),
  };
}

function sctpOf(media: WebrtcMedia): PeerAnswer['sctp'] {
  if (media.isRejected) return undefined;
  const { sctpPort: port = DEFAULT_SCTP_PORT } = media;
  return { port, maxMessageSizeBytes: media.maxMessageSizeBytes ?? DEFAULT_MAX_MESSAGE_BYTES };
}

/** RFC 5763 section 5: active is what an answer should say, and what silence means. */
function isActive({ setup }: WebrtcMedia): boolean {
  if (setup === 'holdconn') throw invalid('it has a=setup:holdconn');
  return setup !== 'passive';
}

function isIceText(text: string | undefined): boolean {
  return text !== undefined && text.length >= 1 && text.length <= MAX_ICE_LENGTH;
}

function invalid(problem: string): MediaError {
  return new MediaError('invalid-argument', 'answer-invalid', `invalid SDP answer: ${problem}`);
}
