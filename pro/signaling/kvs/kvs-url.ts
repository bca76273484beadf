// The `source` of a path that watches a signalling channel: kvs://<region>/<channel>[?clientId=&endpoint=].
import { MediaError } from '../../../core/base/media-error.ts';

/** Which channel, and how to be known there. */
export interface KvsSourceUrl {
  readonly region: string;
  readonly channel: string;
  /** Undefined: one is made for each run. */
  readonly clientId: string | undefined;
  /** Another address of the control plane. */
  readonly endpoint: string | undefined;
}

const CHANNEL = /^[a-zA-Z0-9_.-]{1,256}$/u;
const CLIENT_ID = /^(?!AWS_)[a-zA-Z0-9_.-]{1,256}$/u;
const KEYS: ReadonlySet<string> = new Set(['clientId', 'endpoint']);

/** @throws MediaError invalid-argument `kvs-url-invalid` that names the part. */
export function parseKvsUrl(text: string): KvsSourceUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'kvs:') throw invalid('is not understood');
  if (url.username !== '' || url.password !== '') {
    throw invalid('holds a user name or password; credentials come from the environment');
  }
  const channel = url.pathname.slice(1);
  if (url.host === '' || !CHANNEL.test(channel)) throw invalid('names no region and channel');
  for (const key of url.searchParams.keys()) {
    if (!KEYS.has(key)) throw invalid(`has the unknown parameter '${key.slice(0, 50)}'`);
  }
  const clientId = url.searchParams.get('clientId') ?? undefined;
  if (clientId !== undefined && !CLIENT_ID.test(clientId)) throw invalid('has a bad clientId');
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  return { region: url.host, channel, clientId, endpoint };
}

function invalid(problem: string): MediaError {
  const message = `the source ${problem}: expected kvs://<region>/<channel>[?clientId=&endpoint=]`;
  return new MediaError('invalid-argument', 'kvs-url-invalid', message);
}
