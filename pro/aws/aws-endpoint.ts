// Where Kinesis Video Streams is found: by region, or at an address of the configuration.
import { MediaError } from '../../core/base/media-error.ts';
import { AddressPolicy } from '../../core/http/address-policy.ts';

/** Address of the control plane, and how strict to be with it and what it names. */
export interface AwsEndpoint {
  readonly region: string;
  readonly url: URL;
  /** Chosen by the operator: may be on this machine, without TLS, and has no STUN server of AWS. */
  readonly isCustom: boolean;
  /** `amazonaws.com`, or that of China. */
  readonly domain: string;
}

/** What the operator said. */
export interface AwsEndpointOptions {
  readonly region: string;
  /** Undefined or empty: that of the region. */
  readonly endpoint?: string | undefined;
  /** For AWS_ENDPOINT_URL_KINESIS_VIDEO; `endpoint` wins. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/u;

/** @throws MediaError invalid-argument `aws-region-invalid` or `aws-endpoint-invalid`. */
export function awsEndpoint({ region, endpoint, environment }: AwsEndpointOptions): AwsEndpoint {
  if (!REGION.test(region)) {
    const message = `'${region.slice(0, 50)}' is no AWS region such as eu-central-1`;
    throw new MediaError('invalid-argument', 'aws-region-invalid', message);
  }
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const chosen = endpoint || (environment?.['AWS_ENDPOINT_URL_KINESIS_VIDEO'] ?? '');
  if (chosen !== '') return { region, domain, url: customUrl(chosen), isCustom: true };
  const url = new URL(`https://kinesisvideo.${region}.${domain}`);
  return { region, domain, url, isCustom: false };
}

/** Which addresses may be asked: this machine only when the operator wrote one of its addresses. */
export function endpointPolicy({ url, isCustom }: AwsEndpoint): AddressPolicy {
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.');
  const allow = isLocal ? ['127.0.0.0/8', '::1'] : [host];
  return new AddressPolicy({ ...(isCustom ? { allow } : {}), place: 'AWS endpoint' });
}

/**
 * An address that the control plane named.
 * @throws MediaError unavailable `aws-answer-invalid` when it is none, or without TLS.
 */
export function namedEndpoint(
  { isCustom }: AwsEndpoint,
  text: string,
  scheme: 'https' | 'wss',
): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = scheme === 'https' ? 'http:' : 'ws:';
  if (url && (url.protocol === `${scheme}:` || (isCustom && url.protocol === plain))) return url;
  const message = `AWS named '${text.slice(0, 100)}', which is no ${scheme}:// address`;
  throw new MediaError('unavailable', 'aws-answer-invalid', message);
}

function customUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url && isWeb && url.username === '' && url.password === '') return url;
  throw new MediaError(
    'invalid-argument',
    'aws-endpoint-invalid',
    'the AWS endpoint is no http:// or https:// address, or holds a user name',
  );
}
