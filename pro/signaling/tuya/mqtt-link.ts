// One connection to an MQTT broker; the only file that knows the npm package `mqtt`, which is optional.
import type { Socket } from 'node:net';
import type { MqttClient } from 'mqtt';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { MqttPacketGuard } from './mqtt-packet-guard.ts';
import { openMqttSocket, type MqttSocketOptions } from './mqtt-socket.ts';

/** What a link works with. */
export interface MqttLinkComponents {
  readonly clock: Clock;
  /** Loads the package; a test brings one that is not installed. */
  readonly load?: () => Promise<Pick<typeof import('mqtt'), 'MqttClient'>>;
}

/** Broker and credentials. `timeoutMs` bounds connecting, and each subscription and message. */
export interface MqttLinkOptions extends MqttSocketOptions {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

/** What a link tells. */
export interface MqttLinkCallbacks {
  /** A message of at most 64 KB; the bytes are the receiver's. */
  readonly onMessage: (topic: string, bytes: Uint8Array) => void;
  /** Once, when the broker is gone; never after close(). */
  readonly onLost: (reason: MediaError) => void;
  /** A message above 64 KB was dropped. */
  readonly onIgnored?: (sizeBytes: number) => void;
}

/** A connection with QoS 1 both ways and a clean session. */
export interface MqttLink {
  /** Messages that were too long. */
  readonly ignoredCount: number;
  /** @throws MediaError `permission-denied` `mqtt-subscription-refused`, or as publish(). */
  subscribe(topic: string): Promise<void>;
  /**
   * Settles when the broker has the message.
   * @throws MediaError `deadline-exceeded` `mqtt-timeout`, `unavailable` `mqtt-lost`,
   * `resource-exhausted` `mqtt-busy` when too many messages wait for the broker.
   */
  publish(topic: string, bytes: Uint8Array): Promise<void>;
  /** Says goodbye for at most a second; idempotent, never throws. */
  close(): Promise<void>;
}

/** Opens links; a test brings a double. */
export type OpenMqttLink = (
  components: MqttLinkComponents,
  options: MqttLinkOptions,
  callbacks: MqttLinkCallbacks,
) => Promise<MqttLink>;

const KEEP_ALIVE_SECONDS = 60;
const MAX_PAYLOAD_BYTES = 65_536;
/** Longer packets end the connection: up to here they are read to be acknowledged, and dropped. */
const MAX_PACKET_BYTES = 1_048_576;
/** Of ours, while the broker goes on sending. */
const MAX_UNREAD_BYTES = 1_048_576;
const MAX_WAITING = 256;
const GOODBYE_MS = 1000;
/** MQTT 3.1.1 section 3.2.2.3: identifier rejected, bad user name or password, not authorized. */
const REFUSED_CODES: ReadonlySet<unknown> = new Set([2, 4, 5]);

/**
 * Connects to a broker.
 * @throws MediaError `unsupported` `package-missing`, `unauthenticated` `mqtt-refused`, and as
 * openMqttSocket().
 */
export const openMqttLink: OpenMqttLink = async (components, options, callbacks) => {
  const { clock, load = () => import('mqtt') } = components;
  const { MqttClient: Client } = await load().catch((thrown: unknown) => {
    throw packageMissing(thrown);
  });
  const socket = await openMqttSocket(clock, options);
  const link = new ClientLink({ clock, socket, Client }, options, callbacks);
  try {
    await link.greet();
    return link;
  } catch (thrown) {
    await link.close();
    throw toMediaError(thrown);
  }
};

interface ClientLinkComponents {
  readonly clock: Clock;
  readonly socket: Socket;
  readonly Client: typeof MqttClient;
}

class ClientLink implements MqttLink {
  readonly #clock: Clock;
  readonly #options: MqttLinkOptions;
  readonly #callbacks: MqttLinkCallbacks;
  readonly #socket: Socket;
  readonly #client: MqttClient;
  readonly #lost = Promise.withResolvers<never>();
  #ignoredCount = 0;
  #waitingCount = 0;
  #isConnected = false;
  #reason: MediaError | undefined;
  #isClosing = false;
  #closing: Promise<void> | undefined;

