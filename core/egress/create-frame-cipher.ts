// Chooses the cipher of single packets by SRTP profile.
import { AesCmFrameCipher } from './aes-cm-frame-cipher.ts';
import { AesGcmFrameCipher } from './aes-gcm-frame-cipher.ts';
import type { EgressProfile } from './egress-engine.ts';
import type { FrameCipher } from './frame-cipher.ts';
import type { SrtpStreamKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

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
