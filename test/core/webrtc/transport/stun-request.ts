// Builds binding requests for tests and reads the answers.
import { randomBytes } from 'node:crypto';
import {
  StunMessage,
  stunAttribute,
  stunIntegrity,
} from '../../../../core/webrtc/transport/stun-message.ts';
import { stunFingerprint } from '../../../../core/webrtc/transport/stun-fingerprint.ts';

export interface BindingRequestOptions {
  readonly username?: string;
  /** Without it the request has no MESSAGE-INTEGRITY. */
  readonly password?: string;
  readonly isNominating?: boolean;
  readonly role?: 'controlling' | 'controlled';
  /** Further attributes, before MESSAGE-INTEGRITY: type and value. */
  readonly extra?: readonly (readonly [number, Uint8Array])[];
  readonly type?: number;
}

/** A connectivity check as browsers send it (RFC 8445 §7.2.2). */
export function bindingRequest(options: BindingRequestOptions): Buffer {
  const parts: Buffer[] = [];
  if (options.username !== undefined) {
    parts.push(attribute(stunAttribute.username, Buffer.from(options.username)));
  }
  const role =
    options.role === 'controlled' ? stunAttribute.iceControlled : stunAttribute.iceControlling;
  parts.push(attribute(role, randomBytes(8)));
  parts.push(attribute(stunAttribute.priority, Buffer.from([0x6e, 0x7f, 0x1e, 0xff])));
  if (options.isNominating === true)
    parts.push(attribute(stunAttribute.useCandidate, Buffer.alloc(0)));
  for (const [type, value] of options.extra ?? []) parts.push(attribute(type, Buffer.from(value)));
  const header = Buffer.alloc(20);
  header.writeUInt16BE(options.type ?? 1, 0);
  header.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(header, 8);
  let message = Buffer.concat([header, ...parts]);
  if (options.password !== undefined) {
    const offset = message.length;
    message = Buffer.concat([message, attribute(stunAttribute.messageIntegrity, Buffer.alloc(20))]);
    message.set(stunIntegrity(message, offset, options.password), offset + 4);
  }
  return sealed(message);
}

/** Type, error code, and whether MESSAGE-INTEGRITY is right. */
export interface ParsedResponse {
  readonly type: number;
  readonly errorCode: number | undefined;
  readonly isAuthentic: boolean;
  /** `address:port` of XOR-MAPPED-ADDRESS, IPv4 only. */
  readonly mapped: string | undefined;
}

/** Reads a response; undefined when it is no STUN message. */
export function parseResponse(bytes: Uint8Array, password: string): ParsedResponse | undefined {
  const message = new StunMessage();
  if (!message.parse(bytes)) return undefined;
  const view = Buffer.from(bytes);
  const isError = message.type === 0x0111;
  return {
    type: message.type,
    errorCode: isError ? view.readUInt8(26) * 100 + view.readUInt8(27) : undefined,
    isAuthentic: message.isIntegrityValid(password),
    mapped:
      message.mappedAddressOffset < 0 ? undefined : mappedText(view, message.mappedAddressOffset),
  };
}

function mappedText(view: Buffer, offset: number): string {
  const port = view.readUInt16BE(offset + 2) ^ 0x2112;
  const address = [0, 1, 2, 3].map((i) => view.readUInt8(offset + 4 + i) ^ view.readUInt8(4 + i));
  return `${address.join('.')}:${port}`;
}

function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + ((value.length + 3) & ~3));
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

function sealed(message: Buffer): Buffer {
  const bytes = Buffer.concat([message, attribute(stunAttribute.fingerprint, Buffer.alloc(4))]);
  bytes.writeUInt16BE(bytes.length - 20, 2);
  bytes.writeUInt32BE(stunFingerprint(bytes, message.length), message.length + 4);
  return bytes;
}
