// What the answer says about each planned section of a viewer or publisher.
import { withFeedback, type AnsweredSection } from './peer-answer.ts';
import { TRANSPORT_SEQUENCE_URI, type PublisherPlan } from './publisher-plan.ts';
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
      formats: [withFeedback(format, feedback), ...(rtx ? [withFeedback(rtx, [])] : [])],
      headerExtensions: hasTransportFeedback
        ? media.headerExtensions.filter(({ uri }) => uri === TRANSPORT_SEQUENCE_URI)
        : [],
      sources: [],
      sourceGroups: [],
      mediaStreams: [],
    };
  });
}

function sourcesOf({ ssrc, rtxSsrc }: PlannedSection, cname: string): AnsweredSection['sources'] {
  return rtxSsrc === undefined
    ? [{ ssrc, cname }]
    : [
        { ssrc, cname },
        { ssrc: rtxSsrc, cname },
      ];
}
