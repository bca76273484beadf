// Fragments of SDP that carry candidates after the offer: trickle ICE over HTTP (RFC 8840, RFC 9725).
import { formatIceCandidate, type IceCandidate } from './ice-candidate.ts';
import { parseSdp } from './parse-sdp.ts';
import { bundleGroupsOf, candidatesOf, transportOf } from './read-webrtc-description.ts';
import {
  attributeValue,
  hasAttribute,
  type AttributeHolder,
  type MediaDescription,
  type SdpAttribute,
  type SessionDescription,
} from './session-description.ts';
import { writeSdp } from './write-sdp.ts';

/** The candidates of one m= section. */
export interface TrickleMedia {
  /** Undefined when the fragment has candidates without naming a section. */
  readonly mid?: string;
  readonly iceUfrag?: string;
  readonly icePwd?: string;
  readonly candidates: readonly IceCandidate[];
  readonly hasEndOfCandidates: boolean;
}

/** A fragment: new candidates, or new ICE credentials for a restart. */
export interface TrickleFragment {
  readonly iceUfrag?: string;
  readonly icePwd?: string;
  readonly bundleGroups: readonly (readonly string[])[];
  readonly medias: readonly TrickleMedia[];
}

/**
 * Parses the body of an `application/trickle-ice-sdpfrag` message. Candidates in front of the
 * first m= line, as some clients send them, become a section of their own.
 * @throws MediaError `invalid-argument`, codes as `parseSdp()`.
 */
export function parseTrickleFragment(text: string): TrickleFragment {
  const sdp = parseSdp(text);
  const loose = trickleMediaOf(sdp);
  const hasLoose = loose.candidates.length > 0 || loose.hasEndOfCandidates;
  const medias = sdp.medias.map(trickleMediaOf);
  const { iceUfrag, icePwd } = loose;
  return {
    ...(iceUfrag === undefined ? {} : { iceUfrag }),
    ...(icePwd === undefined ? {} : { icePwd }),
    bundleGroups: bundleGroupsOf(sdp),
    medias: hasLoose ? [loose, ...medias] : medias,
  };
}

/** Writes a fragment; each section gets the pseudo m= line of RFC 8840 section 9. */
export function formatTrickleFragment(fragment: TrickleFragment): string {
  const attributes: SdpAttribute[] = [
    ...fragment.bundleGroups.map((mids) => ({ name: 'group', value: `BUNDLE ${mids.join(' ')}` })),
    ...credentials(fragment),
  ];
  const sdp: SessionDescription = {
    version: 0,
    name: '',
    bandwidths: [],
    times: [],
    attributes,
    medias: fragment.medias.map(pseudoMedia),
  };
  // A fragment has no session lines (section 9): the text starts behind v=, o=, s= and t=.
  const text = writeSdp(sdp);
  return text.slice(text.indexOf('t=0 0\r\n') + 't=0 0\r\n'.length);
}

function trickleMediaOf(holder: AttributeHolder): TrickleMedia {
  const { iceUfrag, icePwd } = transportOf(holder);
  const mid = attributeValue(holder, 'mid');
  return {
    ...(mid === undefined ? {} : { mid }),
    ...(iceUfrag === undefined ? {} : { iceUfrag }),
    ...(icePwd === undefined ? {} : { icePwd }),
    candidates: candidatesOf(holder),
    hasEndOfCandidates: hasAttribute(holder, 'end-of-candidates'),
  };
}

function pseudoMedia(media: TrickleMedia): MediaDescription {
  const attributes: SdpAttribute[] = [];
  if (media.mid !== undefined) attributes.push({ name: 'mid', value: media.mid });
  attributes.push(...credentials(media));
  for (const candidate of media.candidates) {
    const value = formatIceCandidate(candidate).slice('candidate:'.length);
    attributes.push({ name: 'candidate', value });
  }
  if (media.hasEndOfCandidates) attributes.push({ name: 'end-of-candidates' });
  return {
    kind: 'audio',
    port: 9,
    protocol: 'RTP/AVP',
    formats: ['0'],
    bandwidths: [],
    attributes,
  };
}

function credentials(holder: {
  readonly iceUfrag?: string;
  readonly icePwd?: string;
}): SdpAttribute[] {
  const attributes: SdpAttribute[] = [];
  if (holder.iceUfrag !== undefined) attributes.push({ name: 'ice-ufrag', value: holder.iceUfrag });
  if (holder.icePwd !== undefined) attributes.push({ name: 'ice-pwd', value: holder.icePwd });
  return attributes;
}
