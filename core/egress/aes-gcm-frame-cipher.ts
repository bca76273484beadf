// AEAD_AES_128_GCM on single packets (RFC 7714 sections 8 and 9).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { FrameCipher } from './frame-cipher.ts';
import { GCM_TAG_BYTES, GcmNonce } from './gcm-nonce.ts';
import { MAX_FRAME_BYTES, type PacketFrame } from './packet-frame.ts';
import type { SrtpStreamKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** Header and trailer are the associated data. */
export class AesGcmFrameCipher implements FrameCipher {
  readonly tagBytes = GCM_TAG_BYTES;
  readonly #key: Uint8Array;
  readonly #nonce: GcmNonce;
  readonly #frame: PacketFrame;

  constructor(keys: SrtpStreamKeys, workspace: SrtpWorkspace) {
    this.#key = keys.cipherKey;
    this.#nonce = new GcmNonce(keys.salt);
    this.#frame = workspace.frame;
  }

  seal(): void {
    const frame = this.#frame;
    const nonce = this.#nonce.of(frame.ssrc, frame.index);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce);
    cipher.setAAD(this.#associatedData());
    frame.bytes.set(cipher.update(this.#secret()), frame.start + frame.headerBytes);
    cipher.final();
    frame.tag.set(cipher.getAuthTag());
  }

  open(): boolean {
    const frame = this.#frame;
    const nonce = this.#nonce.of(frame.ssrc, frame.index);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce);
    decipher.setAuthTag(frame.tag);
    decipher.setAAD(this.#associatedData());
    const secret = decipher.update(this.#secret());
    try {
      decipher.final();
    } catch {
      // Node's only way to say that the tag is wrong; the receiver counts it.
      return false;
    }
    frame.bytes.set(secret, frame.start + frame.headerBytes);
    return true;
  }

  #secret(): Buffer {
    const frame = this.#frame;
    return frame.bytes.subarray(frame.start + frame.headerBytes, frame.endOfSecret);
  }

  #associatedData(): Buffer {
    const frame = this.#frame;
    const headerEnd = frame.start + frame.headerBytes;
    const header = frame.bytes.subarray(frame.start, headerEnd);
    if (frame.trailerBytes === 0) return header;
    const end = frame.endOfSecret;
    return Buffer.concat(
      [header, frame.bytes.subarray(end, end + frame.trailerBytes)],
      Math.min(MAX_FRAME_BYTES, frame.headerBytes + frame.trailerBytes),
    );
  }
}
