// The errors that Kinesis Video Streams answers, with the HTTP status that its service model gives each.

const STATUS_OF_TYPE = {
  AccessDeniedException: 401,
  AccountChannelLimitExceededException: 400,
  AccountStreamLimitExceededException: 400,
  ClientLimitExceededException: 400,
  ConnectionLimitExceededException: 400,
  DeviceStreamLimitExceededException: 400,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 403,
  InternalFailure: 500,
  InvalidArgumentException: 400,
  InvalidClientException: 400,
  InvalidDeviceException: 400,
  InvalidEndpointException: 400,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  NotAuthorizedException: 401,
  ResourceInUseException: 400,
  ResourceNotFoundException: 404,
  ServiceUnavailableException: 503,
  SessionExpiredException: 400,
  TagsPerResourceExceededLimitException: 400,
  ThrottlingException: 400,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
  VersionMismatchException: 400,
} as const;

/** Name of an error as it stands in `x-amzn-errortype`. */
export type KvsFaultType = keyof typeof STATUS_OF_TYPE;

/** These say `message`, all others `Message`: a client has to read both. */
const LOWER_CASE: readonly KvsFaultType[] = [
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidClientException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SessionExpiredException',
  'UnrecognizedClientException',
];

/** A refusal on its way to the answer. */
export class KvsFault extends Error {
  readonly type: KvsFaultType;
  readonly status: number;

  constructor(type: KvsFaultType, message: string, status: number = STATUS_OF_TYPE[type]) {
    super(message);
    this.type = type;
    this.status = status;
  }

  /** Body of the answer. */
  get body(): Readonly<Record<string, string>> {
    const { message } = this;
    return LOWER_CASE.includes(this.type) ? { message } : { Message: message };
  }
}

/** Shorthand for what most checks throw. */
export function invalidArgument(message: string): KvsFault {
  return new KvsFault('InvalidArgumentException', message);
}
