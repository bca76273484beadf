// What AWS knows a caller by, and who gives it.

/** Keys of a caller; never logged, never part of an error. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary keys have one. */
  readonly sessionToken?: string;
  /** Wall time in ms; undefined = they do not end. */
  readonly expiresAt?: number;
}

/** Gives keys that are valid now. */
export interface AwsCredentialProvider {
  /** @throws MediaError `aws-credentials-missing` or `aws-credentials-failed`. */
  get(signal: AbortSignal): Promise<AwsCredentials>;
  /**
   * AWS refused keys: the next get() asks anew, unless it has others already. Without their id
   * whatever is known counts as refused.
   */
  forget(accessKeyId?: string): void;
}

/** One place where keys may be found. */
export interface AwsCredentialSource {
  /** Undefined when this place has none. @throws MediaError when it has, but does not give them. */
  find(): Promise<AwsCredentials | undefined>;
}

/** Keys as options of a program name them, all absent or empty when not given. */
export interface ConfiguredCredentials {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** Those of the configuration; undefined unless both keys are there. */
export function configuredCredentials(given: ConfiguredCredentials): AwsCredentials | undefined {
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = given;
  if (accessKeyId === '' || secretAccessKey === '') return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) };
}

/** Those of AWS_ACCESS_KEY_ID and its companions. */
export function environmentCredentials(
  environment: Readonly<Record<string, string | undefined>>,
): AwsCredentials | undefined {
  return configuredCredentials({
    accessKeyId: environment['AWS_ACCESS_KEY_ID']?.trim() ?? '',
    secretAccessKey: environment['AWS_SECRET_ACCESS_KEY']?.trim() ?? '',
    sessionToken: environment['AWS_SESSION_TOKEN']?.trim() ?? '',
  });
}
