// The sections of an offer that asks for a stream, whatever its codecs.
import { SEND_TIME_URI, TRANSPORT_SEQUENCE_URI } from '../publisher-plan.ts';
import { receivedAudioFormats, receivedVideoFormats } from './offered-formats.ts';
import type { OfferedSection } from './write-offer.ts';

/** By which the sender learns how its packets arrive; ids of our own choice. */
const RATE_EXTENSIONS = [
  { id: 2, uri: SEND_TIME_URI, parameters: '' },
  { id: 3, uri: TRANSPORT_SEQUENCE_URI, parameters: '' },
];

/** One video and one audio section that receive whatever the server has. */
export const receivingSections: readonly OfferedSection[] = [
  { ...receiving('video'), formats: receivedVideoFormats },
  { ...receiving('audio'), formats: receivedAudioFormats },
];

function receiving(kind: 'video' | 'audio'): Omit<OfferedSection, 'formats'> {
  return {
    ...{ kind, direction: 'recvonly', headerExtensions: RATE_EXTENSIONS },
    ...{ sources: [], sourceGroups: [], mediaStreams: [] },
  };
}
