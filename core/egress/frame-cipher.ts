// Seals and opens single packets: incoming RTP, and RTCP both ways.
import { AesCmFrameCipher } from './aes-cm-frame-cipher.ts';
import { AesGcmFrameCipher } from './aes-gcm-frame-cipher.ts';
import type { EgressProfile } from './egress-engine.ts';
import type { SrtpStreamKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** One key working on the frame of its workspace. */
export interface FrameCipher {
  readonly tagBytes: number;
  /** Encrypts the secret and writes the tag. */
  seal(): void;
  /** Checks the tag, then decrypts the secret; false, and nothing usable, when the tag is wrong. */
  open(): boolean;
}

/** The cipher of a profile for the RTP or RTCP keys of a session. */
export function createFrameCipher(
  profile: EgressProfile,
  keys: SrtpStreamKeys,
  workspace: SrtpWorkspace,
): FrameCipher {
  return profile === 1
    ? new AesCmFrameCipher(keys, workspace)
    : new AesGcmFrameCipher(keys, workspace);
}
