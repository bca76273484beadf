// A full ICE agent by werift's Connection. Facts about werift 0.25.2 that shape this file:
//  - without a STUN server it asks Google's: the field is emptied before anything is sent;
//  - connect() never settles when every check fails, so the caller's time-out ends it;
//  - `completed` only says that gathering is over; `connected` follows a nominated pair;
//  - its UDP sockets send in a later turn, so that bytes have to be copied.
import { isIP } from 'node:net';
import { Candidate, Connection } from 'werift';
import type { IceCandidate } from '../../sdp/ice-candidate.ts';
import type { IceServer } from '../ice-server-provider.ts';
import type { IceCredentials } from '../transport/ice-credentials.ts';
import { packetKind } from '../transport/packet-kind.ts';
import { parseIceServerUrl } from './ice-server-address.ts';
import type {
  IceLink,
  IceLinkCallbacks,
  IceLinkFactory,
  IceLinkOptions,
  RemoteIce,
  SelectedPair,
} from './ice-link.ts';

type ConnectionOptions = NonNullable<ConstructorParameters<typeof Connection>[1]>;

/** Candidates taken from the other end; more is no peer but a flood. */
const MAX_REMOTE_CANDIDATES = 64;

/** Makes links whose sockets are werift's. */
export class WeriftIceLinks implements IceLinkFactory {
  create(options: IceLinkOptions, callbacks: IceLinkCallbacks): IceLink {
    return new WeriftIceLink(options, callbacks);
  }
}

class WeriftIceLink implements IceLink {
  readonly credentials: IceCredentials;
  readonly #connection: Connection;
  readonly #callbacks: IceLinkCallbacks;
  #isConnected = false;
  #isClosed = false;
  #remoteCandidates = 0;

  constructor(options: IceLinkOptions, callbacks: IceLinkCallbacks) {
    this.#callbacks = callbacks;
    const servers = serverOptions(options.iceServers);
    const connection = new Connection(true, {
      // The caller chose the addresses; werift's own choice is switched off.
      ...{ useIpv4: false, useIpv6: false, useTcp: false },
      additionalHostAddresses: [...options.localAddresses],
      stunGatherTimeout: Math.max(0.1, options.stunTimeoutMs / 1000),
      forceTurn: options.isRelayOnly,
      ...servers,
    });
    if (!servers.stunServer) delete connection.stunServer;
    this.#connection = connection;
    this.credentials = { ufrag: connection.localUsername, password: connection.localPassword };
    connection.onIceCandidate.subscribe((candidate) => {
      if (!this.#isClosed) callbacks.onCandidate(fromWerift(candidate));
    });
    connection.onData.subscribe((bytes) => {
      if (!this.#isClosed && packetKind(bytes) !== 'unknown') callbacks.onData(bytes);
    });
    connection.stateChanged.subscribe((state) => {
      if (state === 'failed') this.#fail('the peer does not answer connectivity checks any more');
    });
  }

  get selectedPair(): SelectedPair | undefined {
    const pair = this.#connection.nominated;
    if (!pair) return undefined;
    const { localCandidate: local, remoteCandidate: remote } = pair;
    return {
      local: `${local.type}/udp/${local.host}/${local.port}`,
      remote: `${remote.type}/udp/${remote.host}/${remote.port}`,
      remoteAddress: remote.host,
      remotePort: remote.port,
    };
  }

  async gather(): Promise<void> {
    await this.#connection.gatherCandidates();
  }

  connect({ credentials, isLite }: RemoteIce): void {
    this.#connection.setRemoteParams({
      iceLite: isLite,
      usernameFragment: credentials.ufrag,
      password: credentials.password,
    });
    this.#connection.connect().then(
      () => {
        if (this.#isClosed || this.#isConnected) return;
        this.#isConnected = true;
        this.#callbacks.onConnected();
      },
      (thrown: unknown) => this.#fail(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  }

  addRemoteCandidate(candidate: IceCandidate): void {
    if (this.#isClosed || candidate.transport !== 'udp' || candidate.component !== 1) return;
    // A host name would make us ask DNS for whatever the peer writes; browsers' names need mDNS.
    const isName = isIP(candidate.address) === 0;
    if (isName && !candidate.address.endsWith('.local')) return;
    if (this.#remoteCandidates >= MAX_REMOTE_CANDIDATES) return;
    this.#remoteCandidates++;
    this.#connection.addRemoteCandidate(toWerift(candidate)).catch(ignore);
  }

  endRemoteCandidates(): void {
    this.#connection.addRemoteCandidate(undefined).catch(ignore);
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#isConnected || this.#isClosed) return false;
    this.#connection.send(Buffer.from(bytes)).catch(ignore);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close().catch(ignore);
  }

  #fail(message: string): void {
    if (!this.#isClosed) this.#callbacks.onFailed(message);
  }
}

/** The first server of each kind; werift asks no more. */
function serverOptions(servers: readonly IceServer[]): Partial<ConnectionOptions> {
  const options: Partial<ConnectionOptions> = {};
  for (const { url, username, credential } of servers) {
    const server = parseIceServerUrl(url);
    if (server?.kind === 'stun') options.stunServer ??= [server.host, server.port];
    if (server?.kind !== 'turn' || options.turnServer) continue;
    options.turnServer = [server.host, server.port];
    options.turnUsername = username;
    options.turnPassword = credential;
    options.turnTransport = server.transport;
  }
  return options;
}

function fromWerift(candidate: Candidate): IceCandidate {
  const { foundation, component, priority, host, port, type } = candidate;
  const { relatedAddress, relatedPort } = candidate;
  return {
    ...{ foundation, component, transport: 'udp', priority, address: host, port },
    type: type === 'srflx' || type === 'relay' || type === 'prflx' ? type : 'host',
    ...(relatedAddress === undefined ? {} : { relatedAddress }),
    ...(relatedPort === undefined ? {} : { relatedPort }),
    extensions: [],
  };
}

function toWerift(candidate: IceCandidate): Candidate {
  return new Candidate(
    candidate.foundation,
    candidate.component,
    candidate.transport,
    candidate.priority,
    candidate.address,
    candidate.port,
    candidate.type,
  );
}

function ignore(): void {
  // A datagram that can't be sent, or a socket that was closed meanwhile: checks tell the rest.
}
