// H.264 and H.265 in MPEG-TS: start codes, a delimiter first, parameter sets at each key frame.
import type { H264Codec, H265Codec } from '../codec/codec.ts';
import { H264NalType, h264NalType } from '../codec/h264-nal-unit.ts';
import { H265NalType, h265NalType } from '../codec/h265-nal-unit.ts';
import type { MuxSample } from './container-writer.ts';
import type { TsFormat } from './ts-format.ts';

interface NalRules {
  readonly streamType: number;
  readonly descriptors: readonly number[];
  /** Access unit delimiter for any kind of picture, with start code. */
  readonly delimiter: Uint8Array;
  readonly isDropped: (firstByte: number) => boolean;
  readonly isSps: (firstByte: number) => boolean;
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);
const STREAM_ID_VIDEO = 0xe0;
const REGISTRATION_HEVC = [5, 4, 0x48, 0x45, 0x56, 0x43];

const H264_RULES: NalRules = {
  streamType: 0x1b,
  descriptors: [],
  delimiter: Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0),
  isDropped: (firstByte) => {
    const type = h264NalType(firstByte);
    return type === H264NalType.accessUnitDelimiter || type === H264NalType.filler;
  },
  isSps: (firstByte) => h264NalType(firstByte) === H264NalType.sps,
};

const H265_RULES: NalRules = {
  streamType: 0x24,
  descriptors: REGISTRATION_HEVC,
  delimiter: Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50),
  isDropped: (firstByte) => {
    const type = h265NalType(firstByte);
    return type === H265NalType.accessUnitDelimiter || type === H265NalType.filler;
  },
  isSps: (firstByte) => h265NalType(firstByte) === H265NalType.sps,
};

/** Key frames that come without parameter sets get those of the codec. */
export class NalTsFormat implements TsFormat {
  readonly kind = 'video';
  readonly streamId = STREAM_ID_VIDEO;
  readonly streamType: number;
  readonly descriptors: readonly number[];
  readonly #rules: NalRules;
  readonly #parameterSets: readonly Uint8Array[];

  constructor(codec: H264Codec | H265Codec) {
    const sets = codec.name === 'H264' ? [] : [codec.vps];
    this.#rules = codec.name === 'H264' ? H264_RULES : H265_RULES;
    this.#parameterSets = [...sets, codec.sps, codec.pps].filter((set) => set !== undefined);
    this.streamType = this.#rules.streamType;
    this.descriptors = this.#rules.descriptors;
  }

  append({ units, isKeyFrame }: MuxSample, chunks: Uint8Array[]): number {
    const { delimiter, isDropped } = this.#rules;
    const before = chunks.length;
    chunks.push(delimiter);
    let sizeBytes = delimiter.length;
    let hasPicture = false;
    if (isKeyFrame && !this.#hasSps(units)) {
      for (const set of this.#parameterSets) sizeBytes += appendNal(set, chunks);
    }
    for (const unit of units) {
      const first = unit[0];
      if (first === undefined || isDropped(first)) continue;
      sizeBytes += appendNal(unit, chunks);
      hasPicture = true;
    }
    if (hasPicture) return sizeBytes;
    chunks.length = before;
    return 0;
  }

  #hasSps(units: readonly Uint8Array[]): boolean {
    for (const unit of units) {
      if (this.#rules.isSps(unit[0] ?? 0)) return true;
    }
    return false;
  }
}

function appendNal(nal: Uint8Array, chunks: Uint8Array[]): number {
  chunks.push(START_CODE, nal);
  return START_CODE.length + nal.length;
}
