// The errors that acknowledgements name: one table from number or text to what follows.
import { MediaError, type ErrorKind } from '../../core/base/media-error.ts';
import type { FragmentAck } from './ack-parser.ts';
import type { PutMediaAction, PutMediaProblem } from './put-media-problem.ts';

/** A row of the table; exported for the tests that go through all of it. */
export interface AckErrorRow {
  /** Undefined where no document gives a number. */
  readonly id: number | undefined;
  /** The usual name, then those that other documents have for it. */
  readonly names: readonly string[];
  readonly action: PutMediaAction;
  readonly kind: ErrorKind;
  readonly meaning: string;
}

type Consequence = readonly [action: PutMediaAction, kind: ErrorKind];

const DROP: Consequence = ['drop-fragment', 'invalid-argument'];
const RESEND: Consequence = ['resend', 'unavailable'];
const KEY_DENIED: Consequence = ['give-up', 'permission-denied'];
const KEY_UNFIT: Consequence = ['give-up', 'failed-precondition'];
const CREATE: Consequence = ['create-stream', 'not-found'];

/**
 * Numbers of the producer libraries and of the API reference, names of both. A name counts more than
 * its number, as the two lists differ for tracks.
 */
export const ACK_ERRORS: readonly AckErrorRow[] = [
  row(4000, RESEND, 'the service could not read what was sent', 'STREAM_READ_ERROR'),
  row(
    4001,
    DROP,
    'the fragment is larger than 50 MB',
    'MAX_FRAGMENT_SIZE_REACHED',
    'MAX_FRAGMENT_SIZE',
  ),
  row(4002, DROP, 'the fragment is longer than 20 s', 'MAX_FRAGMENT_DURATION_REACHED'),
  row(4003, RESEND, 'the connection was open for 45 min', 'MAX_CONNECTION_DURATION_REACHED'),
  row(
    4004,
    DROP,
    'its timecode is not above that of the fragment before',
    'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
    'FRAGMENT_TIMECODE_NOT_MONOTONIC',
  ),
  row(
    4005,
    DROP,
    'it has tracks that the service does not take',
    'MULTI_TRACK_MKV',
    'MORE_THAN_ONE_TRACK_FOUND',
  ),
  row(4006, DROP, 'the service can not read its Matroska data', 'INVALID_MKV_DATA'),
  row(
    4007,
    DROP,
    "the service refuses its timestamp: is this machine's clock right?",
    'INVALID_PRODUCER_TIMESTAMP',
  ),
  row(4008, CREATE, 'the stream is not active', 'STREAM_NOT_ACTIVE'),
  row(4009, DROP, 'it has more metadata than allowed', 'FRAGMENT_METADATA_LIMIT_REACHED'),
  row(4010, DROP, 'its track numbers are not those of the header', 'TRACK_NUMBER_MISMATCH'),
  row(4011, DROP, 'a track of the header has no frame in it', 'FRAMES_MISSING_FOR_TRACK'),
  row(4012, DROP, 'it has more than three tracks', 'MORE_THAN_ALLOWED_TRACKS_FOUND'),
  row(4500, KEY_DENIED, 'access to the KMS key of the stream is denied', 'KMS_KEY_ACCESS_DENIED'),
  row(4501, KEY_UNFIT, 'the KMS key of the stream is disabled', 'KMS_KEY_DISABLED'),
  row(4502, KEY_UNFIT, 'the KMS key of the stream is not valid', 'KMS_KEY_VALIDATION_ERROR'),
  row(4503, RESEND, 'the KMS key of the stream is not available now', 'KMS_KEY_UNAVAILABLE'),
  row(4504, KEY_UNFIT, 'the KMS key of the stream is for another use', 'KMS_KEY_INVALID_USAGE'),
  row(4505, KEY_UNFIT, 'the KMS key of the stream is in no fit state', 'KMS_KEY_INVALID_STATE'),
  row(4506, KEY_UNFIT, 'the KMS key of the stream does not exist', 'KMS_KEY_NOT_FOUND'),
  row(4507, CREATE, 'the stream was deleted', 'STREAM_DELETED'),
  row(5000, RESEND, 'the service failed', 'INTERNAL_ERROR'),
  row(5001, RESEND, 'the service could not store the fragment', 'ARCHIVAL_ERROR'),
  row(undefined, DROP, 'the fragment is shorter than 1 s', 'MIN_FRAGMENT_DURATION_REACHED'),
];

const BY_ID = new Map(ACK_ERRORS.map((each) => [each.id, each]));
const BY_NAME = new Map(ACK_ERRORS.flatMap((each) => each.names.map((name) => [name, each])));

/** What follows from an acknowledgement of type ERROR; `place` is for the message. */
export function classifyAckError(ack: FragmentAck, place: string): PutMediaProblem {
  const { errorId, errorCode, timecodeMs } = ack;
  const known = BY_NAME.get(errorCode.toUpperCase()) ?? (errorId && BY_ID.get(errorId));
  const { action, kind, meaning } = known || unknownError(errorId ?? 0);
  const label = errorCode || (known && known.names[0]) || 'error without a name';
  const number = errorId === undefined ? '' : ` (${errorId})`;
  const which = timecodeMs === undefined ? 'a fragment' : `fragment ${timecodeMs}`;
  const text = `${place}: ${which} was refused with ${label}${number}: ${meaning}`;
  return { action, timecodeMs, error: new MediaError(kind, 'put-media-fragment-refused', text) };
}

/** Numbers from 4000 on are about the fragment, others about the service. */
function unknownError(id: number): Pick<AckErrorRow, 'action' | 'kind' | 'meaning'> {
  const isOfFragment = id >= 4000 && id < 5000;
  const [action, kind] = isOfFragment ? DROP : RESEND;
  return { action, kind, meaning: 'an error that this version does not know' };
}

function row(
  id: number | undefined,
  [action, kind]: Consequence,
  meaning: string,
  ...names: readonly string[]
): AckErrorRow {
  return { id, names, action, kind, meaning };
}
