// Takes the payloads of one codec apart.

/** Adds the units of payloads, in order, to a buffer. */
export interface Depacketizer {
  /** Whether the access unit collected so far can be decoded without earlier ones. */
  readonly isKeyFrame: boolean;
  /** Whether the last payload ended inside a unit. */
  readonly isInsideUnit: boolean;
  /** Whether the payload can be the first of an access unit. */
  isStart(bytes: Uint8Array, start: number, end: number): boolean;
  /** Adds a payload; false when it is broken or does not continue the one before. */
  push(bytes: Uint8Array, start: number, end: number): boolean;
  /** Forgets the access unit; `buffer` was cleared as well. */
  reset(): void;
}
