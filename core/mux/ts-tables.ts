// The program association and program map tables of MPEG-TS, ISO/IEC 13818-1 section 2.4.4.
import { writeUint32 } from '../base/bytes.ts';
import { crc32Mpeg } from './crc32-mpeg.ts';

/** Packet identifier of the program map. */
export const PROGRAM_MAP_PID = 0x1000;

/** An elementary stream in the program map. */
export interface TsStreamEntry {
  readonly pid: number;
  readonly streamType: number;
  readonly descriptors: readonly number[];
}

const PROGRAM_NUMBER = 1;
const TABLE_ID_ASSOCIATION = 0;
const TABLE_ID_MAP = 2;
const CRC_BYTES = 4;
/** Fields from behind section_length up to last_section_number. */
const SECTION_HEAD_BYTES = 5;

/** One section that names our one program. */
export function buildProgramAssociation(): Uint8Array {
  const body = [...uint16(PROGRAM_NUMBER), ...uint16(0xe000 | PROGRAM_MAP_PID)];
  return buildSection(TABLE_ID_ASSOCIATION, body);
}

/** One section with all streams. */
export function buildProgramMap(pcrPid: number, streams: readonly TsStreamEntry[]): Uint8Array {
  const body = [...uint16(0xe000 | pcrPid), ...uint16(0xf000)];
  for (const { pid, streamType, descriptors } of streams) {
    body.push(streamType, ...uint16(0xe000 | pid), ...uint16(0xf000 | descriptors.length));
    body.push(...descriptors);
  }
  return buildSection(TABLE_ID_MAP, body);
}

function buildSection(tableId: number, body: readonly number[]): Uint8Array {
  const length = SECTION_HEAD_BYTES + body.length + CRC_BYTES;
  const section = new Uint8Array(3 + length);
  // Syntax indicator; program or transport stream number; version 0, current; section 0 of 0.
  section.set([tableId, ...uint16(0xb000 | length), ...uint16(PROGRAM_NUMBER), 0xc1, 0, 0]);
  section.set(body, 3 + SECTION_HEAD_BYTES);
  const crcPosition = section.length - CRC_BYTES;
  writeUint32(section, crcPosition, crc32Mpeg(section, 0, crcPosition));
  return section;
}

function uint16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
