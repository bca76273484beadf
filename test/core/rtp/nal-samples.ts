// NAL units and codecs for tests of H.264 and H.265 packets.
import type { H264Codec, H265Codec } from '../../../core/codec/codec.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import type { TrackNormalizer } from '../../../core/rtp/track-normalizer.ts';
import { DAHUA_H265, fromBase64 } from '../../support/camera-parameter-sets.ts';
import type { CollectedPacket, CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

/** Hikvision, 1920x1080, Main. */
export const SPS = fromBase64('Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==');
export const PPS = fromBase64('aO48gA==');
/** Foscam, 1280x720, Main; it refers to the same identifiers. */
export const OTHER_SPS = fromBase64('Z00AH5WoFAFuQA==');

export const H264: H264Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
export const H264_WITH_SETS: H264Codec = { ...H264, sps: SPS, pps: PPS };

export const H265_VPS = fromBase64(DAHUA_H265.vps);
export const H265_SPS = fromBase64(DAHUA_H265.sps);
export const H265_PPS = fromBase64(DAHUA_H265.pps);
export const H265: H265Codec = { name: 'H265', clockRateHz: 90000 };
export const H265_WITH_SETS: H265Codec = {
  ...H265,
  vps: H265_VPS,
  sps: H265_SPS,
  pps: H265_PPS,
};

/** first_mb 0, slice type I, PPS 0. */
const INTRA_START = 0b1000_1000;
/** first_mb 0, slice type P (5), PPS 0. */
const INTER_START = 0b1001_1010;
/** first_mb 1, slice type P (0), PPS 0. */
const LATER_START = 0b0101_1000;

/** An IDR slice of `length` bytes that starts its picture. */
export function idrSlice(length = 20): Uint8Array {
  return Uint8Array.of(0x65, INTRA_START, 0x84, ...countingBytes(length - 3, 1));
}

/** An IDR slice of `length` bytes that does not start its picture. */
export function laterIdrSlice(length = 20): Uint8Array {
  return Uint8Array.of(0x65, LATER_START, 0x84, ...countingBytes(length - 3, 2));
}

/** A P slice of `length` bytes that starts its picture. */
export function interSlice(length = 20): Uint8Array {
  return Uint8Array.of(0x41, INTER_START, 0x84, ...countingBytes(length - 3, 3));
}

/** An I slice of a picture that is no IDR. */
export function intraSlice(length = 20): Uint8Array {
  return Uint8Array.of(0x41, INTRA_START, 0x84, ...countingBytes(length - 3, 4));
}

/** STAP-A of H.264. */
export function stapA(...nals: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from([
    0x78,
    ...nals.flatMap((nal) => [nal.length >> 8, nal.length & 0xff, ...nal]),
  ]);
}

/** FU-A fragments of `nal` with at most `bodyBytes` behind their two header bytes. */
export function fuA(nal: Uint8Array, bodyBytes: number): Uint8Array[] {
  const header = nal[0] ?? 0;
  const fragments: Uint8Array[] = [];
  for (let from = 1; from < nal.length; from += bodyBytes) {
    const s = from === 1 ? 0x80 : 0;
    const e = from + bodyBytes >= nal.length ? 0x40 : 0;
    const body = nal.subarray(from, from + bodyBytes);
    fragments.push(Uint8Array.of((header & 0xe0) | 28, s | e | (header & 0x1f), ...body));
  }
  return fragments;
}

/** Pushes the payloads of one access unit; the last one is marked. */
export function pushUnit(
  normalizer: TrackNormalizer,
  sink: CollectingSink,
  unit: { readonly at: number; readonly payloads: readonly Uint8Array[] },
): void {
  unit.payloads.forEach((payload, index) => {
    const isMarked = index === unit.payloads.length - 1;
    normalizer.push(rtpPacketOf(payload, { timestampTicks: unit.at, isMarked }), sink);
  });
}

/** A packet as text, e.g. `K S E 24 @0 !`: flags, NAL or payload type, timestamp, marker. */
export function sketch(packet: CollectedPacket): string {
  const flags = [
    (packet.flags & PacketFlag.keyFrameStart) !== 0 ? 'K' : '',
    (packet.flags & PacketFlag.accessUnitStart) !== 0 ? 'S' : '',
    (packet.flags & PacketFlag.accessUnitEnd) !== 0 ? 'E' : '',
  ].join('');
  const type = (packet.payload[0] ?? 0) & 0x1f;
  const gap = packet.gapBefore ? 'gap ' : '';
  return `${gap}${type}@${packet.timestampTicks}${flags === '' ? '' : ` ${flags}`}${packet.isMarked ? '!' : ''}`;
}

/** All packets of a sink as text. */
export function sketches(sink: CollectingSink): string[] {
  return sink.packets.map(sketch);
}
