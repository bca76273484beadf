// AES_CM_128_HMAC_SHA1_80 on single packets (RFC 3711 sections 3.3 and 3.4).
import { AesCounterMode } from './aes-counter-mode.ts';
import type { FrameCipher } from './frame-cipher.ts';
import { HMAC_TAG_BYTES, HmacSha1 } from './hmac-sha1.ts';
import type { KeystreamPad } from './keystream-pad.ts';
import type { PacketFrame } from './packet-frame.ts';
import type { SrtpStreamKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** Encrypt-then-authenticate; the trailer is the rollover counter or the SRTCP index. */
export class AesCmFrameCipher implements FrameCipher {
  readonly tagBytes = HMAC_TAG_BYTES;
  readonly #mode: AesCounterMode;
  readonly #hmac: HmacSha1;
  readonly #pad: KeystreamPad;
  readonly #frame: PacketFrame;

  constructor(keys: SrtpStreamKeys, workspace: SrtpWorkspace) {
    this.#mode = new AesCounterMode(keys, workspace.pad);
    this.#hmac = new HmacSha1(keys.authKey, workspace.hmac);
    this.#pad = workspace.pad;
    this.#frame = workspace.frame;
  }

  seal(): void {
    this.#crypt();
    this.#hmac.writeTag(this.#framed(), this.#frame.tag, 0);
  }

  open(): boolean {
    if (!this.#hmac.isTag(this.#framed(), this.#frame.tag, 0)) return false;
    this.#crypt();
    return true;
  }

  #framed(): Uint8Array {
    const frame = this.#frame;
    frame.bytes.set(this.#hmac.innerBlock, 0);
    return frame.bytes.subarray(0, frame.endOfSecret + frame.trailerBytes);
  }

  #crypt(): void {
    const frame = this.#frame;
    if (frame.secretBytes === 0) return;
    // Key stream comes in whole words: what lies behind the secret is put back.
    const end = frame.endOfSecret;
    const after0 = frame.bytes[end] ?? 0;
    const after1 = frame.bytes[end + 1] ?? 0;
    const after2 = frame.bytes[end + 2] ?? 0;
    this.#mode.begin(frame.ssrc);
    this.#mode.stage(frame.index, frame.secretBytes);
    this.#mode.generate();
    this.#pad.xor(0, frame.words, (frame.start + frame.headerBytes) >> 2);
    frame.bytes[end] = after0;
    frame.bytes[end + 1] = after1;
    frame.bytes[end + 2] = after2;
  }
}
