// The tables by which a packet finds its peer: user name fragment, UDP address, TCP connection.
import { AddressTable } from './address-table.ts';
import { createPeerAddress, type FramedConnection } from './peer-address.ts';
import type { PeerPath, PeerTransport } from './peer-transport.ts';

/** Where a packet came from. */
export interface PacketSource {
  readonly address: string;
  readonly port: number;
  /** Undefined for UDP. */
  readonly connection: FramedConnection | undefined;
}

/** Holds peers and their paths; decides nothing. */
export class PeerTable {
  readonly #peers = new Set<PeerTransport>();
  readonly #byUfrag = new Map<string, PeerTransport>();
  readonly #udpPaths = new AddressTable<PeerPath>();
  readonly #tcpPaths = new Map<FramedConnection, PeerPath>();

  get peers(): ReadonlySet<PeerTransport> {
    return this.#peers;
  }

  /** Remote addresses known, UDP and TCP. */
  get pathCount(): number {
    return this.#udpPaths.size + this.#tcpPaths.size;
  }

  get ufragCount(): number {
    return this.#byUfrag.size;
  }

  add(peer: PeerTransport): void {
    this.#peers.add(peer);
    this.replaceUfrags(peer, [], peer.agent.ufrags);
  }

  /** Forgets a peer, its user name fragments and its paths. */
  remove(peer: PeerTransport): void {
    this.#peers.delete(peer);
    this.replaceUfrags(peer, peer.agent.ufrags, []);
    for (const path of peer.agent.paths) this.removePath(path);
  }

  replaceUfrags(peer: PeerTransport, before: readonly string[], after: readonly string[]): void {
    for (const ufrag of before) this.#byUfrag.delete(ufrag);
    for (const ufrag of after) this.#byUfrag.set(ufrag, peer);
  }

  findByUfrag(ufrag: string): PeerTransport | undefined {
    return this.#byUfrag.get(ufrag);
  }

  findUdpPath(address: string, port: number): PeerPath | undefined {
    return this.#udpPaths.get(address, port);
  }

  findTcpPath(connection: FramedConnection): PeerPath | undefined {
    return this.#tcpPaths.get(connection);
  }

  findPath(source: PacketSource): PeerPath | undefined {
    if (source.connection !== undefined) return this.#tcpPaths.get(source.connection);
    return this.#udpPaths.get(source.address, source.port);
  }

  /** Makes a path for an authenticated source; the caller gives it to the peer. */
  addPath(peer: PeerTransport, source: PacketSource, nowMs: number): PeerPath {
    const { address, port, connection } = source;
    const path: PeerPath = {
      address: createPeerAddress(address, port, connection),
      peer,
      lastReceivedMs: nowMs,
      isNominated: false,
    };
    if (connection === undefined) this.#udpPaths.set(address, port, path);
    else this.#tcpPaths.set(connection, path);
    return path;
  }

  removePath(path: PeerPath): void {
    const { wireAddress, port, connection } = path.address;
    if (connection === undefined) this.#udpPaths.delete(wireAddress, port, path);
    else if (this.#tcpPaths.get(connection) === path) this.#tcpPaths.delete(connection);
  }
}
