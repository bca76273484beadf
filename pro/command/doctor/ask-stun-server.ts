// Asks a STUN server which address it sees us at (RFC 8489 §7.2.1, Binding).
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import {
  STUN_BINDING_REQUEST,
  STUN_BINDING_SUCCESS,
  STUN_HEADER_BYTES,
  STUN_MAGIC_COOKIE,
  StunMessage,
} from '../../../core/webrtc/transport/stun-message.ts';

/** Where it is, and how long to wait. */
export interface StunQuestion {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** RFC 8489 §6.2.1 has 500 ms as the first time-out. */
const RETRY_MS = 500;
const TRANSACTION_OFFSET = 8;
const IPV4_FAMILY = 1;

/** The IPv4 address that the server sees, empty when it answers without one; or what went wrong. */
export type StunReply =
  | { readonly type: 'answer'; readonly address: string }
  | { readonly type: 'failure'; readonly reason: string };

/** Never rejects; asks again each half second until the time is over. */
export async function askStunServer({ host, port, timeoutMs }: StunQuestion): Promise<StunReply> {
  const signal = AbortSignal.timeout(timeoutMs);
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const request = bindingRequest();
  try {
    const connected = once(socket, 'connect', { signal });
    socket.connect(port, host);
    await connected;
    return { type: 'answer', address: await exchange(socket, request, signal) };
  } catch (failure) {
    if (signal.aborted) return { type: 'failure', reason: `no answer within ${timeoutMs} ms` };
    const code = failure instanceof Error && 'code' in failure ? failure.code : failure;
    return { type: 'failure', reason: `not reached (${String(code)})` };
  } finally {
    socket.close();
  }
}

async function exchange(socket: Socket, request: Buffer, signal: AbortSignal): Promise<string> {
  const send = (): void => socket.send(request, () => undefined);
  const timer = setInterval(send, RETRY_MS);
  const answer = Promise.withResolvers<string>();
  const onAbort = (): void => answer.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  socket.on('error', answer.reject);
  socket.on('message', (bytes) => {
    const address = readBindingSuccess(bytes, request);
    if (address !== undefined) answer.resolve(address);
  });
  try {
    send();
    return await answer.promise;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function bindingRequest(): Buffer {
  const request = Buffer.alloc(STUN_HEADER_BYTES);
  request.writeUInt16BE(STUN_BINDING_REQUEST, 0);
  request.writeUInt32BE(STUN_MAGIC_COOKIE, 4);
  randomBytes(12).copy(request, TRANSACTION_OFFSET);
  return request;
}

/**
 * XOR-MAPPED-ADDRESS of a success response to `request` (RFC 8489 §14.2), IPv4 as text; empty when
 * the response has none, undefined when it is no such response.
 */
export function readBindingSuccess(bytes: Buffer, request: Buffer): string | undefined {
  const message = new StunMessage();
  if (!message.parse(bytes) || message.type !== STUN_BINDING_SUCCESS) return undefined;
  const own = request.subarray(TRANSACTION_OFFSET, STUN_HEADER_BYTES);
  if (!own.equals(bytes.subarray(TRANSACTION_OFFSET, STUN_HEADER_BYTES))) return undefined;
  const offset = message.mappedAddressOffset;
  if (offset < 0 || bytes[offset + 1] !== IPV4_FAMILY) return '';
  const address = (bytes.readUInt32BE(offset + 4) ^ STUN_MAGIC_COOKIE) >>> 0;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
