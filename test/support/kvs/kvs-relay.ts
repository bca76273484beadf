// The rules of a signalling channel: who may say what to whom, what is held back, what is refused.
import { z } from 'zod';
import type { KvsChannel } from './kvs-catalog.ts';
import { RateWindow } from './rate-window.ts';

export type KvsRole = 'MASTER' | 'VIEWER';

/** One end of a channel: a WebSocket, or a test itself. */
export interface KvsPeerLink {
  readonly sendText: (text: string) => void;
  readonly close: (code: number, reason: string) => void;
}

/** A message as a peer sent it, and what became of it. */
export interface KvsMessage {
  readonly action: string;
  /** Decoded JSON of the payload; undefined when it is none. */
  readonly payload: unknown;
  readonly recipientClientId: string | undefined;
  readonly correlationId: string | undefined;
  readonly sizeBytes: number;
  /** Empty when it was relayed. */
  readonly refusal: string;
}

interface Refusal {
  readonly errorType: string;
  readonly statusCode: string;
  readonly description: string;
}

interface Held {
  readonly text: string;
  readonly expiresAt: number;
}

export interface KvsRelayOptions {
  readonly now: () => number;
  /** Whether 20 candidates and 5 descriptions per second and peer are the limit. */
  readonly limitsRates: boolean;
  /** Whether what viewers say waits for an absent master for the channel's message TTL. */
  readonly holdsMessages: boolean;
}

const MAX_PAYLOAD_CHARS = 10_000;
const MAX_HELD = 100;
const MAX_CANDIDATES_PER_SECOND = 20;
const MAX_DESCRIPTIONS_PER_SECOND = 5;
/** Going away: what displaced peers see. */
const DISPLACED = 1001;

const messageSchema = z.object({
  action: z.enum(['SDP_OFFER', 'SDP_ANSWER', 'ICE_CANDIDATE']),
  messagePayload: z.string().regex(/^[a-zA-Z0-9+/]+={0,2}$/u),
  recipientClientId: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{0,256}$/u)
    .optional(),
  correlationId: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{0,256}$/u)
    .optional(),
});
const descriptionSchema = z.object({ type: z.enum(['offer', 'answer']), sdp: z.string().min(1) });
const candidateSchema = z.object({
  candidate: z.string(),
  sdpMid: z.string().nullish(),
  sdpMLineIndex: z.number().nullish(),
  usernameFragment: z.string().nullish(),
});

type Message = z.infer<typeof messageSchema>;

/** A connected master or viewer. */
export class KvsPeer {
  readonly role: KvsRole;
  /** Empty for the master. */
  readonly clientId: string;
  /** Everything it sent, in order. */
  readonly messages: KvsMessage[] = [];
  /** What it sent against the rules; empty for a good client. */
  readonly violations: string[] = [];
  readonly candidates = new RateWindow(MAX_CANDIDATES_PER_SECOND);
  readonly descriptions = new RateWindow(MAX_DESCRIPTIONS_PER_SECOND);
  readonly #link: KvsPeerLink;
  isOpen = true;

  constructor(role: KvsRole, clientId: string, link: KvsPeerLink) {
    this.role = role;
    this.clientId = clientId;
    this.#link = link;
  }

  /** Sends any frame, e.g. junk. */
  sendText(text: string): void {
    if (this.isOpen) this.#link.sendText(text);
  }

  /** Sends a message of the service, e.g. `{ messageType: 'SDP_ANSWER', messagePayload }`. */
  send(message: Readonly<Record<string, unknown>>): void {
    this.sendText(JSON.stringify(message));
  }

  /** The client has to reconnect within a minute and keep its media. */
  sendGoAway(): void {
    this.send({ messageType: 'GO_AWAY' });
  }

  /** The client has to fetch ICE servers again. */
  sendReconnectIceServer(): void {
    this.send({ messageType: 'RECONNECT_ICE_SERVER' });
  }

  /** Ends the connection by a close frame, or at once with code 1006. */
  close(code = 1001, reason = ''): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#link.close(code, reason);
  }
}

/** One channel's peers. */
export class KvsRelay {
  readonly channel: KvsChannel;
  readonly #options: KvsRelayOptions;
  readonly #viewers = new Map<string, KvsPeer>();
  #master: KvsPeer | undefined;
  #held: Held[] = [];

  constructor(channel: KvsChannel, options: KvsRelayOptions) {
    this.channel = channel;
    this.#options = options;
  }

  get master(): KvsPeer | undefined {
    return this.#master;
  }

