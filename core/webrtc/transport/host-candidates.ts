// Our host candidates for the answer: interface addresses and configured hosts, UDP and ICE-TCP.
import type { NetworkInterfaceInfo } from 'node:os';
import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { isLinkLocalIpv6, unmapIpAddress } from './ip-address.ts';

/** The ports in use; 0 switches a protocol off. */
export interface CandidatePorts {
  readonly udpPort: number;
  readonly tcpPort: number;
  /** The one address that the socket is bound to; undefined means every address. */
  readonly udpHost: string | undefined;
  readonly tcpHost: string | undefined;
  /** False leaves IPv6 addresses out. */
  readonly isIpv6: boolean;
}

/** webrtcIPsFromInterfaces, webrtcIPsFromInterfacesList and webrtcAdditionalHosts. */
export interface HostCandidatesOptions {
  readonly ipsFromInterfaces: boolean;
  /** Names of interfaces; empty means all. */
  readonly interfacesList: readonly string[];
  /** IP addresses or DNS names. */
  readonly additionalHosts: readonly string[];
}

/** The system as HostCandidates sees it. */
export interface HostCandidatesComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly networkInterfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** All addresses of a DNS name; may reject. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

interface Resolution {
  readonly startedMs: number;
  readonly addresses: Promise<readonly string[]>;
}

/** A resolved name is used for so long; a name that failed is tried again after the same time. */
const RESOLUTION_TTL_MS = 30_000;
const RESOLUTION_TIMEOUT_MS = 2_000;
/** RFC 8445 §5.1.2.2: host; TCP below every UDP candidate (RFC 6544 §4.2). */
const UDP_TYPE_PREFERENCE = 126;
const TCP_TYPE_PREFERENCE = 90;
/** RFC 6544 §4.2: direction preference of a passive host candidate. */
const PASSIVE_DIRECTION_PREFERENCE = 4;
const RTP_COMPONENT = 1;

/** Gathers candidate lines; remembers resolved names for a while. */
export class HostCandidates {
  readonly #components: HostCandidatesComponents;
  readonly #options: HostCandidatesOptions;
  readonly #resolutions = new Map<string, Resolution>();

  constructor(components: HostCandidatesComponents, options: HostCandidatesOptions) {
    this.#components = components;
    this.#options = options;
  }

  /**
   * Lines `candidate:<foundation> 1 udp <priority> <address> <port> typ host`, best first, ready
   * to stand behind `a=`. A name that does not resolve in time is left out with a warning.
   */
  async gather(ports: CandidatePorts): Promise<string[]> {
    const interfaceAddresses = this.#interfaceAddresses();
    const extra = (
      await Promise.all(this.#options.additionalHosts.map((host) => this.#addressesOf(host)))
    ).flat();
    const addresses = (host: string | undefined): string[] =>
      selectAddresses(interfaceAddresses, extra, { host, isIpv6: ports.isIpv6 });
    const lines: string[] = [];
    if (ports.udpPort > 0) lines.push(...udpLines(addresses(ports.udpHost), ports.udpPort));
    if (ports.tcpPort > 0) lines.push(...tcpLines(addresses(ports.tcpHost), ports.tcpPort));
    return lines;
  }

  #interfaceAddresses(): string[] {
    if (!this.#options.ipsFromInterfaces) return [];
    const list = this.#options.interfacesList;
    const addresses: NetworkInterfaceInfo[] = [];
    for (const [name, infos] of Object.entries(this.#components.networkInterfaces())) {
      if (list.length === 0 || list.includes(name)) addresses.push(...(infos ?? []));
    }
    // Loopback last: it serves local players and tests only.
    return addresses.sort((a, b) => rank(a) - rank(b)).map((info) => info.address);
  }

  async #addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const nowMs = this.#components.clock.monotonicMs();
    let resolution = this.#resolutions.get(host);
    if (resolution === undefined || nowMs - resolution.startedMs >= RESOLUTION_TTL_MS) {
      resolution = { startedMs: nowMs, addresses: this.#resolve(host) };
      this.#resolutions.set(host, resolution);
    }
    return resolution.addresses;
  }

  #resolve(host: string): Promise<readonly string[]> {
    return new Promise((resolve) => {
      const giveUp = (reason: string): void => {
        this.#components.logger.warn('additional WebRTC host is left out', { host, reason });
        resolve([]);
      };
      const timer = this.#components.clock.after(RESOLUTION_TIMEOUT_MS, () => {
        giveUp(`not resolved within ${RESOLUTION_TIMEOUT_MS} ms`);
      });
      this.#components.resolve(host).then(
        (addresses) => {
          timer.cancel();
          if (addresses.length === 0) giveUp('no address');
          else resolve(addresses);
        },
        (error: unknown) => {
          timer.cancel();
          giveUp(error instanceof Error ? error.message : String(error));
        },
      );
    });
  }
}

/** IPv4 before IPv6, loopback after both. */
function rank(info: NetworkInterfaceInfo): number {
  return (info.internal ? 2 : 0) + (info.family === 'IPv6' ? 1 : 0);
}

function selectAddresses(
  interfaceAddresses: readonly string[],
  extra: readonly string[],
  socket: { readonly host: string | undefined; readonly isIpv6: boolean },
): string[] {
  const own = interfaceAddresses.filter(
    (address) => socket.host === undefined || address === socket.host,
  );
  const usable = [...own, ...extra]
    .map(unmapIpAddress)
    .filter((address) => isIP(address) === 4 || (socket.isIpv6 && !isLinkLocalIpv6(address)));
  return [...new Set(usable)];
}

function udpLines(addresses: readonly string[], port: number): string[] {
  return addresses.map((address, index) => {
    const priority = candidatePriority(UDP_TYPE_PREFERENCE, 65_535 - index);
    return `candidate:${index + 1} ${RTP_COMPONENT} udp ${priority} ${address} ${port} typ host`;
  });
}

function tcpLines(addresses: readonly string[], port: number): string[] {
  return addresses.map((address, index) => {
    const localPreference = (PASSIVE_DIRECTION_PREFERENCE << 13) + 8_191 - index;
    const priority = candidatePriority(TCP_TYPE_PREFERENCE, localPreference);
    const foundation = addresses.length + index + 1;
    return `candidate:${foundation} ${RTP_COMPONENT} tcp ${priority} ${address} ${port} typ host tcptype passive`;
  });
}

/** RFC 8445 §5.1.2.1. */
function candidatePriority(typePreference: number, localPreference: number): number {
  return typePreference * 2 ** 24 + localPreference * 2 ** 8 + 256 - RTP_COMPONENT;
}
