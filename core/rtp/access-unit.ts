// One picture of a track, put together from packets.

/** What decoders and file writers take. The bytes belong to the receiver. */
export interface AccessUnit {
  /**
   * H.264, H.265: NAL units without start codes, parameter sets included. VP8, VP9: the frame, one
   * unit for each spatial layer. AV1: OBUs, mostly without size field.
   */
  readonly units: readonly Uint8Array[];
  /** RTP timestamp of its packets. */
  readonly timestampTicks: number;
  /** Whether decoding can start here. */
  readonly isKeyFrame: boolean;
}
