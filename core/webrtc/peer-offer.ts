// Reads and judges an offer before anything is opened for it.
import { MediaError } from '../base/media-error.ts';
import { parseSdp } from '../sdp/parse-sdp.ts';
import { readWebrtcDescription } from '../sdp/read-webrtc-description.ts';
import type { Fingerprint, WebrtcDescription, WebrtcMedia } from '../sdp/webrtc-description.ts';

/** An offer that can be answered. */
export interface PeerOffer {
  readonly description: WebrtcDescription;
  readonly iceUfrag: string;
  readonly icePwd: string;
  readonly fingerprints: readonly Fingerprint[];
  /** Sections that travel on the one transport, in the offer's order. */
  readonly bundled: readonly WebrtcMedia[];
}

/** RFC 8839 section 5.4. */
const MIN_UFRAG_LENGTH = 4;
const MIN_PWD_LENGTH = 22;
const MAX_ICE_LENGTH = 256;
/** RFC 8829 section 5.1.2. */
const PROTOCOL = /^(?:(?:UDP\/TLS|TCP\/TLS|TCP\/DTLS)\/)?RTP\/SAVPF?$/iu;
const KNOWN_HASHES = new Set(['sha-256', 'sha-384', 'sha-512']);

/**
 * Parses an offer and checks that it can be answered on one bundled, passive DTLS transport.
 * Bundle-only sections, missing `a=ssrc` and missing candidates are normal.
 * @throws MediaError `invalid-argument` that names what is missing or wrong.
 */
export function readOffer(text: string): PeerOffer {
  const description = readWebrtcDescription(parseSdp(text));
  const open = description.medias.filter((media) => !media.isRejected);
  const first = open[0];
  if (!first) throw invalid('offer-without-media', 'the offer has no m= section in use');
  const bundled = bundledWith(description, first);
  for (const media of bundled) checkSection(media);
  const tagged = taggedSection(description, bundled) ?? first;
  const { iceUfrag, icePwd } = tagged;
  if (!isIceText(iceUfrag, MIN_UFRAG_LENGTH)) {
    throw invalid('offer-without-ice', 'the offer has no a=ice-ufrag of 4 to 256 characters');
  }
  if (!isIceText(icePwd, MIN_PWD_LENGTH)) {
    throw invalid('offer-without-ice', 'the offer has no a=ice-pwd of 22 to 256 characters');
  }
  if (tagged.setup === 'passive' || tagged.setup === 'holdconn') {
    throw invalid(
      'offer-setup-unsupported',
      `the offer has a=setup:${tagged.setup}; actpass or active is needed`,
    );
  }
  const fingerprints = tagged.fingerprints.filter(({ algorithm }) => KNOWN_HASHES.has(algorithm));
  if (fingerprints.length === 0) {
    throw invalid(
      'offer-without-fingerprint',
      'the offer has no a=fingerprint with sha-256, sha-384 or sha-512',
    );
  }
  return { description, iceUfrag, icePwd, fingerprints, bundled };
}

/** Without BUNDLE only the first section gets a transport. */
function bundledWith(description: WebrtcDescription, first: WebrtcMedia): WebrtcMedia[] {
  const group = description.bundleGroups.find(
    (mids) => first.mid !== undefined && mids.includes(first.mid),
  );
  return description.medias.filter(
    (media) =>
      !media.isRejected &&
      (media === first || (media.mid !== undefined && group?.includes(media.mid) === true)),
  );
}

/**
 * The section whose transport counts for the whole bundle: the first one named in the group
 * (RFC 9143 section 7.2), or the next that has ICE parameters, since bundle-only sections may not.
 */
function taggedSection(
  description: WebrtcDescription,
  bundled: readonly WebrtcMedia[],
): WebrtcMedia | undefined {
  const hasIce = bundled.filter((media) => media.iceUfrag !== undefined);
  const tag = description.bundleGroups.flat().find((mid) => hasIce.some((m) => m.mid === mid));
  return hasIce.find((media) => media.mid === tag) ?? hasIce[0];
}

function isIceText(text: string | undefined, minLength: number): text is string {
  return text !== undefined && text.length >= minLength && text.length <= MAX_ICE_LENGTH;
}

/** Sections of other kinds are refused in the answer, or by the publisher's plan. */
function checkSection(media: WebrtcMedia): void {
  if (media.kind !== 'audio' && media.kind !== 'video') return;
  if (!PROTOCOL.test(media.protocol)) {
    throw invalid(
      'offer-protocol-unsupported',
      `m=${media.kind} has protocol '${media.protocol}'; UDP/TLS/RTP/SAVPF is needed`,
    );
  }
  if (!media.hasRtcpMux) {
    throw invalid('offer-without-rtcp-mux', `m=${media.kind} has no a=rtcp-mux`);
  }
}

function invalid(code: string, message: string): MediaError {
  return new MediaError('invalid-argument', code, `invalid SDP offer: ${message}`);
}
