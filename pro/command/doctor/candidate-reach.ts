// From where an address that we offer can be reached.
import type { NetworkInterfaceInfo } from 'node:os';
import { IpSet, normalizeIp } from '../../../core/base/ip-address.ts';

/** `machine`: only from here; `containers`: bridge or container network; `network`: a private one. */
export type Reach = 'machine' | 'containers' | 'network' | 'internet';

/** What is known about the machine. */
export interface ReachOptions {
  readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Then addresses of the usual container networks are not reachable from outside. */
  readonly isContainer: boolean;
  /** Addresses that the operator named: they are believed to be reachable. */
  readonly named: ReadonlySet<string>;
}

const PLACE = 'built in';
const MACHINE = new IpSet(['127.0.0.0/8', '::1', '169.254.0.0/16', 'fe80::/10'], PLACE);
/** Default networks of Docker and Podman. */
const CONTAINERS = new IpSet(
  ['172.17.0.0/16', '172.18.0.0/15', '172.20.0.0/14', '10.88.0.0/16'],
  PLACE,
);
/** RFC 1918, RFC 6598, RFC 4193, and the ranges for documentation (RFC 5737), which nobody routes. */
const PRIVATE = new IpSet(
  [
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
    ...['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'],
  ],
  PLACE,
);
const BRIDGE = /^(?:docker|br-|veth|virbr|cni|podman|lxcbr|lxdbr|flannel|cali|cilium)/u;

/** Judges one address. */
export function reachOf(address: string, { interfaces, isContainer, named }: ReachOptions): Reach {
  if (MACHINE.contains(address)) return 'machine';
  if (!named.has(address)) {
    const isBridge = interfacesWith(address, interfaces).every((name) => BRIDGE.test(name));
    if (isBridge || (isContainer && CONTAINERS.contains(address))) return 'containers';
  }
  return PRIVATE.contains(address) ? 'network' : 'internet';
}

function interfacesWith(address: string, interfaces: ReachOptions['interfaces']): string[] {
  const names = Object.entries(interfaces).flatMap(([name, infos]) =>
    (infos ?? []).some((info) => normalizeIp(info.address) === normalizeIp(address)) ? [name] : [],
  );
  // A name that resolved to no address of ours is no bridge.
  return names.length > 0 ? names : [''];
}