  get viewers(): readonly KvsPeer[] {
    return [...this.#viewers.values()];
  }

  get peers(): readonly KvsPeer[] {
    return [...(this.#master === undefined ? [] : [this.#master]), ...this.viewers];
  }

  viewer(clientId: string): KvsPeer | undefined {
    return this.#viewers.get(clientId);
  }

  /** The newest master, or viewer of a name, displaces the one before. */
  join(peer: KvsPeer): void {
    const before = peer.role === 'MASTER' ? this.#master : this.#viewers.get(peer.clientId);
    if (peer.role === 'MASTER') this.#master = peer;
    else this.#viewers.set(peer.clientId, peer);
    before?.close(DISPLACED, 'displaced');
    if (peer.role === 'VIEWER') return;
    const held = this.#held.filter(({ expiresAt }) => expiresAt > this.#options.now());
    this.#held = [];
    for (const { text } of held) peer.sendText(text);
  }

  leave(peer: KvsPeer): void {
    peer.isOpen = false;
    if (this.#master === peer) this.#master = undefined;
    if (this.#viewers.get(peer.clientId) === peer) this.#viewers.delete(peer.clientId);
  }

  /** One frame of a peer. */
  receive(peer: KvsPeer, text: string): void {
    const message = parseMessage(text);
    if (message === undefined) {
      peer.violations.push(`no message: ${text.slice(0, 200)}`);
      // What API Gateway says of a frame that no route takes.
      peer.send({ message: 'Internal server error', connectionId: 'double=', requestId: 'r1' });
      return;
    }
    const payload = parsePayload(message.messagePayload);
    const refusal = this.#refusal(peer, message) ?? this.#deliver(peer, message);
    const correlationId = message.correlationId === '' ? undefined : message.correlationId;
    peer.messages.push({
      action: message.action,
      payload,
      recipientClientId: message.recipientClientId,
      correlationId,
      sizeBytes: message.messagePayload.length,
      refusal: refusal?.description ?? '',
    });
    const misfit = payloadMisfit(message.action, payload);
    if (misfit !== '') peer.violations.push(misfit);
    if (refusal === undefined) return;
    if (refusal.errorType !== 'ResourceNotFoundException') {
      peer.violations.push(refusal.description);
    }
    if (correlationId === undefined) return;
    peer.send({
      messageType: 'STATUS_RESPONSE',
      messagePayload: '',
      statusResponse: { correlationId, ...refusal },
    });
  }

  #refusal(peer: KvsPeer, message: Message): Refusal | undefined {
    const { action, messagePayload, recipientClientId = '' } = message;
    if (messagePayload.length > MAX_PAYLOAD_CHARS) {
      return invalid(`messagePayload has ${messagePayload.length} of ${MAX_PAYLOAD_CHARS} bytes`);
    }
    if (peer.role === 'MASTER' && recipientClientId === '') {
      return invalid('a master must name recipientClientId');
    }
    if (peer.role === 'VIEWER' && recipientClientId !== '') {
      return invalid('a viewer must not name recipientClientId');
    }
    const window = action === 'ICE_CANDIDATE' ? peer.candidates : peer.descriptions;
    if (!window.take(this.#options.now()) && this.#options.limitsRates) {
      return {
        errorType: 'ClientLimitExceededException',
        statusCode: '400',
        description: `too many ${action} in a second`,
      };
    }
    return undefined;
  }

  #deliver(peer: KvsPeer, message: Message): Refusal | undefined {
    const { action, messagePayload, recipientClientId = '' } = message;
    const body = { messageType: action, messagePayload };
    if (peer.role === 'MASTER') {
      const viewer = this.#viewers.get(recipientClientId);
      viewer?.send(body);
      return viewer === undefined
        ? notFound(`no viewer is called ${recipientClientId}`)
        : undefined;
    }
    const text = JSON.stringify({ senderClientId: peer.clientId, ...body });
    if (this.#master !== undefined) {
      this.#master.sendText(text);
      return undefined;
    }
    if (!this.#options.holdsMessages) return notFound('the channel has no master');
    const expiresAt = this.#options.now() + this.channel.messageTtlSeconds * 1000;
    if (this.#held.length < MAX_HELD) this.#held.push({ text, expiresAt });
    return undefined;
  }
}

function parseMessage(text: string): Message | undefined {
  try {
    return messageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parsePayload(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The service relays any payload; a client that sends a misfit is at fault nevertheless. */
function payloadMisfit(action: Message['action'], payload: unknown): string {
  if (action === 'ICE_CANDIDATE') {
    return candidateSchema.safeParse(payload).success ? '' : 'the payload is no RTCIceCandidate';
  }
  const { success, data } = descriptionSchema.safeParse(payload);
  if (!success) return `the payload of ${action} is no RTCSessionDescription`;
  const type = action === 'SDP_OFFER' ? 'offer' : 'answer';
  return data.type === type ? '' : `the payload of ${action} is an ${data.type}`;
}

function invalid(description: string): Refusal {
  return { errorType: 'InvalidArgumentException', statusCode: '400', description };
}

function notFound(description: string): Refusal {
  return { errorType: 'ResourceNotFoundException', statusCode: '404', description };
}
