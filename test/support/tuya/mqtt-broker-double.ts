// An MQTT 3.1.1 broker for tests, written from the specification: one packet in, one packet out.
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SelfSignedPair } from '../self-signed-pair.ts';

/** How the double behaves. */
export interface MqttBrokerDoubleOptions {
  readonly tls?: SelfSignedPair;
  /** Of CONNACK; 0 lets everybody in. */
  readonly connectCode?: number;
  /** Of SUBACK; 0x80 refuses. */
  readonly subscribeCode?: number;
  /** Packet types that get no answer. */
  readonly silentTypes?: readonly number[];
}

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const PINGREQ = 12;

/** A running broker. */
export interface MqttBrokerDouble extends AsyncDisposable {
  readonly port: number;
  /** Packets that came, as type and body. */
  readonly received: readonly (readonly [type: number, body: Buffer])[];
  /** Sends a PUBLISH with QoS 1 to everybody. */
  publish(topic: string, payload: Uint8Array): void;
  sendRaw(bytes: Uint8Array): void;
  dropAll(): void;
}

/** Starts a broker on a free port of 127.0.0.1. */
export async function startMqttBrokerDouble(
  options: MqttBrokerDoubleOptions = {},
): Promise<MqttBrokerDouble> {
  const sockets = new Set<Socket>();
  const received: (readonly [number, Buffer])[] = [];
  const onSocket = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    let waiting = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (let packet = firstPacket(waiting); packet; packet = firstPacket(waiting)) {
        waiting = waiting.subarray(packet.sizeBytes);
        received.push([packet.type, packet.body]);
        const reply = replyTo(packet.type, packet.body, options);
        if (reply && options.silentTypes?.includes(packet.type) !== true) socket.write(reply);
      }
    });
  };
  const { tls } = options;
  const server: Server = tls ? createTlsServer({ ...tls }, onSocket) : createServer(onSocket);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const toAll = (bytes: Uint8Array): void => sockets.forEach((socket) => socket.write(bytes));
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    received,
    publish: (topic, payload) => toAll(publishPacket(topic, payload)),
    sendRaw: toAll,
    dropAll: () => sockets.forEach((socket) => socket.destroy()),
    [Symbol.asyncDispose]: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function firstPacket(
  bytes: Buffer,
): { readonly type: number; readonly body: Buffer; readonly sizeBytes: number } | undefined {
  let length = 0;
  for (let index = 1; index < bytes.length && index < 5; index += 1) {
    const byte = bytes[index] ?? 0;
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte >= 0x80) continue;
    const start = index + 1;
    if (bytes.length < start + length) return undefined;
    const body = bytes.subarray(start, start + length);
    return { type: (bytes[0] ?? 0) >> 4, body, sizeBytes: start + length };
  }
  return undefined;
}

function replyTo(
  type: number,
  body: Buffer,
  { connectCode = 0, subscribeCode = 1 }: MqttBrokerDoubleOptions,
): Buffer | undefined {
  switch (type) {
    case CONNECT:
      return Buffer.of(0x20, 2, 0, connectCode);
    case SUBSCRIBE:
      return Buffer.concat([Buffer.of(0x90, 3), body.subarray(0, 2), Buffer.of(subscribeCode)]);
    case PUBLISH: {
      const topicLength = body.readUInt16BE(0);
      return Buffer.concat([Buffer.of(0x40, 2), body.subarray(2 + topicLength, 4 + topicLength)]);
    }
    case PINGREQ:
      return Buffer.of(0xd0, 0);
    default:
      return undefined;
  }
}

function publishPacket(topic: string, payload: Uint8Array): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(name.length);
  const body = Buffer.concat([head, name, Buffer.of(0, 7), payload]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.of(0x32, ...length), body]);
}
