// URLs of Tuya cameras and Kinesis Video Streams in `source` and `forward` of mediamtx.yml.
import { z } from 'zod';
import { redactUrls } from '../../core/base/url-redaction.ts';
import type { ConfigRegistry } from '../../core/config/config-registry.ts';
import type { UrlCheck } from '../../core/config/url-schemes.ts';
import { count, oneOf } from '../../core/config/value-schemas.ts';
import { isServiceUrl, serviceUrl } from './pro-values.ts';

/** Name of a signalling channel or stream, as AWS takes it. */
export const CHANNEL_NAME = /^[\w.-]{1,256}$/u;
/** For example `ap-northeast-1` or `us-gov-west-1`. */
export const REGION_NAME = /^[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/u;

const TUYA_NAME = /^[\w.~-]{1,128}$/u;
const CLIENT_ID = /^(?!AWS_)[\w.-]{1,256}$/u;
const MAX_RETENTION_HOURS = 87_600;
/** The region of the program that the KVS agent stands for. */
const DEFAULT_REGION = 'ap-northeast-1';

// $MTX_PATH and $G1 are filled in when the path is known.
const streamName = z
  .string()
  .regex(/^[\w.$-]{1,256}$/u, 'is not the name of a Kinesis video stream');
const region = z.string().regex(REGION_NAME, 'is not an AWS region');

/** `{ type: kvs, … }` of `forward`. */
const kvsForward = z
  .strictObject({
    stream: streamName,
    region: region.default(DEFAULT_REGION),
    retentionHours: count.max(MAX_RETENTION_HOURS).default(24),
    timecode: oneOf('ABSOLUTE', 'RELATIVE').default('ABSOLUTE'),
    audio: oneOf('aac', 'none').default('aac'),
    endpoint: serviceUrl("use 'kvs.accessKeyId' and 'kvs.secretAccessKey' of config.yml").default(
      '',
    ),
  })
  .transform(({ region: where, stream, endpoint, ...options }) => {
    const query = new URLSearchParams({
      retentionHours: String(options.retentionHours),
      timecode: options.timecode,
      audio: options.audio,
      ...(endpoint === '' ? {} : { endpoint }),
    });
    return `kvs://${where}/${stream}?${query.toString()}`;
  });

/** Lets mediamtx.yml name Tuya cameras and Kinesis channels as sources, Kinesis streams as targets. */
export function addProUrlSchemes(registry: ConfigRegistry): void {
  registry.addSourceScheme('tuya', tuyaFault);
  registry.addSourceScheme('kvs', kvsSourceFault);
  registry.addForwardScheme('kvs', kvsForwardFault);
  registry.addForwardType({ type: 'kvs', toDest: kvsForward });
}

/** tuya://<account>/<deviceId>?stream=main|sub&node=<camera of a recorder> */
const tuyaFault: UrlCheck = (url) => {
  const parts = split(url);
  if (!parts || !TUYA_NAME.test(parts.host) || !TUYA_NAME.test(parts.name)) {
    return `'${url.slice(0, 200)}' is not tuya://<account>/<device>?stream=main|sub`;
  }
  return queryFault(parts.query, {
    stream: (value) => ['main', 'sub'].includes(value),
    node: (value) => /^[\w-]{1,64}$/u.test(value),
  });
};

/** kvs://<region>/<channel>?clientId=&endpoint= */
const kvsSourceFault: UrlCheck = (url) => {
  const parts = split(url);
  if (!parts || !REGION_NAME.test(parts.host) || !CHANNEL_NAME.test(parts.name)) {
    return `'${url.slice(0, 200)}' is not kvs://<region>/<channel>`;
  }
  return queryFault(parts.query, {
    clientId: (value) => CLIENT_ID.test(value),
    endpoint: isServiceUrl,
  });
};

/** kvs://<region>/<stream>?retentionHours=&timecode=&audio=&endpoint= */
const kvsForwardFault: UrlCheck = (url) => {
  const parts = split(url);
  if (!parts || !REGION_NAME.test(parts.host) || !CHANNEL_NAME.test(parts.name)) {
    return `'${url.slice(0, 200)}' is not kvs://<region>/<stream>`;
  }
  return queryFault(parts.query, {
    retentionHours: (value) => /^\d{1,5}$/u.test(value) && Number(value) <= MAX_RETENTION_HOURS,
    timecode: (value) => ['ABSOLUTE', 'RELATIVE'].includes(value),
    audio: (value) => ['aac', 'none'].includes(value),
    endpoint: isServiceUrl,
  });
};

interface UrlParts {
  readonly host: string;
  readonly name: string;
  readonly query: URLSearchParams;
}

/** Of scheme://host/name?query; undefined for anything else. */
function split(url: string): UrlParts | undefined {
  const [, host, name, query] =
    /^[a-z]+:\/\/([^/?#\s]+)\/([^/?#\s]+)(?:\?([^#\s]*))?$/iu.exec(url) ?? [];
  if (host === undefined || name === undefined) return undefined;
  return { host, name, query: new URLSearchParams(query ?? '') };
}

function queryFault(
  query: URLSearchParams,
  known: Readonly<Record<string, (value: string) => boolean>>,
): string | undefined {
  for (const [name, value] of query) {
    const isValid = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!isValid) {
      return `unknown parameter '${name.slice(0, 64)}'; known are ${Object.keys(known).join(', ')}`;
    }
    if (!isValid(value)) return `parameter '${name}' can't be '${redactUrls(value).slice(0, 64)}'`;
  }
  return undefined;
}
