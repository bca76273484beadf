// Counts open connections of a listener, in all and per client network, and refuses what is too much.
import type { Socket } from 'node:net';
import { networkOf, type IpSet } from './ip-address.ts';

/** How many connections may be open at once. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Per IPv4 address or IPv6 /64; trusted proxies are exempt, as they stand for many clients. */
  readonly maxConnectionsPerIp: number;
}

/** Knows every socket of the listener, also those that became WebSockets. */
export class ConnectionLimiter {
  readonly #limits: ConnectionLimits;
  readonly #trustedProxies: IpSet;
  readonly #sockets = new Set<Socket>();
  readonly #countByNetwork = new Map<string, number>();
  #refused = 0;

  constructor(limits: ConnectionLimits, trustedProxies: IpSet) {
    this.#limits = limits;
    this.#trustedProxies = trustedProxies;
  }

  get open(): number {
    return this.#sockets.size;
  }

  /** Connections that were closed because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes a new socket in, or destroys it; false when destroyed. */
  admit(socket: Socket): boolean {
    const ip = socket.remoteAddress ?? '';
    const network = networkOf(ip);
    const count = this.#countByNetwork.get(network) ?? 0;
    const isTooMany =
      this.#sockets.size >= this.#limits.maxConnections ||
      (count >= this.#limits.maxConnectionsPerIp && !this.#trustedProxies.contains(ip));
    if (isTooMany) {
      this.#refused++;
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#countByNetwork.set(network, count + 1);
    socket.once('close', () => this.#remove(socket, network));
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #remove(socket: Socket, network: string): void {
    this.#sockets.delete(socket);
    const left = (this.#countByNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#countByNetwork.set(network, left);
    else this.#countByNetwork.delete(network);
  }
}