  constructor(
    { clock, socket, Client }: ClientLinkComponents,
    options: MqttLinkOptions,
    callbacks: MqttLinkCallbacks,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#socket = socket;
    this.#lost.promise.catch(() => undefined);
    const guard = new MqttPacketGuard(MAX_PACKET_BYTES);
    socket.on('data', (chunk: Uint8Array) => {
      const problem = guard.watch(chunk);
      // Each message is acknowledged; the package does not wait for the socket.
      const isDeaf = socket.writableLength > MAX_UNREAD_BYTES;
      if (problem === undefined && !isDeaf) return;
      const text = `the MQTT broker ${isDeaf ? 'does not read what it is sent' : `sent ${problem}`}`;
      this.#end(new MediaError('unavailable', 'mqtt-lost', text));
      socket.destroy();
    });
    this.#client = new Client(() => socket, {
      ...{ protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: KEEP_ALIVE_SECONDS },
      ...{ clientId: options.clientId, username: options.username, password: options.password },
      ...{ reconnectPeriod: 0, resubscribe: false, queueQoSZero: false },
      // Ours comes first, and says how long it waited.
      connectTimeout: 2 * options.timeoutMs,
    });
    this.#client.on('error', (error) => this.#end(failureOf(error)));
    this.#client.on('close', () => this.#end(lost('it closed the connection')));
    this.#client.on('message', (topic, payload) => this.#onMessage(topic, payload));
  }

  get ignoredCount(): number {
    return this.#ignoredCount;
  }

  /** Settles when the broker let us in; the signal counts until then. */
  async greet(): Promise<void> {
    const { signal } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onAbort = (): void => reject(toMediaError(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#client.once('connect', () => resolve(undefined));
    try {
      await this.#within(promise, 'the login');
      this.#isConnected = true;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async subscribe(topic: string): Promise<void> {
    const granted = this.#client.subscribeAsync(topic, { qos: 1 }).catch((thrown: unknown) => {
      // The end of the connection ends what waits for its answer, too.
      if (!isSubscriptionRefusal(thrown)) throw failureOf(thrown);
      const message = `the MQTT broker refuses the subscription to '${topic}'`;
      const cause = { cause: thrown };
      throw new MediaError('permission-denied', 'mqtt-subscription-refused', message, cause);
    });
    await this.#within(granted, 'the subscription');
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.#waitingCount >= MAX_WAITING) {
      const message = `${MAX_WAITING} messages wait for the MQTT broker`;
      throw new MediaError('resource-exhausted', 'mqtt-busy', message);
    }
    this.#waitingCount += 1;
    const sent = this.#client
      .publishAsync(topic, Buffer.from(bytes), { qos: 1, retain: false })
      .catch((thrown: unknown) => {
        throw failureOf(thrown);
      })
      .finally(() => {
        this.#waitingCount -= 1;
      });
    await this.#within(sent, 'a message');
  }

  close(): Promise<void> {
    this.#closing ??= this.#goodbye();
    return this.#closing;
  }

  async #goodbye(): Promise<void> {
    // Who does not confirm messages would not let us go in peace.
    const isDeaf = this.#reason !== undefined || !this.#isConnected || this.#waitingCount > 0;
    this.#isClosing = true;
    this.#end(lost('the connection was closed'));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#clock.after(GOODBYE_MS, () => resolve(undefined));
    this.#client.once('error', () => resolve(undefined));
    this.#client.end(isDeaf, () => resolve(undefined));
    await promise;
    timer.cancel();
    this.#socket.destroy();
  }

  #onMessage(topic: string, payload: Uint8Array): void {
    if (this.#reason) return;
    if (payload.length <= MAX_PAYLOAD_BYTES) {
      this.#callbacks.onMessage(topic, payload);
      return;
    }
    this.#ignoredCount += 1;
    this.#callbacks.onIgnored?.(payload.length);
  }

  /** Settles with `work`, the end of the link, or the time-out. */
  async #within(work: Promise<unknown>, what: string): Promise<void> {
    const { timeoutMs } = this.#options;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.after(timeoutMs, () => {
      const text = `the MQTT broker did not confirm ${what} within ${timeoutMs / 1000} s`;
      reject(new MediaError('deadline-exceeded', 'mqtt-timeout', text));
    });
    work.catch(() => undefined);
    try {
      await Promise.race([work, this.#lost.promise, late]);
    } finally {
      timer.cancel();
    }
  }

  #end(reason: MediaError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#lost.reject(reason);
    if (this.#isConnected && !this.#isClosing) this.#callbacks.onLost(reason);
  }
}

function failureOf(thrown: unknown): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (!REFUSED_CODES.has(code)) return lost(text.slice(0, 200), thrown);
  const message = `the MQTT broker refuses the login: ${text.slice(0, 200)}`;
  return new MediaError('unauthenticated', 'mqtt-refused', message, { cause: thrown });
}

/** Whether the broker itself said it: then its SUBACK is beside the error. */
function isSubscriptionRefusal(thrown: unknown): boolean {
  return thrown instanceof Error && 'packet' in thrown && thrown.packet !== undefined;
}

function lost(problem: string, cause?: unknown): MediaError {
  const message = `the connection to the MQTT broker is lost: ${problem}`;
  return new MediaError('unavailable', 'mqtt-lost', message, { cause });
}

function packageMissing(thrown: unknown): MediaError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'ERR_MODULE_NOT_FOUND') return toMediaError(thrown);
  const message = "Tuya needs the package 'mqtt', which is not installed: npm install mqtt";
  return new MediaError('unsupported', 'package-missing', message, { cause: thrown });
}
