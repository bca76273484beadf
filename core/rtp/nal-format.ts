// What differs between the RTP formats of H.264 and H.265, so that the rest is written once.
import type { Codec } from '../codec/codec.ts';

/** What a NAL unit (or RTP payload) means to normalisers and packetizers. */
export const NalKind = {
  /** Not valid, or of a packetization that is not supported. */
  unknown: 0,
  /** Coded slice of a picture that needs earlier ones. */
  slice: 1,
  /** Coded slice of a picture that decoding can start with. */
  keySlice: 2,
  parameterSet: 3,
  /** Delimiters and filler: left out. */
  dropped: 4,
  /** Anything else, e.g. supplemental information: kept. */
  other: 5,
  /** STAP-A or AP: several NAL units in one payload. */
  aggregate: 6,
  /** FU-A or FU: part of a NAL unit. */
  fragment: 7,
} as const;

/** Identity of a parameter set. */
export interface ParameterSetIdentity {
  /** 0-based order in which sets must be sent: H.264 SPS, PPS; H.265 VPS, SPS, PPS. */
  readonly rank: number;
  readonly id: number;
  /** Identifier of the set of the rank before that it refers to; -1 for rank 0. */
  readonly parentId: number;
}

/**
 * The wire format of one codec, RFC 6184 or RFC 7798. NAL unit headers are handled as numbers of
 * `headerBytes` bytes, big endian. Holds the slice read last, so each user has its own.
 */
export interface NalFormat<C extends Codec> {
  /** Bytes of a NAL unit header, which is also the header of an aggregate: 1 or 2. */
  readonly headerBytes: number;
  /** Bytes in front of a fragment; the last of them has S in bit 7 and E in bit 6. */
  readonly fragmentPrefixBytes: number;
  /** Number of parameter set ranks. */
  readonly rankCount: number;
  /** A filler NAL unit without content: it carries the marker when the packet that had it is dropped. */
  readonly emptyFiller: Uint8Array;

  readHeader(bytes: Uint8Array, offset: number): number;
  /** One of NalKind. */
  kindOf(header: number): number;
  /** Header of the NAL unit that the fragment at `offset` belongs to. */
  readFragmentedHeader(bytes: Uint8Array, offset: number): number;
  /** Writes the fragment prefix for `header` at offset 0, S and E clear. */
  writeFragmentPrefix(bytes: Uint8Array, header: number): void;
  /** Combines NAL unit headers of one aggregate; start with the first. */
  mergeHeaders(merged: number, header: number): number;
  /** Header of an aggregate of NAL units whose headers were merged. */
  aggregateHeader(merged: number): number;

  /** Reads a slice header; `[start, end)` lies behind the NAL unit header. False when broken. */
  readSlice(bytes: Uint8Array, start: number, end: number): boolean;
  /** As `readSlice`, for NalKind.keySlice. */
  readKeySlice(bytes: Uint8Array, start: number, end: number): boolean;
  /** Whether the slice read last starts a picture. */
  readonly isFirstSlice: boolean;
  /** Whether the slice read last is known to refer to no other picture. */
  readonly isIntraSlice: boolean;
  /** PPS of the slice read last. */
  readonly slicePpsId: number;
  /** Whether the NAL unit is a recovery point from which pictures are right at once. */
  isRecoveryPoint(bytes: Uint8Array, start: number, end: number): boolean;

  /** Undefined when the NAL unit is no readable parameter set. */
  identify(nal: Uint8Array): ParameterSetIdentity | undefined;
  accepts(codec: Codec): codec is C;
  /** Whether the packetization that the source announced can be understood. */
  isSupported(codec: C): boolean;
  /** Parameter sets of `codec`, by rank. */
  setsOf(codec: C): readonly (Uint8Array | undefined)[];
  /** A new codec with these parameter sets, by rank. */
  withSets(codec: C, sets: readonly (Uint8Array | undefined)[]): C;
}
