// Signature Version 4 for Kinesis Video Streams by @smithy/signature-v4: the only file that knows it.
import { createHash, createHmac, type Hash as NodeHash, type Hmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '../../core/base/clock.ts';
import type { AwsCredentialProvider } from './aws-credentials.ts';
import { loadOptional } from './optional-package.ts';

type ImportSigner = () => Promise<{ readonly SignatureV4: typeof SignatureV4 }>;

/** What a signer works with. */
export interface AwsSignerComponents {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly credentials: AwsCredentialProvider;
  /** A test of a missing package brings its own. */
  readonly importPackage?: ImportSigner;
}

/** A request as it will be sent. */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: the signature says nothing about the body. */
  readonly body?: string;
}

type Source = string | ArrayBuffer | ArrayBufferView;

const PACKAGE = '@smithy/signature-v4';
const SERVICE = 'kinesisvideo';
/** Life of a URL; what AWS's own SDKs ask for. */
const URL_LIFE_SECONDS = 299;

/** Signs requests and URLs for one region. */
export class AwsSigner {
  readonly #components: AwsSignerComponents;
  readonly #region: string;

  constructor(components: AwsSignerComponents, region: string) {
    this.#components = components;
    this.#region = region;
  }

  /**
   * All headers of the request, its own and those of the signature.
   * @throws MediaError `package-missing`, and as AwsCredentialProvider.get().
   */
  async headers(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>> {
    const { method, url, headers, body } = request;
    const signer = await this.#signer(signal);
    const signed = await signer.sign(
      {
        ...{ method, ...placeOf(url), headers: { ...headers, host: url.host } },
        ...(body === undefined ? {} : { body }),
      },
      { signingDate: this.#now() },
    );
    return { ...signed.headers };
  }

  /**
   * A wss:// URL that lets its bearer in for five minutes; a secret as a whole.
   * @throws MediaError as headers().
   */
  async url(url: URL, signal: AbortSignal): Promise<URL> {
    const signer = await this.#signer(signal);
    const { query = {} } = await signer.presign(
      { method: 'GET', ...placeOf(url), headers: { host: url.host } },
      { signingDate: this.#now(), expiresIn: URL_LIFE_SECONDS },
    );
    const signed = new URL(url);
    // Encoded as it was signed: URLSearchParams would write spaces and tildes in its own way.
    signed.search = Object.entries(query)
      .map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(textOf(value))}`)
      .join('&');
    return signed;
  }

  async #signer(signal: AbortSignal): Promise<SignatureV4> {
    const { credentials, importPackage = importSigner } = this.#components;
    const { SignatureV4 } = await loadOptional(PACKAGE, 'AWS Kinesis Video Streams', importPackage);
    const keys = await credentials.get(signal);
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    return new SignatureV4({
      credentials: {
        ...{ accessKeyId, secretAccessKey },
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
      ...{ region: this.#region, service: SERVICE, sha256: Sha256 },
      // Only S3 wants the hash of the body as a header as well.
      applyChecksum: false,
    });
  }

  #now(): Date {
    return new Date(this.#components.clock.nowMs());
  }
}

/** Id of the keys that signed these headers or this URL; undefined when none did. */
export function signingKeyId(signed: URL | Readonly<Record<string, string>>): string | undefined {
  const scope =
    signed instanceof URL
      ? signed.searchParams.get('X-Amz-Credential')
      : /\bCredential=([^\s,]{1,256})/u.exec(signed['authorization'] ?? '')?.[1];
  return scope?.split('/', 1)[0];
}

const importSigner: ImportSigner = () => import('@smithy/signature-v4');

/** SHA-256, or HMAC-SHA-256 with a secret, in the form that the package asks for. */
class Sha256 {
  readonly #hash: NodeHash | Hmac;

  constructor(secret?: Source) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: Source): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: Source): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

interface SignedPlace {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Record<string, string>;
}

function placeOf(url: URL): SignedPlace {
  return {
    ...{ protocol: url.protocol, hostname: url.hostname, path: url.pathname },
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    query: Object.fromEntries(url.searchParams),
  };
}

function textOf(value: string | string[] | null): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
