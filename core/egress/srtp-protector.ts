// Encrypts and authenticates outgoing RTP packets of one key, batch by batch (RFC 3711, RFC 7714).
import type { PacketBatch } from './packet-batch.ts';

/** Protects the packets that `batch` plans; nothing is kept between batches, so equal input yields equal bytes. */
export interface SrtpProtector {
  /** Octets that protection adds to a packet. */
  readonly tagBytes: number;
  /** Makes what can be made for all planned packets at once. */
  prepare(batch: PacketBatch): void;
  /**
   * Protects planned packet `number`, which lies in the batch's current slot, in place; returns
   * its new length.
   */
  seal(batch: PacketBatch, number: number): number;
}
