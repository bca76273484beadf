// Writes an offer: one bundled transport, upper-case codec names, nothing that firmware stumbles over.
import { randomBytes } from 'node:crypto';
import type { IceCandidate } from '../../sdp/ice-candidate.ts';
import type { RtpFormat } from '../../sdp/rtp-format.ts';
import type {
  Fingerprint,
  HeaderExtension,
  MediaSource,
  MediaSourceGroup,
  MediaStreamId,
  WebrtcMedia,
} from '../../sdp/webrtc-description.ts';
import { writeSdp } from '../../sdp/write-sdp.ts';
import { webrtcDescriptionToSdp } from '../../sdp/write-webrtc-description.ts';
import type { IceCredentials } from '../transport/ice-credentials.ts';

/** One m= section as we offer it. */
export interface OfferedSection {
  readonly kind: 'video' | 'audio';
  readonly direction: 'sendonly' | 'recvonly' | 'sendrecv';
  readonly formats: readonly RtpFormat[];
  readonly headerExtensions: readonly HeaderExtension[];
  /** What we send; empty in sections that only receive. */
  readonly sources: readonly MediaSource[];
  readonly sourceGroups: readonly MediaSourceGroup[];
  readonly mediaStreams: readonly MediaStreamId[];
}

/** Our side of the transport. */
export interface OfferTransport {
  readonly credentials: IceCredentials;
  readonly fingerprint: Fingerprint;
  /** Those known by now; others are trickled. */
  readonly candidates: readonly IceCandidate[];
}

/** The section of a data channel (RFC 8841), always the last one. */
export interface OfferedApplication {
  readonly sctpPort: number;
  readonly maxMessageSizeBytes: number;
}

/** The offer as text; the mid of a section is its position. */
export function writeOffer(
  sections: readonly OfferedSection[],
  { credentials, fingerprint, candidates }: OfferTransport,
  application?: OfferedApplication,
): string {
  const mids = [...sections, ...(application ? [application] : [])].map((_, index) => `${index}`);
  const transport = {
    port: 9,
    ...{ isBundleOnly: false, isRejected: false, hasEndOfCandidates: false, rids: [] },
    iceUfrag: credentials.ufrag,
    icePwd: credentials.password,
    iceOptions: ['trickle'],
    fingerprints: [fingerprint],
    setup: 'actpass',
  } as const;
  const data: WebrtcMedia | undefined = application && {
    ...{ ...transport, ...application, ...NO_MEDIA },
    ...{ kind: 'application', protocol: 'UDP/DTLS/SCTP', mid: `${sections.length}` },
    candidates: sections.length === 0 ? candidates : [],
  };
  const description = webrtcDescriptionToSdp({
    // Some peers take offers with the same origin for one and the same session.
    origin: `- ${randomBytes(6).readUIntBE(0, 6)} 1 IN IP4 127.0.0.1`,
    isIceLite: false,
    bundleGroups: [mids],
    allowsMixedExtensions: false,
    medias: [
      ...sections.map((section, index) => ({
        ...{ ...transport, ...section, mid: `${index}`, protocol: 'UDP/TLS/RTP/SAVPF' },
        ...{ hasRtcpMux: true, hasReducedSizeRtcp: true },
        // One transport for all: its candidates need to be told once.
        candidates: index === 0 ? candidates : [],
      })),
      ...(data ? [data] : []),
    ],
  });
  return writeSdp(description);
}

const NO_MEDIA = {
  direction: 'sendrecv',
  hasRtcpMux: false,
  hasReducedSizeRtcp: false,
  formats: [],
  headerExtensions: [],
  sources: [],
  sourceGroups: [],
  mediaStreams: [],
} as const;
