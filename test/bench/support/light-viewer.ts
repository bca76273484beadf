// A WHEP viewer without a decoder: real offer, ICE check and DTLS handshake, then it ignores the media.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { DtlsClient, HashAlgorithm, SignatureAlgorithm } from 'werift';
import type { ClientIdentity } from '../../core/webrtc/transport/dtls-client.ts';
import { bindingRequest } from '../../core/webrtc/transport/stun-request.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const CHECK_REPEAT_MS = 200;
/** First bytes of packets, RFC 7983. */
const LAST_STUN_BYTE = 3;
const FIRST_DTLS_BYTE = 20;
const LAST_DTLS_BYTE = 63;

type OnData = (data: Buffer, address: readonly [string, number]) => void;
const ignoreData: OnData = () => undefined;

interface Answer {
  readonly ufrag: string;
  readonly password: string;
  readonly port: number;
}

/** One viewer on a socket of its own. */
export class LightViewer {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #ufrag: string;
  #onStun: (() => void) | undefined;
  #onDtls: OnData = ignoreData;

  private constructor(socket: Socket, answer: Answer, ufrag: string) {
    this.#socket = socket;
    this.#answer = answer;
    this.#ufrag = ufrag;
    socket.on('message', (bytes) => {
      const first = bytes[0] ?? 0;
      if (first <= LAST_STUN_BYTE) this.#onStun?.();
      else if (first >= FIRST_DTLS_BYTE && first <= LAST_DTLS_BYTE) this.#onDtls(bytes, ['', 0]);
    });
  }

  /** Posts an offer to `whepUrl` and resolves when the handshake is done. */
  static async connect(whepUrl: string, identity: ClientIdentity): Promise<LightViewer> {
    const ufrag = randomBytes(4).toString('hex');
    const answer = readAnswer(await postOffer(whepUrl, offer(ufrag, identity)));
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const viewer = new LightViewer(socket, answer, ufrag);
    await viewer.#nominate();
    await viewer.#handshake(identity);
    return viewer;
  }

  /** From now on the kernel keeps one packet or two and drops the others. */
  shrinkReceiveBuffer(): void {
    this.#socket.setRecvBufferSize(1);
  }

  /** Shows the server that somebody is there. */
  sendCheck(): void {
    const { ufrag, password } = this.#answer;
    const username = `${ufrag}:${this.#ufrag}`;
    this.#send(bindingRequest({ username, password, isNominating: true }));
  }

  close(): void {
    this.#socket.close();
  }

  async #nominate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onStun = () => resolve(undefined);
    const timer = setInterval(() => this.sendCheck(), CHECK_REPEAT_MS);
    this.sendCheck();
    try {
      await within(promise, 'answer to a connectivity check');
    } finally {
      clearInterval(timer);
      this.#onStun = undefined;
    }
  }

  async #handshake(identity: ClientIdentity): Promise<void> {
    const transport = {
      type: 'udp',
      address: { address: '', family: 'IPv4', port: 0 },
      closed: false,
      onData: ignoreData,
      send: (bytes: Uint8Array): Promise<void> => {
        this.#send(bytes);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const client = new DtlsClient({
      transport,
      cert: identity.certPem,
      key: identity.keyPem,
      signatureHash: { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
      srtpProfiles: [1, 7],
      extendedMasterSecret: true,
    });
    this.#onDtls = (bytes, address) => transport.onData(bytes, address);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    client.onConnect.subscribe(() => resolve(undefined));
    void client.connect();
    try {
      await within(promise, 'end of the DTLS handshake');
    } finally {
      this.#onDtls = ignoreData;
    }
  }

  #send(bytes: Uint8Array): void {
    this.#socket.send(bytes, this.#answer.port, '127.0.0.1');
  }
}

async function within<T>(wait: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no ${what}`)), CONNECT_TIMEOUT_MS);
  try {
    return await Promise.race([wait, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection per offer, so that none stays open in the server. */
async function postOffer(url: string, body: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'Content-Type': 'application/sdp' };
  const post = request(url, { method: 'POST', headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.once('end', () => {
      if (response.statusCode === 201) resolve(text);
      else reject(new Error(`POST ${url}: ${String(response.statusCode)} ${text}`));
    });
  });
  post.once('error', reject);
  post.end(body);
  return within(promise, 'answer to the offer');
}

function readAnswer(sdp: string): Answer {
  const value = (pattern: RegExp): string => {
    const found = pattern.exec(sdp)?.[1];
    if (found === undefined) throw new Error(`the answer has no ${pattern.source}:\n${sdp}`);
    return found;
  };
  return {
    ufrag: value(/^a=ice-ufrag:(\S+)/mu),
    password: value(/^a=ice-pwd:(\S+)/mu),
    port: Number(value(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /imu)),
  };
}

function offer(ufrag: string, identity: ClientIdentity): string {
  const { algorithm, value } = identity.fingerprint;
  const h264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${randomBytes(16).toString('hex')}`,
    `a=fingerprint:${algorithm} ${value}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=recvonly',
    'a=rtcp-mux',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 ${h264}`,
    'a=rtcp-fb:96 nack',
    'a=rtcp-fb:96 nack pli',
    'a=rtcp-fb:96 ccm fir',
    'a=rtpmap:97 rtx/90000',
    'a=fmtp:97 apt=96',
    '',
  ].join('\r\n');
}
