// Which addresses browsers are told to send to, and whether another machine can reach one of them.
import { resolveAll } from './resolve-all.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import type { ListenAddress } from '../../../core/base/listen-address.ts';
import { HostCandidates } from '../../../core/webrtc/transport/host-candidates.ts';
import { reachOf, type Reach } from './candidate-reach.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

const CHECK = 'webrtc address';
const KEY = 'webrtcAdditionalHosts';
const CHANGE = `${KEY}: [the address or name that viewers reach this machine by]`;

/** Gathers as the server does for an answer. */
export async function checkCandidates(context: DoctorContext): Promise<Finding[]> {
  const { global } = context.configuration.core;
  if (!global.webrtc) return [{ status: 'info', check: CHECK, message: 'webrtc is off' }];
  const findings: Finding[] = [];
  const addresses = await gather(context, (host, reason) => {
    const message = `'${host}' of ${KEY} is left out: ${reason}`;
    findings.push({ status: 'warning', check: CHECK, message, place: context.places.of([KEY]) });
  });
  findings.push(judge(addresses, context));
  const transports = [global.webrtcLocalUDPAddress, global.webrtcLocalTCPAddress];
  if (transports[0] === undefined && addresses.length > 0) {
    const message = 'media goes by TCP only, which has more delay where packets are lost';
    const place = context.places.of(['webrtcLocalUDPAddress']);
    findings.push({ status: 'warning', check: CHECK, message, place });
  }
  return findings;
}

/** Addresses of the host candidates, best first. */
export async function candidateAddresses(context: DoctorContext): Promise<readonly string[]> {
  return gather(context, () => undefined);
}

async function gather(
  { system, configuration }: DoctorContext,
  onLeftOut: (host: string, reason: string) => void,
): Promise<readonly string[]> {
  const { global } = configuration.core;
  const logger: Logger = {
    ...silentLogger,
    warn: (_message, fields) => onLeftOut(String(fields?.['host']), String(fields?.['reason'])),
  };
  const { clock, networkInterfaces } = system;
  const hosts = new HostCandidates(
    { clock, logger, networkInterfaces, resolve: resolveAll },
    {
      ipsFromInterfaces: global.webrtcIPsFromInterfaces,
      interfacesList: global.webrtcIPsFromInterfacesList,
      additionalHosts: global.webrtcAdditionalHosts,
    },
  );
  const { webrtcLocalUDPAddress: udp, webrtcLocalTCPAddress: tcp } = global;
  const lines = await hosts.gather({
    udpPort: portOf(udp),
    tcpPort: portOf(tcp),
    udpHost: udp?.host || undefined,
    tcpHost: tcp?.host || undefined,
    isIpv6: [udp, tcp].some((address) => address?.host === '' || address?.host.includes(':')),
  });
  return [...new Set(lines.map((line) => line.split(' ')[4] ?? ''))];
}

function judge(addresses: readonly string[], context: DoctorContext): Finding {
  const place = context.places.of([KEY]);
  if (addresses.length === 0) {
    const message = 'no address is offered to browsers: WebRTC cannot connect';
    return { status: 'problem', check: CHECK, message, place, change: CHANGE };
  }
  const { system, configuration } = context;
  const { webrtcAdditionalHosts: named, webrtcICEServers2 } = configuration.core.global;
  const options = {
    interfaces: system.networkInterfaces(),
    isContainer: system.isContainer,
    named: new Set(named),
  };
  const reaches = addresses.map((address) => reachOf(address, options));
  const list = addresses.map(
    (address, index) => `${address} (${LABELS[reaches[index] ?? 'machine']})`,
  );
  const offered = `offered: ${list.join(', ')}`;
  if (reaches.includes('internet')) return { status: 'ok', check: CHECK, message: offered };
  if (reaches.includes('network')) {
    const hasRelay =
      context.configuration.pro.turn.provider !== 'none' || webrtcICEServers2.length > 0;
    const hint = hasRelay ? '' : '; viewers outside of this network need one more address';
    const more = hasRelay ? {} : { place, change: CHANGE };
    return {
      status: hasRelay ? 'ok' : 'info',
      check: CHECK,
      message: `${offered}${hint}`,
      ...more,
    };
  }
  const message = `${offered}: no other machine reaches them, its viewers end in "deadline exceeded"`;
  return { status: 'problem', check: CHECK, message, place, change: CHANGE };
}

const LABELS: Readonly<Record<Reach, string>> = {
  machine: 'this machine only',
  containers: 'containers only',
  network: 'private network',
  internet: 'public',
};

/** Any port does for a listener whose port the system chooses. */
function portOf(address: ListenAddress | undefined): number {
  return address === undefined ? 0 : address.port || 1;
}
