// Guesses which of our addresses a peer talks to: a socket bound to every address does not say.
import { BlockList } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { PeerAddress } from './peer-address.ts';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * The interface address in the peer's subnet, else the first address of its family that is not
 * loopback, else the unspecified address.
 */
export function guessLocalAddress(peer: PeerAddress, interfaces: Interfaces): string {
  const family = peer.family === 4 ? 'IPv4' : 'IPv6';
  const candidates = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter((candidate) => candidate.family === family);
  const near = candidates.find((candidate) => isSameSubnet(peer, candidate));
  const outer = candidates.find((candidate) => !candidate.internal);
  return (near ?? outer)?.address ?? (peer.family === 4 ? '0.0.0.0' : '::');
}

function isSameSubnet(peer: PeerAddress, candidate: NetworkInterfaceInfo): boolean {
  const prefix = Number(candidate.cidr?.split('/')[1] ?? Number.NaN);
  if (Number.isNaN(prefix)) return false;
  const family = peer.family === 4 ? 'ipv4' : 'ipv6';
  const subnet = new BlockList();
  subnet.addSubnet(candidate.address, prefix, family);
  return subnet.check(peer.address.replace(/%.*$/u, ''), family);
}
