// Length and codecs of an MPEG-TS file (ISO/IEC 13818-1) from its first and its last packets.
import { readUint16, readUint32 } from '../base/bytes.ts';
import type { RandomAccess } from '../mux/random-access.ts';

/** What a file tells about itself. */
export interface TsSummary {
  /** 0 when it has less than two clock references. */
  readonly durationMs: number;
  /** As the Control API prints them. */
  readonly tracks: readonly string[];
}

const PACKET = 188;
const SYNC_BYTE = 0x47;
const HEAD_BYTES = PACKET * 700;
const TAIL_BYTES = PACKET * 1400;
const PAT_PID = 0;
const TICKS_PER_MS = 90;
const PCR_WRAP = 2 ** 33;
const MAX_TRACKS = 32;
const REGISTRATION = 0x05;

/** Stream types of ISO/IEC 13818-1 table 2-34 and of ATSC. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, 'MPEG-1/2 Video'],
  [0x02, 'MPEG-1/2 Video'],
  [0x03, 'MPEG-1/2 Audio'],
  [0x04, 'MPEG-1/2 Audio'],
  [0x0f, 'MPEG-4 Audio'],
  [0x10, 'MPEG-4 Video'],
  [0x11, 'MPEG-4 Audio LATM'],
  [0x1b, 'H264'],
  [0x24, 'H265'],
  [0x81, 'AC-3'],
]);
/** What a private stream says it is. */
const REGISTERED: ReadonlyMap<number, string> = new Map([
  [0x4f707573, 'Opus'],
  [0x4b4c5641, 'KLV'],
]);

/** Two reads; undefined for anything but MPEG-TS. */
export async function readTsSummary(file: RandomAccess): Promise<TsSummary | undefined> {
  const head = await file.read(0, HEAD_BYTES);
  if (head.length < PACKET || !packetsOf(head).every(isPacket)) return undefined;
  const wholePackets = Math.floor(file.sizeBytes / PACKET);
  const tailStart = Math.max(0, wholePackets * PACKET - TAIL_BYTES);
  const tail = await file.read(tailStart, TAIL_BYTES);
  return {
    durationMs: durationMs(packetsOf(head), packetsOf(tail).filter(isPacket)),
    tracks: tracksOf(packetsOf(head)),
  };
}

function packetsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.floor(bytes.length / PACKET);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * PACKET, (n + 1) * PACKET));
}

function isPacket(packet: Uint8Array): boolean {
  return packet[0] === SYNC_BYTE;
}

function pidOf(packet: Uint8Array): number {
  return readUint16(packet, 1) & 0x1fff;
}

/** The clock reference in ticks of 90 kHz (section 2.4.3.5). */
function pcrOf(packet: Uint8Array): number | undefined {
  const hasAdaptation = ((packet[3] ?? 0) & 0x20) !== 0;
  const hasPcr = hasAdaptation && (packet[4] ?? 0) >= 7 && ((packet[5] ?? 0) & 0x10) !== 0;
  return hasPcr ? readUint32(packet, 6) * 2 + ((packet[10] ?? 0) >>> 7) : undefined;
}

function durationMs(head: readonly Uint8Array[], tail: readonly Uint8Array[]): number {
  const first = head.find((packet) => pcrOf(packet) !== undefined);
  if (!first) return 0;
  const last = tail.findLast(
    (packet) => pidOf(packet) === pidOf(first) && pcrOf(packet) !== undefined,
  );
  const from = pcrOf(first) ?? 0;
  const to = last === undefined ? from : (pcrOf(last) ?? from);
  return Math.round(((to - from + PCR_WRAP) % PCR_WRAP) / TICKS_PER_MS);
}

/** Streams of the first program. */
function tracksOf(packets: readonly Uint8Array[]): readonly string[] {
  const pat = sectionOf(packets, PAT_PID);
  const mapPid = pat && readUint16(pat, 10) & 0x1fff;
  const map = mapPid === undefined ? undefined : sectionOf(packets, mapPid);
  if (!map) return [];
  const end = Math.min(map.length, 3 + (readUint16(map, 1) & 0x0fff) - 4);
  const tracks: string[] = [];
  let position = 12 + (readUint16(map, 10) & 0x0fff);
  while (position + 5 <= end && tracks.length < MAX_TRACKS) {
    const infoBytes = readUint16(map, position + 3) & 0x0fff;
    const info = map.subarray(position + 5, Math.min(end, position + 5 + infoBytes));
    tracks.push(trackName(map[position] ?? 0, info));
    position += 5 + infoBytes;
  }
  return tracks;
}

function trackName(streamType: number, info: Uint8Array): string {
  for (let at = 0; at + 6 <= info.length; at += 2 + (info[at + 1] ?? 0)) {
    const name = info[at] === REGISTRATION ? REGISTERED.get(readUint32(info, at + 2)) : undefined;
    if (name !== undefined) return name;
  }
  return NAMES.get(streamType) ?? 'unknown';
}

/** A table that fits into one packet, from its table id on (section 2.4.4). */
function sectionOf(packets: readonly Uint8Array[], pid: number): Uint8Array | undefined {
  const packet = packets.find((each) => pidOf(each) === pid && ((each[1] ?? 0) & 0x40) !== 0);
  if (!packet) return undefined;
  const hasAdaptation = ((packet[3] ?? 0) & 0x20) !== 0;
  const start = 4 + (hasAdaptation ? 1 + (packet[4] ?? 0) : 0);
  return packet.subarray(start + 1 + (packet[start] ?? 0));
}
