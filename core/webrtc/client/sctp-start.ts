// What both ends of an SCTP association announce at its start: the value of INIT and INIT ACK
// (RFC 9260 sections 3.3.2 and 3.3.3).
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../base/bytes.ts';
import { RECEIVE_WINDOW_BYTES } from './sctp-inbound.ts';
import {
  parseSctpParameters,
  sctpChunkType,
  sctpParameterType,
  writeSctpParameters,
} from './sctp-packet.ts';

/** What the peer announces. */
export interface PeerStart {
  readonly tag: number;
  readonly windowBytes: number;
  readonly initialTsn: number;
  /** Whether it knows FORWARD-TSN (RFC 3758). */
  readonly canGiveUp: boolean;
  readonly cookie: Uint8Array | undefined;
}

const STREAMS = 1024;
const INIT_BYTES = 16;
const MAX_COOKIE_BYTES = 2048;
const NOTHING = new Uint8Array(0);

/** Our side, with the extensions that we know. */
export function writeStart({ tag, initialTsn }: Pick<PeerStart, 'tag' | 'initialTsn'>): Uint8Array {
  const value = new Uint8Array(INIT_BYTES);
  writeUint32(value, 0, tag);
  writeUint32(value, 4, RECEIVE_WINDOW_BYTES);
  writeUint16(value, 8, STREAMS);
  writeUint16(value, 10, STREAMS);
  writeUint32(value, 12, initialTsn);
  const extensions = Uint8Array.of(sctpChunkType.reconfig, sctpChunkType.forwardTsn);
  const parameters = writeSctpParameters([
    { type: sctpParameterType.forwardTsn, value: NOTHING },
    { type: sctpParameterType.supportedExtensions, value: extensions },
  ]);
  return Buffer.concat([value, parameters]);
}

/** Undefined for what may not be answered: no tag, no streams. */
export function readStart(value: Uint8Array): PeerStart | undefined {
  if (value.length < INIT_BYTES) return undefined;
  const tag = readUint32(value, 0);
  if (tag === 0 || readUint16(value, 8) === 0 || readUint16(value, 10) === 0) return undefined;
  const parameters = parseSctpParameters(value.subarray(INIT_BYTES));
  const cookie = parameters.find(({ type }) => type === sctpParameterType.cookie)?.value;
  const isUsable = cookie !== undefined && cookie.length <= MAX_COOKIE_BYTES;
  return {
    tag,
    windowBytes: readUint32(value, 4),
    initialTsn: readUint32(value, 12),
    canGiveUp: parameters.some(({ type }) => type === sctpParameterType.forwardTsn),
    cookie: isUsable ? cookie.slice() : undefined,
  };
}
