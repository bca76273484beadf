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

const OUT_OF_ORDER = 4004;

/**
 * Numbers of the producer libraries and of the API reference, names of both. A name counts more than
 * its number, as the two lists differ for tracks.
 */
export const ACK_ERRORS: readonly AckErrorRow[] = [
  row([4000, 'STREAM_READ_ERROR'], RESEND, 'the service could not read what was sent'),
  row(
    [4001, 'MAX_FRAGMENT_SIZE_REACHED', 'MAX_FRAGMENT_SIZE'],
    DROP,
    'the fragment is larger than 50 MB',
  ),
  row([4002, 'MAX_FRAGMENT_DURATION_REACHED'], DROP, 'the fragment is longer than 20 s'),
  row([4003, 'MAX_CONNECTION_DURATION_REACHED'], RESEND, 'the connection was open for 45 min'),
  row(
    [OUT_OF_ORDER, 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS', 'FRAGMENT_TIMECODE_NOT_MONOTONIC'],
    DROP,
    'its timecode is not above that of the fragment before',
  ),
  row(
    [4005, 'MULTI_TRACK_MKV', 'MORE_THAN_ONE_TRACK_FOUND'],
    DROP,
    'it has tracks that the service does not take',
  ),
  row([4006, 'INVALID_MKV_DATA'], DROP, 'the service can not read its Matroska data'),
  row(
    [4007, 'INVALID_PRODUCER_TIMESTAMP'],
    DROP,
    "the service refuses its timestamp: is this machine's clock right?",
  ),
  row([4008, 'STREAM_NOT_ACTIVE'], CREATE, 'the stream is not active'),
  row([4009, 'FRAGMENT_METADATA_LIMIT_REACHED'], DROP, 'it has more metadata than allowed'),
  row([4010, 'TRACK_NUMBER_MISMATCH'], DROP, 'its track numbers are not those of the header'),
  row([4011, 'FRAMES_MISSING_FOR_TRACK'], DROP, 'a track of the header has no frame in it'),
  row([4012, 'MORE_THAN_ALLOWED_TRACKS_FOUND'], DROP, 'it has more than three tracks'),
  row([4500, 'KMS_KEY_ACCESS_DENIED'], KEY_DENIED, 'access to the KMS key of the stream is denied'),
  row([4501, 'KMS_KEY_DISABLED'], KEY_UNFIT, 'the KMS key of the stream is disabled'),
  row([4502, 'KMS_KEY_VALIDATION_ERROR'], KEY_UNFIT, 'the KMS key of the stream is not valid'),
  row([4503, 'KMS_KEY_UNAVAILABLE'], RESEND, 'the KMS key of the stream is not available now'),
  row([4504, 'KMS_KEY_INVALID_USAGE'], KEY_UNFIT, 'the KMS key of the stream is for another use'),
  row([4505, 'KMS_KEY_INVALID_STATE'], KEY_UNFIT, 'the KMS key of the stream is in no fit state'),
  row([4506, 'KMS_KEY_NOT_FOUND'], KEY_UNFIT, 'the KMS key of the stream does not exist'),
  row([4507, 'STREAM_DELETED'], CREATE, 'the stream was deleted'),
  row([5000, 'INTERNAL_ERROR'], RESEND, 'the service failed'),
  row([5001, 'ARCHIVAL_ERROR'], RESEND, 'the service could not store the fragment'),
  row([undefined, 'MIN_FRAGMENT_DURATION_REACHED'], DROP, 'the fragment is shorter than 1 s'),
];

const BY_ID = new Map(ACK_ERRORS.map((each) => [each.id, each]));
const BY_NAME = new Map(ACK_ERRORS.flatMap((each) => each.names.map((name) => [name, each])));

/** What follows from an acknowledgement of type ERROR; `place` is for the message. */
export function classifyAckError(ack: FragmentAck, place: string): PutMediaProblem {
  const { errorId, errorCode, timecodeMs } = ack;
  const known = BY_NAME.get(errorCode.toUpperCase()) ?? (errorId && BY_ID.get(errorId));
  const { action, kind, meaning, id } = known || unknownError(errorId ?? 0);
  const label = errorCode || (known && known.names[0]) || 'error without a name';
  const number = errorId === undefined ? '' : ` (${errorId})`;
  const which = timecodeMs === undefined ? 'a fragment' : `fragment ${timecodeMs}`;
  const text = `${place}: ${which} was refused with ${label}${number}: ${meaning}`;
  const error = new MediaError(kind, 'put-media-fragment-refused', text);
  return { action, timecodeMs, error, isOutOfOrder: id === OUT_OF_ORDER };
}

/** Numbers from 4000 on are about the fragment, others about the service. */
function unknownError(id: number): Omit<AckErrorRow, 'names'> {
  const isOfFragment = id >= 4000 && id < 5000;
  const [action, kind] = isOfFragment ? DROP : RESEND;
  return { id, action, kind, meaning: 'an error that this version does not know' };
}

function row(
  [id, ...names]: readonly [number | undefined, ...string[]],
  [action, kind]: Consequence,
  meaning: string,
): AckErrorRow {
  return { id, names, action, kind, meaning };
}
