// Whether the STUN and TURN servers of the configuration answer, when asked for with --online.
import { connect } from 'node:net';
import { toMediaError } from '../../../core/base/media-error.ts';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import { askStunServer } from './ask-stun-server.ts';
import { candidateAddresses } from './check-candidates.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

interface NamedServer {
  readonly url: string;
  readonly key: readonly PathSegment[];
  readonly isPro: boolean;
}

interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly isUdp: boolean;
}

const CHECK = 'ice server';
const TIMEOUT_MS = 3000;
/** A longer list is a mistake; each may take the whole time-out. */
const MAX_SERVERS = 20;
const ICE_URL =
  /^(stuns?|turns?):(\[[0-9a-f:.]+\]|[^\s:/?@]+)(?::(\d{1,5}))?(?:\?transport=(\w+))?$/iu;

/** All at once; three seconds at most. */
export async function checkIceServers(context: DoctorContext): Promise<Finding[]> {
  const servers = namedServers(context);
  if (servers.length === 0) return [];
  if (!context.isOnline) {
    const message = `${servers.length} servers are not asked; --online does it`;
    return [{ status: 'info', check: CHECK, message }];
  }
  const own = await candidateAddresses(context);
  return Promise.all(servers.map((server) => checkOne(server, own, context)));
}

function namedServers({ configuration: { core, pro } }: DoctorContext): readonly NamedServer[] {
  const plain = core.global.webrtcICEServers2.map(({ url }, index) => {
    return { url, key: ['webrtcICEServers2', index, 'url'], isPro: false };
  });
  const hasOwn = pro.turn.provider === 'static' || pro.turn.provider === 'coturn-secret';
  const turn = (hasOwn ? pro.turn.urls : []).map((url, index) => {
    return { url, key: ['turn', 'urls', index], isPro: true };
  });
  return [...plain, ...turn].slice(0, MAX_SERVERS);
}

async function checkOne(
  { url, key, isPro }: NamedServer,
  own: readonly string[],
  context: DoctorContext,
): Promise<Finding> {
  const places = isPro ? context.proPlaces : context.places;
  const place = places.of(key);
  const address = parseIceUrl(url);
  if (address === undefined) {
    return { status: 'problem', check: CHECK, message: `'${url}' is no ICE URL`, place };
  }
  try {
    if (!address.isUdp) {
      await openTcp(address);
      return { status: 'ok', check: CHECK, message: `${url} accepts connections` };
    }
    const reply = await askStunServer({ ...address, timeoutMs: TIMEOUT_MS });
    if (reply.type === 'failure') return silent(url, reply.reason, place);
    const seenAs = reply.address;
    if (seenAs === '' || own.includes(seenAs)) {
      return { status: 'ok', check: CHECK, message: `${url} answers` };
    }
    const message = `${url} answers and sees this machine as ${seenAs}, which is not offered to viewers`;
    const change = `webrtcAdditionalHosts: [${seenAs}], with the port of webrtcLocalUDPAddress forwarded`;
    return {
      ...{ status: 'info', check: CHECK, message, change },
      place: context.places.of(['webrtcAdditionalHosts']),
    };
  } catch (failure) {
    return silent(url, toMediaError(failure).message, place);
  }
}

function silent(url: string, reason: string, place: string): Finding {
  const message = `${url}: ${reason}`;
  return { status: 'problem', check: CHECK, message, place, change: 'correct or remove it' };
}

/** RFC 7064 and 7065; undefined for another text. */
export function parseIceUrl(url: string): ServerAddress | undefined {
  const [, scheme = '', host = '', port, transport = 'udp'] = ICE_URL.exec(url) ?? [];
  if (host === '') return undefined;
  const isTls = scheme.toLowerCase().endsWith('s');
  const fallback = isTls ? 5349 : 3478;
  return {
    host: host.replace(/^\[|\]$/gu, ''),
    port: port === undefined ? fallback : Number(port),
    isUdp: !isTls && transport.toLowerCase() === 'udp',
  };
}

function openTcp({ host, port }: ServerAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const socket = connect({ host, port, timeout: TIMEOUT_MS });
  socket.once('connect', () => resolve(undefined));
  socket.once('timeout', () => {
    socket.destroy(Object.assign(new Error(), { message: `no answer within ${TIMEOUT_MS} ms` }));
  });
  socket.once('error', reject);
  return promise.finally(() => socket.destroy());
}
