// The RTP payload format of H.265, RFC 7798, without decoding order numbers.
import type { Codec, H265Codec } from '../codec/codec.ts';
import { H265NalType, isH265Irap } from '../codec/h265-nal-unit.ts';
import { parseH265ParameterSetIds } from '../codec/h265-parameter-sets.ts';
import { H265SliceHeader } from '../codec/h265-slice-header.ts';
import { readUint8, readUint16 } from '../base/bytes.ts';
import { NalKind, type NalFormat, type ParameterSetIdentity } from './nal-format.ts';

/** RFC 7798 section 4.4. PACI (50) is not supported. */
const AP = 48;
const FU = 49;
const TYPE_MASK = 0x7e00;
const KIND_BY_TYPE = buildKinds();

/**
 * ```
 * NAL unit header, 16 bits           FU header
 * |F|   Type    |  LayerId  | TID |  |S|E|  FuType   |
 * ```
 */
export class H265Format implements NalFormat<H265Codec> {
  readonly headerBytes = 2;
  readonly fragmentPrefixBytes = 3;
  readonly rankCount = 3;
  readonly emptyFiller = Uint8Array.of(H265NalType.filler << 1, 1, 0x80);
  /** A P or B slice cannot be told from an I slice by the header's first bits; IRAP types tell enough. */
  readonly isIntraSlice = false;
  readonly #slice = new H265SliceHeader();

  get isFirstSlice(): boolean {
    return this.#slice.isFirstInPicture;
  }

  get slicePpsId(): number {
    return this.#slice.ppsId;
  }

  readHeader(bytes: Uint8Array, offset: number): number {
    return readUint16(bytes, offset);
  }

  kindOf(header: number): number {
    // nuh_temporal_id_plus1 is never 0.
    if ((header & 7) === 0) return NalKind.unknown;
    return KIND_BY_TYPE[(header & TYPE_MASK) >> 9] ?? NalKind.unknown;
  }

  readFragmentedHeader(bytes: Uint8Array, offset: number): number {
    const fuType = readUint8(bytes, offset + 2) & 0x3f;
    return (readUint16(bytes, offset) & ~TYPE_MASK) | (fuType << 9);
  }

  writeFragmentPrefix(bytes: Uint8Array, header: number): void {
    const payloadHeader = (header & ~TYPE_MASK) | (FU << 9);
    bytes[0] = payloadHeader >> 8;
    bytes[1] = payloadHeader;
    bytes[2] = (header & TYPE_MASK) >> 9;
  }

  mergeHeaders(merged: number, header: number): number {
    // F is the OR, LayerId and TID are the lowest; RFC 7798 section 4.4.2.
    const layer = Math.min(merged & 0x01f8, header & 0x01f8);
    const temporal = Math.min(merged & 7, header & 7);
    return ((merged | header) & 0x8000) | layer | temporal;
  }

  aggregateHeader(merged: number): number {
    return (merged & ~TYPE_MASK) | (AP << 9);
  }

  readSlice(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#slice.parse(bytes, start, end);
  }

  readKeySlice(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#slice.parseIrap(bytes, start, end);
  }

  isRecoveryPoint(): boolean {
    return false;
  }

  identify(nal: Uint8Array): ParameterSetIdentity | undefined {
    const ids = parseH265ParameterSetIds(nal);
    if (ids === undefined) return undefined;
    const rank = ((readUint8(nal, 0) >> 1) & 0x3f) - H265NalType.vps;
    return { rank, id: ids.id, parentId: ids.parentId };
  }

  accepts(codec: Codec): codec is H265Codec {
    return codec.name === 'H265';
  }

  isSupported(codec: H265Codec): boolean {
    return (codec.maxDonDiff ?? 0) === 0;
  }

  setsOf(codec: H265Codec): readonly (Uint8Array | undefined)[] {
    return [codec.vps, codec.sps, codec.pps];
  }

  withSets(codec: H265Codec, sets: readonly (Uint8Array | undefined)[]): H265Codec {
    const [vps, sps, pps] = sets;
    return { ...codec, ...(vps && { vps }), ...(sps && { sps }), ...(pps && { pps }) };
  }
}

function buildKinds(): Uint8Array {
  const kinds = new Uint8Array(64).fill(NalKind.unknown);
  kinds.fill(NalKind.other, H265NalType.prefixSei, AP);
  for (let type = 0; type <= H265NalType.lastSlice; type++) {
    kinds[type] = isH265Irap(type) ? NalKind.keySlice : NalKind.slice;
  }
  kinds.fill(NalKind.parameterSet, H265NalType.vps, H265NalType.pps + 1);
  kinds.fill(NalKind.dropped, H265NalType.accessUnitDelimiter, H265NalType.filler + 1);
  kinds[AP] = NalKind.aggregate;
  kinds[FU] = NalKind.fragment;
  return kinds;
}
