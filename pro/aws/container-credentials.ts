// Keys of the role that a container runs with (ECS, Fargate, EKS Pod Identity).
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { AddressPolicy } from '../../core/http/address-policy.ts';
import { PinnedHttpClient } from '../../core/http/pinned-http-client.ts';
import type { AwsCredentials, AwsCredentialSource } from './aws-credentials.ts';

/** What of the process environment says where the keys are; see ContainerCredentials. */
export type ContainerEnvironment = Readonly<Record<string, string | undefined>>;

const ECS_HOST = '169.254.170.2';
/** Where plain HTTP is allowed: this machine, the ECS agent, the EKS agent. */
const PLAIN_HOSTS = ['127.0.0.0/8', '::1', ECS_HOST, '169.254.170.23', 'fd00:ec2::23'];
const TIMEOUT_MS = 5000;
const MAX_BYTES = 64 * 1024;

const answer = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().optional(),
  Expiration: z.string().optional(),
});

/**
 * Asks the address of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with
 * AWS_CONTAINER_AUTHORIZATION_TOKEN or _TOKEN_FILE when there is one.
 */
export class ContainerCredentials implements AwsCredentialSource {
  readonly #environment: ContainerEnvironment;
  readonly #http: PinnedHttpClient;

  constructor(clock: Clock, environment: ContainerEnvironment) {
    this.#environment = environment;
    const policy = new AddressPolicy({ allow: PLAIN_HOSTS, place: 'container credentials' });
    this.#http = new PinnedHttpClient(
      { clock, policy },
      { timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_BYTES },
    );
  }

  /** @throws MediaError `aws-credentials-failed`, without what the endpoint said. */
  async find(): Promise<AwsCredentials | undefined> {
    const url = this.#url();
    if (!url) return undefined;
    const token = await this.#token();
    const { status, body } = await this.#http
      .request({
        url: url.href,
        headers: { Accept: 'application/json', ...(token === '' ? {} : { Authorization: token }) },
      })
      .catch((thrown: unknown) => {
        throw failed(`does not answer: ${toMediaError(thrown).message}`, thrown);
      });
    if (status !== 200) throw failed(`answered with ${status}; ${url.host}`);
    return readKeys(body, url.host);
  }

  #url(): URL | undefined {
    const relative = this.#environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? '';
    const full = this.#environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
    const text = relative === '' ? full : `http://${ECS_HOST}${relative}`;
    if (text === '') return undefined;
    if ((relative !== '' && !relative.startsWith('/')) || !URL.canParse(text)) {
      throw failed('has an address that is not understood');
    }
    const url = new URL(text);
    if (url.protocol === 'https:' || isPlainAllowed(url.hostname)) return url;
    throw failed(`may be asked over plain HTTP only on this machine or its agent, not ${url.host}`);
  }

  async #token(): Promise<string> {
    const file = this.#environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '';
    const token =
      file === ''
        ? (this.#environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? '')
        : await readFile(file, 'utf8').catch((thrown: unknown) => {
            throw failed('has a token file that can not be read', thrown);
          });
    if (/[\r\n]/u.test(token.trim())) throw failed('has a token of more than one line');
    return token.trim();
  }
}

function isPlainAllowed(host: string): boolean {
  const name = host.replace(/^\[|\]$/gu, '');
  return name === 'localhost' || name.startsWith('127.') || PLAIN_HOSTS.includes(name);
}

function readKeys(body: Buffer, place: string): AwsCredentials {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw failed(`answered with what is no JSON; ${place}`);
  }
  const keys = answer.safeParse(parsed);
  if (!keys.success) throw failed(`answered without keys; ${place}`);
  const { AccessKeyId, SecretAccessKey, Token = '', Expiration = '' } = keys.data;
  const expiresAt = Date.parse(Expiration);
  return {
    ...{ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
    ...(Token === '' ? {} : { sessionToken: Token }),
    ...(Number.isFinite(expiresAt) ? { expiresAt } : {}),
  };
}

function failed(problem: string, cause?: unknown): MediaError {
  const message = `AWS credentials: the container endpoint ${problem}`;
  return new MediaError('unavailable', 'aws-credentials-failed', message, { cause });
}
