// config.yml: Amazon Kinesis Video Streams: who we are there, and paths offered to viewers of its channels.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { oneOf, secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { period, serviceUrl } from './pro-values.ts';
import { CHANNEL_NAME, REGION_NAME } from './pro-url-schemes.ts';

/** A path that viewers of a signalling channel watch. */
export interface KvsMasterConfig {
  readonly path: string;
  readonly region: string;
}

/** Amazon Kinesis Video Streams. */
export interface KvsConfig {
  /** Empty: environment, container role, profile or instance role, as AWS's own programs do. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Control plane instead of AWS's; empty: that of the region. */
  readonly endpoint: string;
  /** STUN server: `auto` is that of the region, `none` is none, else a stun: URL. */
  readonly stun: string;
  readonly isCreating: boolean;
  /** A PutMedia connection is replaced after this time; AWS ends it after 45 minutes. */
  readonly connectionTimeMs: number;
  /** By channel. */
  readonly masters: ReadonlyMap<string, KvsMasterConfig>;
}

/** AWS ends a connection after 45 minutes: a fragment has to end before. */
const MAX_CONNECTION_MS = 44 * 60_000;

const master = z
  .strictObject({ path: text.default(''), region: text.default('ap-northeast-1') })
  .readonly();

/** The section `kvs`. */
export const kvsSection = defineSection({
  keys: {
    accessKeyId: key(text, '', 'Access key; empty: as the AWS programs find theirs.'),
    secretAccessKey: key(secretText, '', 'Its secret.'),
    sessionToken: key(secretText, '', 'Of temporary keys.'),
    endpoint: key(
      serviceUrl("use 'accessKeyId' and 'secretAccessKey'"),
      '',
      'Control plane instead of that of the region.',
    ),
    stun: key(text, 'auto', 'auto, none, or a stun: URL.'),
    missing: key(
      oneOf('fail', 'create'),
      'fail',
      'What to do about a stream or channel that is not there.',
    ),
    connectionTime: key(period, '40m', 'When a connection to a stream is replaced.'),
    masters: key(
      z.record(z.string().max(256), master),
      {},
      'Paths offered to viewers, by channel.',
    ),
  },
  toConfig: ({ missing, connectionTime, masters, ...others }): KvsConfig => ({
    ...others,
    isCreating: missing === 'create',
    connectionTimeMs: connectionTime,
    masters: new Map(Object.entries(masters)),
  }),
  check: ({ accessKeyId, secretAccessKey, stun, connectionTime, masters }, report) => {
    if ((accessKeyId === '') !== (secretAccessKey === '')) {
      report.error(['secretAccessKey'], "'accessKeyId' and 'secretAccessKey' belong together");
    }
    if (stun !== 'auto' && stun !== 'none' && !/^stuns?:[^\s/]+$/u.test(stun)) {
      report.error(['stun'], `'${stun.slice(0, 64)}' is neither auto, none nor a stun: URL`);
    }
    if (connectionTime > MAX_CONNECTION_MS) {
      report.error(['connectionTime'], 'must be at most 44m: AWS ends connections after 45m');
    }
    for (const [channel, { path, region }] of Object.entries(masters)) {
      const place = ['masters', channel];
      if (!CHANNEL_NAME.test(channel)) report.error(place, 'is not the name of a channel');
      if (path === '') report.error([...place, 'path'], 'must be set');
      if (!REGION_NAME.test(region)) report.error([...place, 'region'], 'is not an AWS region');
    }
  },
});
