// One track of a generated slate.
import type { TrackDescription } from '../codec/codec.ts';

/** A track that never ends. */
export interface SlateTrack {
  readonly description: TrackDescription;
  /** Begins anew; RTP packets go to `onPacket`, which must copy them. */
  begin(onPacket: (packet: Uint8Array) => void): void;
  /** Writes every sample that begins before `elapsedS`, seconds since `begin`. */
  playUntil(elapsedS: number): void;
}
