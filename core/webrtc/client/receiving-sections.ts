// The sections of an offer that asks for a stream, whatever its codecs.
import { receivedAudioFormats, receivedVideoFormats } from './offered-formats.ts';
import type { OfferedSection } from './write-offer.ts';

/** draft-holmer-rmcat-transport-wide-cc-extensions-01. */
const TRANSPORT_SEQUENCE = {
  id: 3,
  uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  parameters: '',
};

/** draft-alvestrand-rmcat-remb-03 section 2.2. */
const SEND_TIME = {
  id: 2,
  uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  parameters: '',
};

/** One video and one audio section that receive whatever the server has. */
export const receivingSections: readonly OfferedSection[] = [
  { ...receiving('video'), formats: receivedVideoFormats },
  { ...receiving('audio'), formats: receivedAudioFormats },
];

function receiving(kind: 'video' | 'audio'): Omit<OfferedSection, 'formats'> {
  return {
    ...{ kind, direction: 'recvonly', headerExtensions: [SEND_TIME, TRANSPORT_SEQUENCE] },
    ...{ sources: [], sourceGroups: [], mediaStreams: [] },
  };
}
