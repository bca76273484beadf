// What the answer says about each planned section of a viewer or publisher.
import { parametersOf, type RtpFormat } from '../sdp/rtp-format.ts';
import type { HeaderExtension } from '../sdp/webrtc-description.ts';
import { withFeedback, type AnsweredSection } from './peer-answer.ts';
import { rateExtensionsOf, type PublisherPlan } from './publisher-plan.ts';
import type { PlannedSection, ViewerPlan } from './viewer-plan.ts';

const VIDEO_VIEWER_FEEDBACK = ['nack', 'nack pli', 'ccm fir', 'goog-remb'];
const PUBLISHER_FEEDBACK = ['nack', 'nack pli', 'ccm fir'];
const TRANSPORT_FEEDBACK = 'transport-cc';
const RATE_FEEDBACK = 'goog-remb';

/** Sections of a viewer's answer: one track each, with its SSRCs. */
export function viewerSections(plan: ViewerPlan, cname: string): AnsweredSection[] {
  return plan.sections.map((section) => {
    const { media, match, ssrc, rtxSsrc } = section;
    const feedback = media.kind === 'video' ? VIDEO_VIEWER_FEEDBACK : [];
    const rtx = match.rtx ? [withFeedback(match.rtx, [])] : [];
    return {
      media,
      direction: 'sendonly',
      formats: [withFeedback(match.format, feedback), ...rtx],
      headerExtensions: [],
      sources: sourcesOf(section, cname),
      sourceGroups: rtxSsrc === undefined ? [] : [{ semantics: 'FID', ssrcs: [ssrc, rtxSsrc] }],
      mediaStreams: [{ streamId: cname, trackId: `${cname}-${media.kind}` }],
    };
  });
}

/** Sections of a publisher's answer: one codec each, with the feedback that the server sends. */
export function publisherSections(plan: PublisherPlan): AnsweredSection[] {
  const hasTransportFeedback = plan.transportSequenceId > 0;
  return plan.sections.map(({ media, format, rtx }) => {
    const rate = hasTransportFeedback ? TRANSPORT_FEEDBACK : RATE_FEEDBACK;
    const feedback = media.kind === 'video' ? [...PUBLISHER_FEEDBACK, rate] : ['nack', rate];
    return {
      media,
      direction: 'recvonly',
      formats: [
        withFeedback(wantingStereo(format), feedback),
        ...(rtx ? [withFeedback(rtx, [])] : []),
      ],
      headerExtensions: withoutDirection(rateExtensionsOf(plan, media)),
      sources: [],
      sourceGroups: [],
      mediaStreams: [],
    };
  });
}

/** Without it browsers mix Opus down to one channel (RFC 7587 section 6.1). */
function wantingStereo(format: RtpFormat): RtpFormat {
  if (format.encoding.toLowerCase() !== 'opus' || parametersOf(format).has('stereo')) return format;
  return { ...format, fmtp: format.fmtp === '' ? 'stereo=1' : `${format.fmtp};stereo=1` };
}

/** Without the offerer's direction, which would be wrong in the answer. */
function withoutDirection(extensions: readonly HeaderExtension[]): HeaderExtension[] {
  return extensions.map(({ id, uri }) => ({ id, uri, parameters: '' }));
}

function sourcesOf({ ssrc, rtxSsrc }: PlannedSection, cname: string): AnsweredSection['sources'] {
  return rtxSsrc === undefined
    ? [{ ssrc, cname }]
    : [
        { ssrc, cname },
        { ssrc: rtxSsrc, cname },
      ];
}
