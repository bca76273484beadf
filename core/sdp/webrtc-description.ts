// Offers and answers of WebRTC with a meaning given to each attribute (RFC 8829, RFC 8866).
import type { IceCandidate } from './ice-candidate.ts';
import type { RtpFormat } from './rtp-format.ts';

/** Which way a section's media flow, seen from the writer of the description (RFC 8866 section 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** DTLS role, RFC 8842 section 5.1. */
export type SetupRole = 'actpass' | 'active' | 'passive' | 'holdconn';

/** Hash of the writer's DTLS certificate, RFC 8122 section 5. */
export interface Fingerprint {
  /** Lower case, e.g. `sha-256`. */
  readonly algorithm: string;
  /** Upper-case hex pairs with colons. */
  readonly value: string;
}

/** An `a=extmap` line, RFC 8285 section 8. */
export interface HeaderExtension {
  /** 1..14 for one-byte headers, up to 255 for two-byte headers. */
  readonly id: number;
  readonly uri: string;
  readonly direction?: Direction;
  /** What follows the URI; empty when nothing does. */
  readonly parameters: string;
}

/** What the `a=ssrc` lines say about one SSRC, RFC 5576 section 4.1. */
export interface MediaSource {
  readonly ssrc: number;
  readonly cname?: string;
  /** `stream track`. */
  readonly msid?: string;
}

/** An `a=ssrc-group` line, RFC 5576 section 4.2: e.g. `FID` ties media and retransmission. */
export interface MediaSourceGroup {
  readonly semantics: string;
  readonly ssrcs: readonly number[];
}

/** An `a=rid` line, RFC 8851 section 4. */
export interface RestrictionIdentifier {
  readonly id: string;
  readonly direction: 'send' | 'recv';
  /** Restrictions as written, e.g. `max-width=640;max-fps=15`; empty when there are none. */
  readonly restrictions: string;
}

/** One alternative of a simulcast layer; `isPaused` is the `~` in front (RFC 8853 section 5.1). */
export interface SimulcastAlternative {
  readonly rid: string;
  readonly isPaused: boolean;
}

/** An `a=simulcast` line: layers in order of preference, each a list of alternatives. */
export interface Simulcast {
  readonly send: readonly (readonly SimulcastAlternative[])[];
  readonly recv: readonly (readonly SimulcastAlternative[])[];
}

/** An `a=msid` line, RFC 8830 section 2. */
export interface MediaStreamId {
  readonly streamId: string;
  readonly trackId?: string;
}

/** ICE and DTLS parameters of a section; those of the session apply where a section has none. */
export interface TransportParameters {
  readonly iceUfrag?: string;
  readonly icePwd?: string;
  /** E.g. `trickle`, `renomination`. */
  readonly iceOptions: readonly string[];
  readonly fingerprints: readonly Fingerprint[];
  readonly setup?: SetupRole;
}

/** One m= section. */
export interface WebrtcMedia extends TransportParameters {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  /** Undefined when the writer gave none (no BUNDLE possible). */
  readonly mid?: string;
  readonly direction: Direction;
  /** `a=bundle-only` (RFC 9143 section 7.2.1): port 0 does not mean that the section is refused. */
  readonly isBundleOnly: boolean;
  /** Port 0 without bundle-only: the section is refused or switched off. */
  readonly isRejected: boolean;
  readonly hasRtcpMux: boolean;
  readonly hasReducedSizeRtcp: boolean;
  /** `a=ice-lite` at media level does not exist; see WebrtcDescription.isIceLite. */
  readonly candidates: readonly IceCandidate[];
  readonly hasEndOfCandidates: boolean;
  /** Empty for data channels. */
  readonly formats: readonly RtpFormat[];
  readonly headerExtensions: readonly HeaderExtension[];
  readonly sources: readonly MediaSource[];
  readonly sourceGroups: readonly MediaSourceGroup[];
  readonly rids: readonly RestrictionIdentifier[];
  readonly simulcast?: Simulcast;
  readonly mediaStreams: readonly MediaStreamId[];
  /** Data channels, RFC 8841 section 5. */
  readonly sctpPort?: number;
  readonly maxMessageSizeBytes?: number;
}

/** A whole offer or answer. */
export interface WebrtcDescription {
  /** Value of the `o=` line. */
  readonly origin?: string;
  readonly isIceLite: boolean;
  /** The mids of each `a=group:BUNDLE`. */
  readonly bundleGroups: readonly (readonly string[])[];
  readonly allowsMixedExtensions: boolean;
  readonly medias: readonly WebrtcMedia[];
}
