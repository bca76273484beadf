// config.yml: whether a licence is needed. The licence itself is coreServerKey of mediamtx.yml.
import { key } from '../../core/config/config-key.ts';
import { flag, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';

/** Licence rules. */
export interface LicenceConfig {
  /** Whether Pro endpoints are refused without a valid licence. */
  readonly isRequired: boolean;
  /** Ed25519 public key of the issuer: PEM or base64url of 32 bytes; may be empty. */
  readonly publicKey: string;
}

/** The section `licence`. */
export const licenceSection = defineSection({
  keys: {
    required: key(flag, false, 'Refuses Pro endpoints without a valid licence.'),
    publicKey: key(text, '', 'Ed25519 public key of the issuer, PEM or base64url.'),
  },
  toConfig: ({ required, publicKey }): LicenceConfig => ({ isRequired: required, publicKey }),
  check: ({ required, publicKey }, report) => {
    if (!required || publicKey !== '') return;
    report.warn(['publicKey'], 'is empty: only a build with a key of its own can accept a licence');
  },
});
