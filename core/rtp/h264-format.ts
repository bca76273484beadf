// The RTP payload format of H.264, RFC 6184.
import type { Codec, H264Codec } from '../codec/codec.ts';
import { H264NalType, h264NalType } from '../codec/h264-nal-unit.ts';
import { parseH264Pps } from '../codec/h264-pps.ts';
import { readH264RecoveryFrameCount } from '../codec/h264-sei.ts';
import { H264SliceHeader, H264SliceType } from '../codec/h264-slice-header.ts';
import { parseH264Sps } from '../codec/h264-sps.ts';
import { profileLevelIdOf } from '../codec/profile-level-id.ts';
import { readUint8 } from '../base/bytes.ts';
import { NalKind, type NalFormat, type ParameterSetIdentity } from './nal-format.ts';

/** RFC 6184 table 1. STAP-B 25, MTAP 26 and 27, FU-B 29 belong to interleaved mode: not supported. */
const STAP_A = 24;
const FU_A = 28;
const KIND_BY_TYPE = buildKinds();

/**
 * ```
 * NAL unit header    FU indicator      FU header
 * |F|NRI|  Type   |  |F|NRI|   28    | |S|E|R|  Type   |
 * ```
 */
export class H264Format implements NalFormat<H264Codec> {
  readonly headerBytes = 1;
  readonly fragmentPrefixBytes = 2;
  readonly rankCount = 2;
  readonly emptyFiller = Uint8Array.of(H264NalType.filler, 0x80);
  readonly #slice = new H264SliceHeader();

  get isFirstSlice(): boolean {
    return this.#slice.firstMacroblock === 0;
  }

  get isIntraSlice(): boolean {
    return this.#slice.sliceType === H264SliceType.I;
  }

  get slicePpsId(): number {
    return this.#slice.ppsId;
  }

  readHeader(bytes: Uint8Array, offset: number): number {
    return readUint8(bytes, offset);
  }

  kindOf(header: number): number {
    return KIND_BY_TYPE[header & 0x1f] ?? NalKind.unknown;
  }

  readFragmentedHeader(bytes: Uint8Array, offset: number): number {
    return (readUint8(bytes, offset) & 0xe0) | (readUint8(bytes, offset + 1) & 0x1f);
  }

  writeFragmentPrefix(bytes: Uint8Array, header: number): void {
    bytes[0] = (header & 0xe0) | FU_A;
    bytes[1] = header & 0x1f;
  }

  mergeHeaders(merged: number, header: number): number {
    // F is the OR, NRI the maximum; RFC 6184 section 5.7.1.
    return ((merged | header) & 0x80) | Math.max(merged & 0x60, header & 0x60);
  }

  aggregateHeader(merged: number): number {
    return (merged & 0xe0) | STAP_A;
  }

  readSlice(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#slice.parse(bytes, start, end);
  }

  readKeySlice(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#slice.parse(bytes, start, end);
  }

  isRecoveryPoint(bytes: Uint8Array, start: number, end: number): boolean {
    return (
      h264NalType(readUint8(bytes, start)) === H264NalType.sei &&
      readH264RecoveryFrameCount(bytes, start, end) === 0
    );
  }

  identify(nal: Uint8Array): ParameterSetIdentity | undefined {
    const sps = parseH264Sps(nal);
    if (sps !== undefined) return { rank: 0, id: sps.id, parentId: -1 };
    const pps = parseH264Pps(nal);
    return pps === undefined ? undefined : { rank: 1, id: pps.id, parentId: pps.spsId };
  }

  accepts(codec: Codec): codec is H264Codec {
    return codec.name === 'H264';
  }

  isSupported(codec: H264Codec): boolean {
    return codec.packetizationMode < 2;
  }

  setsOf(codec: H264Codec): readonly (Uint8Array | undefined)[] {
    return [codec.sps, codec.pps];
  }

  withSets(codec: H264Codec, sets: readonly (Uint8Array | undefined)[]): H264Codec {
    const [sps, pps] = sets;
    const profileLevelId = sps && profileLevelIdOf(sps);
    return {
      ...codec,
      ...(profileLevelId !== undefined && { profileLevelId }),
      ...(sps && { sps }),
      ...(pps && { pps }),
    };
  }
}

function buildKinds(): Uint8Array {
  const kinds = new Uint8Array(32).fill(NalKind.unknown);
  kinds.fill(NalKind.other, 13, 24);
  kinds.fill(NalKind.slice, H264NalType.slice, H264NalType.partitionC + 1);
  kinds[H264NalType.idrSlice] = NalKind.keySlice;
  kinds[H264NalType.sei] = NalKind.other;
  kinds[H264NalType.sps] = NalKind.parameterSet;
  kinds[H264NalType.pps] = NalKind.parameterSet;
  kinds.fill(NalKind.dropped, H264NalType.accessUnitDelimiter, H264NalType.filler + 1);
  kinds[STAP_A] = NalKind.aggregate;
  kinds[FU_A] = NalKind.fragment;
  return kinds;
}
