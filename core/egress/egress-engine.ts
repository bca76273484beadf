// The only door to the network for WebRTC media: rewrites, protects, sends and retransmits for all viewers.
import type { TrackRing } from '../stream/track-ring.ts';

/** Where an engine's packets leave; the WebRTC transport implements it. */
export interface EgressSocket<Address> {
  /** Hands one packet to the network; false when it was dropped. The bytes may be reused afterwards. */
  sendTo(address: Address, bytes: Uint8Array): boolean;
  /** True while the network is full: stop sending for this turn. */
  isCongested(): boolean;
}

/** SRTP protection profile: 1 = AES128_CM_HMAC_SHA1_80 (RFC 5764), 7 = AEAD_AES_128_GCM (RFC 7714). */
export type EgressProfile = 1 | 7;

/** What an engine needs to know of a track. */
export interface EgressTrack {
  readonly ring: TrackRing;
  readonly clockRateHz: number;
  /** Video starts and resumes at key frames; audio anywhere. */
  readonly isVideo: boolean;
}

/** One viewer of one track: where its packets go and what they look like. */
export interface EgressViewer<Address> {
  readonly address: Address;
  readonly profile: EgressProfile;
  /** SRTP master key (16 bytes) and salt (14 or 12 bytes) of our sending direction. */
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
  readonly ssrc: number;
  readonly payloadType: number;
  /** Retransmission stream (RFC 4588), when negotiated. */
  readonly rtx?: { readonly ssrc: number; readonly payloadType: number };
  /**
   * Constant header extension block (RFC 8285: profile, length and elements), put into each media
   * packet; empty or absent for none.
   */
  readonly headerExtension?: Uint8Array;
  /** Called at most once per turn when the viewer needs a key frame that the ring does not hold. */
  readonly onKeyFrameNeeded?: () => void;
}

/** Handles are small integers that are reused after close. */
export type TrackHandle = number;
/** Names a viewer row; a small integer that is reused after removeViewer. */
export type ViewerHandle = number;

/** What a viewer got so far; `timestampOffsetTicks` maps ring timestamps to outgoing ones. */
export interface ViewerCounters {
  /** Media packets sent, retransmissions excluded. */
  packetsSent: number;
  /** Payload octets sent, as sender reports count them (RFC 3550 section 6.4.1), not wrapped. */
  octetsSent: number;
  packetsRetransmitted: number;
  /** Packets skipped because the viewer or the network was too slow. */
  packetsDropped: number;
  /** Times the viewer jumped to a newer key frame because it lagged. */
  skips: number;
  /** Whether a first packet was sent: only then sender reports make sense. */
  hasStarted: boolean;
  timestampOffsetTicks: number;
}

/** Sends the tracks of all streams to all WebRTC viewers; synchronous throughout. */
export interface EgressEngine<Address> {
  /** Profiles this engine is fastest with, best first: the order offered to DTLS. */
  readonly preferredProfiles: readonly EgressProfile[];
  openTrack(track: EgressTrack): TrackHandle;
  /** Removes the track and all its viewers. */
  closeTrack(track: TrackHandle): void;
  /**
   * Adds a viewer. Video begins at the newest key frame of the ring with squeezed timestamps (the
   * frames up to the head end "now", 1 ms apart) and catches up in paced slices; without a key
   * frame, or when it is too far away, it waits for the next one and calls `onKeyFrameNeeded`.
   * Audio begins at the head.
   * @throws MediaError invalid-argument for keys of wrong length, a malformed header extension, or
   * one SSRC for media and RTX; internal for a track that is not open.
   */
  addViewer(track: TrackHandle, viewer: EgressViewer<Address>): ViewerHandle;
  removeViewer(viewer: ViewerHandle): void;
  /** The viewer moved to another address. */
  setAddress(viewer: ViewerHandle, address: Address): void;
  /** A paused viewer gets nothing; on resume it continues as a new viewer would, on its old numbering. */
  setPaused(viewer: ViewerHandle, isPaused: boolean): void;
  /** Sends what is new in the track's ring to its viewers. Synchronous, allocates nothing per packet it can avoid. */
  publish(track: TrackHandle): void;
  /** Sends packets again that a NACK named by outgoing sequence number (16 bits). */
  retransmit(viewer: ViewerHandle, sequenceNumbers: Uint16Array, count: number): void;
  /** Protects (SRTCP, RFC 3711 section 3.4) and sends one compound RTCP packet. */
  sendRtcp(viewer: ViewerHandle, compound: Uint8Array): void;
  /** Fills `into` with the viewer's counters. */
  readCounters(viewer: ViewerHandle, into: ViewerCounters): void;
  /** Frees timers and keys; idempotent. */
  close(): void;
}
