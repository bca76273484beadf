// What PutMedia needs of the control plane and the credentials of Amazon Web Services.

/** The stream that media goes to. */
export interface KinesisStream {
  /** `[a-zA-Z0-9_.-]{1,256}`. */
  readonly name: string;
  /** For a stream that is created; 0 keeps nothing. */
  readonly retentionHours: number;
  /** For a stream that is created, e.g. `video/h264,audio/aac`. */
  readonly mediaType: string;
}

/** A request whose body is not part of its signature. */
export interface UnsignedRequest {
  readonly method: 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** One region, or one endpoint in its place. Every failure is a MediaError without secrets. */
export interface PutMediaService {
  /**
   * Describes the stream, creates it when it is missing if that is wanted, waits until it is active;
   * resolves to the retention that it has.
   */
  prepare(stream: KinesisStream, signal: AbortSignal): Promise<{ readonly retentionHours: number }>;
  /**
   * Where PutMedia is answered for a stream, kept for at most 45 minutes: `https:`, or `http:` where
   * an operator chose the endpoint of the control plane.
   */
  dataEndpoint(name: string, signal: AbortSignal): Promise<URL>;
  /** The endpoint did not work: the next dataEndpoint() asks again. */
  forget(name: string): void;
  /** The keys that signed these headers were refused: the next sign() takes others. */
  forgetCredentials(headers: Readonly<Record<string, string>>): void;
  /** All headers to send: those given and the ones of SigV4 over the hash of an empty payload. */
  sign(request: UnsignedRequest, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/** The service of a region; `endpoint` stands in for that of the control plane. */
export type PutMediaServices = (region: string, endpoint: string | undefined) => PutMediaService;
