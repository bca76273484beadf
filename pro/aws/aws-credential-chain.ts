// The keys in use: found in the first place that has some, kept until shortly before they end.
import type { Clock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import {
  configuredCredentials,
  environmentCredentials,
  type AwsCredentialProvider,
  type AwsCredentials,
  type AwsCredentialSource,
  type ConfiguredCredentials,
} from './aws-credentials.ts';
import { ContainerCredentials } from './container-credentials.ts';
import { CREDENTIAL_PACKAGE, PackageCredentials } from './package-credentials.ts';

/** Keys are renewed so long before they end. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Places are asked again after a failure, but not for each of fifty cameras. */
const RETRY_AFTER_MS = 2000;

/** What the chain works with. */
export interface AwsCredentialChainComponents {
  readonly clock: Clock;
  /** Default: the container's endpoint, then AWS's own chain. */
  readonly sources?: readonly AwsCredentialSource[];
}

/** Where the chain looks first. */
export interface AwsCredentialChainOptions {
  /** Keys of the configuration. */
  readonly configured?: ConfiguredCredentials;
  /** The environment of the process, or an empty record. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Asks one place at a time, once however many callers wait. */
export class AwsCredentialChain implements AwsCredentialProvider {
  readonly #clock: Clock;
  readonly #fixed: AwsCredentials | undefined;
  readonly #sources: readonly AwsCredentialSource[];
  #known: AwsCredentials | undefined;
  #running: Promise<AwsCredentials> | undefined;
  #failure: { readonly error: MediaError; readonly atMs: number } | undefined;

  constructor(
    { clock, sources }: AwsCredentialChainComponents,
    { configured = {}, environment }: AwsCredentialChainOptions,
  ) {
    this.#clock = clock;
    this.#fixed = configuredCredentials(configured) ?? environmentCredentials(environment);
    this.#sources = sources ?? [
      new ContainerCredentials(clock, environment),
      new PackageCredentials(clock),
    ];
  }

  /** @throws MediaError `aws-credentials-missing`, `aws-credentials-failed`; the signal's reason. */
  async get(signal: AbortSignal): Promise<AwsCredentials> {
    signal.throwIfAborted();
    if (this.#fixed) return this.#fixed;
    const known = this.#known;
    if (known && this.#leftMs(known) > RENEW_BEFORE_MS) return known;
    try {
      return await orAborted(this.#findOnce(), signal);
    } catch (thrown) {
      signal.throwIfAborted();
      // They still work for some minutes.
      if (known && known === this.#known && this.#leftMs(known) > 0) return known;
      throw thrown;
    }
  }

  /** A refusal that comes late is about keys that were replaced meanwhile. */
  forget(accessKeyId = this.#known?.accessKeyId): void {
    if (this.#known?.accessKeyId === accessKeyId) this.#known = undefined;
  }

  #findOnce(): Promise<AwsCredentials> {
    const failed = this.#failure;
    if (failed && this.#clock.monotonicMs() - failed.atMs < RETRY_AFTER_MS) {
      return Promise.reject(failed.error);
    }
    this.#running ??= this.#find().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #find(): Promise<AwsCredentials> {
    try {
      const found = await this.#ask();
      this.#failure = undefined;
      this.#known = found;
      return found;
    } catch (thrown) {
      const error = toMediaError(thrown);
      this.#failure = { error, atMs: this.#clock.monotonicMs() };
      throw error;
    }
  }

  async #ask(): Promise<AwsCredentials> {
    let isPackageMissing = false;
    for (const source of this.#sources) {
      try {
        const found = await source.find();
        if (found) return found;
      } catch (thrown) {
        if (!(thrown instanceof MediaError) || thrown.code !== 'package-missing') throw thrown;
        isPackageMissing = true;
      }
    }
    throw missing(isPackageMissing);
  }

  #leftMs({ expiresAt }: AwsCredentials): number {
    return (expiresAt ?? Number.POSITIVE_INFINITY) - this.#clock.nowMs();
  }
}

function missing(isPackageMissing: boolean): MediaError {
  const more = isPackageMissing
    ? `; for profiles and instance roles: npm install ${CREDENTIAL_PACKAGE}`
    : '; neither a container role, a profile nor an instance role was found';
  const message = `no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY${more}`;
  return new MediaError('unauthenticated', 'aws-credentials-missing', message);
}

/** One caller that leaves does not end the search that others wait for. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(toMediaError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
