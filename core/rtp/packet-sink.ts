// Where normalised packets go: memory is reserved first, the payload is written in place, then committed.

/** Facts about one stored packet, combined with `|`. */
export const PacketFlag = {
  /** First packet of an access unit that decoding can start with (its parameter sets included). */
  keyFrameStart: 1,
  /** Last packet of an access unit. */
  accessUnitEnd: 2,
  /** First packet of an access unit. */
  accessUnitStart: 4,
} as const;

/**
 * Target of a normaliser. One packet at a time: `reserve`, write the payload into `bytes` at the
 * returned offset, `commit`. Neither call allocates.
 */
export interface PacketSink {
  /** The memory to write into. `reserve` may replace it: read it again after each `reserve`. */
  readonly bytes: Uint8Array;
  /** Makes room for one packet of `payloadLength` bytes; returns the offset of its payload in `bytes`. */
  reserve(payloadLength: number): number;
  /**
   * Finishes the reserved packet. `timestampTicks` is the 32-bit RTP timestamp in the source's
   * domain, `flags` a combination of PacketFlag.
   */
  commit(timestampTicks: number, isMarked: boolean, flags: number): void;
  /** Leaves a hole of one sequence number, so that receivers notice that media was lost here. */
  leaveGap(): void;
}
