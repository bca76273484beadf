// The errors that PutMedia reports inside its stream of acknowledgements.

const CODE_OF_ERROR = {
  4000: 'STREAM_READ_ERROR',
  4001: 'MAX_FRAGMENT_SIZE_REACHED',
  4002: 'MAX_FRAGMENT_DURATION_REACHED',
  4003: 'MAX_CONNECTION_DURATION_REACHED',
  4004: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
  4005: 'MULTI_TRACK_MKV',
  4006: 'INVALID_MKV_DATA',
  4007: 'INVALID_PRODUCER_TIMESTAMP',
  4008: 'STREAM_NOT_ACTIVE',
  4009: 'FRAGMENT_METADATA_LIMIT_REACHED',
  4010: 'TRACK_NUMBER_MISMATCH',
  4011: 'FRAMES_MISSING_FOR_TRACK',
  4012: 'MORE_THAN_ALLOWED_TRACKS_FOUND',
  4500: 'KMS_KEY_ACCESS_DENIED',
  4501: 'KMS_KEY_DISABLED',
  4502: 'KMS_KEY_VALIDATION_ERROR',
  4503: 'KMS_KEY_UNAVAILABLE',
  4504: 'KMS_KEY_INVALID_USAGE',
  4505: 'KMS_KEY_INVALID_STATE',
  4506: 'KMS_KEY_NOT_FOUND',
  4507: 'STREAM_DELETED',
  5000: 'INTERNAL_ERROR',
  5001: 'ARCHIVAL_ERROR',
} as const;

/** ErrorId of an acknowledgement. */
export type PutMediaErrorId = keyof typeof CODE_OF_ERROR;

/** Every ErrorId that the service documents or its SDK lists. */
export const PUT_MEDIA_ERROR_IDS: readonly PutMediaErrorId[] = [
  ...([4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4010, 4011, 4012] as const),
  ...([4500, 4501, 4502, 4503, 4504, 4505, 4506, 4507, 5000, 5001] as const),
];

/** The documents name this one without a number: its acknowledgement has no ErrorId. */
export const TOO_SHORT_CODE = 'MIN_FRAGMENT_DURATION_REACHED';

/** A broken rule: it becomes an ERROR acknowledgement and the end of the connection. */
export class PutMediaFault extends Error {
  readonly errorId: PutMediaErrorId;
  readonly code: string;

  constructor(errorId: PutMediaErrorId, detail: string, code: string = CODE_OF_ERROR[errorId]) {
    super(`${code}: ${detail}`);
    this.errorId = errorId;
    this.code = code;
  }
}

/** Shorthand for what the parser finds. */
export function invalidMkv(detail: string): PutMediaFault {
  return new PutMediaFault(4006, detail);
}
