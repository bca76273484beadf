// Whether keys and certificates can be read, belong together and are valid now.
import { X509Certificate } from 'node:crypto';
import { toMediaError } from '../../../core/base/media-error.ts';
import { readTlsFiles } from '../../../core/base/tls-files.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

interface Pair {
  readonly isOn: boolean;
  /** What the keys begin with: `rtsp` for rtspServerKey. */
  readonly prefix: string;
  readonly keyPath: string;
  readonly certPath: string;
}

const CHECK = 'certificate';
const DAY_MS = 86_400_000;
const RENEW_MS = 14 * DAY_MS;
const RENEW = 'renew it; a running server takes the new files by itself';

/** One finding for each listener with TLS. */
export async function checkTls(context: DoctorContext): Promise<Finding[]> {
  const pairs = pairsOf(context).filter(({ isOn }) => isOn);
  return Promise.all(pairs.map((pair) => checkPair(pair, context)));
}

function pairsOf({ configuration }: DoctorContext): readonly Pair[] {
  const { global } = configuration.core;
  return [
    {
      ...{ isOn: global.rtsp && global.rtspEncryption !== 'no', prefix: 'rtsp' },
      ...{ keyPath: global.rtspServerKey, certPath: global.rtspServerCert },
    },
    {
      ...{ isOn: global.webrtc && global.webrtcEncryption, prefix: 'webrtc' },
      ...{ keyPath: global.webrtcServerKey, certPath: global.webrtcServerCert },
    },
    {
      ...{ isOn: global.api && global.apiEncryption, prefix: 'api' },
      ...{ keyPath: global.apiServerKey, certPath: global.apiServerCert },
    },
    {
      ...{ isOn: global.metrics && global.metricsEncryption, prefix: 'metrics' },
      ...{ keyPath: global.metricsServerKey, certPath: global.metricsServerCert },
    },
    {
      ...{ isOn: global.playback && global.playbackEncryption, prefix: 'playback' },
      ...{ keyPath: global.playbackServerKey, certPath: global.playbackServerCert },
    },
  ];
}

async function checkPair(pair: Pair, { system, places }: DoctorContext): Promise<Finding> {
  const { prefix, keyPath, certPath } = pair;
  const certKey = `${prefix}ServerCert`;
  const place = places.of([certKey]);
  try {
    const files = {
      key: { path: keyPath, configKey: `${prefix}ServerKey` },
      cert: { path: certPath, configKey: certKey },
    };
    const { cert } = await readTlsFiles(files);
    const { validFromDate, validToDate } = new X509Certificate(cert);
    const nowMs = system.clock.nowMs();
    const subject = `${certKey} '${certPath}'`;
    const until = validToDate.toISOString();
    if (validFromDate.getTime() > nowMs) {
      const message = `${subject} is valid only from ${validFromDate.toISOString()}`;
      return { status: 'problem', check: CHECK, message, place, change: 'check the clock' };
    }
    const restMs = validToDate.getTime() - nowMs;
    if (restMs <= 0) {
      const message = `${subject} has expired on ${until}`;
      return { status: 'problem', check: CHECK, message, place, change: RENEW };
    }
    if (restMs < RENEW_MS) {
      const message = `${subject} expires on ${until}`;
      return { status: 'warning', check: CHECK, message, place, change: RENEW };
    }
    return { status: 'ok', check: CHECK, message: `${subject} is valid until ${until}` };
  } catch (failure) {
    return { status: 'problem', check: CHECK, message: toMediaError(failure).message, place };
  }
}
