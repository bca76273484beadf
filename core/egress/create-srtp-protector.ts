// Chooses the protector of outgoing packets by SRTP profile.
import { AesCmProtector } from './aes-cm-protector.ts';
import { AesGcmProtector } from './aes-gcm-protector.ts';
import type { SrtpSessionKeys } from './srtp-key-derivation.ts';
import type { SrtpProtector } from './srtp-protector.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** The protector of a session's profile, for its RTP keys. */
export function createSrtpProtector(
  keys: SrtpSessionKeys,
  workspace: SrtpWorkspace,
): SrtpProtector {
  return keys.profile === 1
    ? new AesCmProtector(keys.rtp, workspace)
    : new AesGcmProtector(keys.rtp);
}
