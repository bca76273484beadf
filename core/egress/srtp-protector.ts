// Encrypts and authenticates outgoing RTP packets of one key, batch by batch (RFC 3711, RFC 7714).
import { AesCmProtector } from './aes-cm-protector.ts';
import { AesGcmProtector } from './aes-gcm-protector.ts';
import type { PacketBatch } from './packet-batch.ts';
import type { SrtpSessionKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

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

/** The protector of a profile. */
export function createSrtpProtector(
  keys: SrtpSessionKeys,
  workspace: SrtpWorkspace,
): SrtpProtector {
  return keys.profile === 1
    ? new AesCmProtector(keys.rtp, workspace)
    : new AesGcmProtector(keys.rtp);
}
