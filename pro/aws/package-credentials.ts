// Keys of profiles, web identities and instance roles: AWS's own chain, loaded on first use.
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { AwsCredentials, AwsCredentialSource } from './aws-credentials.ts';
import { loadOptional } from './optional-package.ts';
import { quotedWords } from './quoted-words.ts';

/** Keys as AWS's packages name them. */
export interface SdkIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/** The part of the package that is used; a test brings its own. */
export type ImportSdkChain = () => Promise<{
  readonly defaultProvider: () => () => Promise<SdkIdentity>;
}>;

/** How the chain says that it looked everywhere. */
const NOWHERE = 'Could not load credentials from any providers';
/** It asks a network that may not be there. */
const TIMEOUT_MS = 15_000;

/** Profiles and their programs, single sign-on, web identity, the metadata service of machines. */
export class PackageCredentials implements AwsCredentialSource {
  readonly #clock: Clock;
  readonly #importPackage: ImportSdkChain;

  constructor(clock: Clock, importPackage: ImportSdkChain = importSdkChain) {
    this.#clock = clock;
    this.#importPackage = importPackage;
  }

  /** @throws MediaError `package-missing`, `aws-credentials-failed`. */
  async find(): Promise<AwsCredentials | undefined> {
    const { defaultProvider } = await loadOptional(
      CREDENTIAL_PACKAGE,
      'AWS credentials of profiles and roles',
      this.#importPackage,
    );
    // Made anew each time: it remembers what it found, and we know better when that is over.
    const chain = defaultProvider();
    const timeout = new AbortController();
    try {
      const found = await Promise.race([chain(), this.#tooLate(timeout.signal)]);
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = found;
      return {
        ...{ accessKeyId, secretAccessKey },
        ...(sessionToken === undefined ? {} : { sessionToken }),
        ...(expiration ? { expiresAt: expiration.getTime() } : {}),
      };
    } catch (thrown) {
      if (isNothingFound(thrown)) return undefined;
      throw failed(toMediaError(thrown).message, thrown);
    } finally {
      timeout.abort();
    }
  }

  async #tooLate(signal: AbortSignal): Promise<never> {
    await delay(this.#clock, TIMEOUT_MS, signal);
    throw failed(`no answer within ${TIMEOUT_MS} ms`);
  }
}

/** Name of the package, for texts. */
export const CREDENTIAL_PACKAGE = '@aws-sdk/credential-provider-node';

const importSdkChain: ImportSdkChain = () => import('@aws-sdk/credential-provider-node');

/** Places that have no keys; one that ought to have, such as a login that is over, says so itself. */
function isNothingFound(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || thrown.name !== 'CredentialsProviderError') return false;
  const isLast = !('tryNextLink' in thrown) || thrown.tryNextLink !== false;
  return isLast || thrown.message.startsWith(NOWHERE);
}

function failed(problem: string, cause?: unknown): MediaError {
  const message = `AWS credentials: ${quotedWords(problem, 300)}`;
  return new MediaError('unavailable', 'aws-credentials-failed', message, { cause });
}
