// Length-prefixed NAL units, ISO/IEC 14496-15 section 5.3.4.2, with repeated parameter sets left out.
import { writeUint32 } from '../base/bytes.ts';
import type { MuxSample } from './container-writer.ts';
import type { SampleFraming } from './sample-framing.ts';

/** What differs between H.264 and H.265. */
export interface NalFramingOptions {
  /** As in the decoder configuration record. */
  readonly parameterSets: readonly Uint8Array[];
  readonly isParameterSet: (firstByte: number) => boolean;
  /** Delimiters and filler: MP4 samples have bounds and sizes of their own. */
  readonly isDropped: (firstByte: number) => boolean;
}

const LENGTH_BYTES = 4;
const SLAB_BYTES = 1024;

/**
 * Parameter sets that repeat the sample entry's are left out. From the first different one on they
 * all stay in band: a decoder that went through a change needs them again at each key frame.
 */
export class NalFraming implements SampleFraming {
  /** Whether the stream changed its parameter sets. */
  hasInBandSets = false;
  readonly #options: NalFramingOptions;
  /** Room for length fields; never used twice, since the bytes may be written later. */
  #slab = new Uint8Array(SLAB_BYTES);
  #slabUsed = 0;

  constructor(options: NalFramingOptions) {
    this.#options = options;
  }

  append({ units }: MuxSample, chunks: Uint8Array[]): number {
    let sizeBytes = 0;
    for (const unit of units) {
      if (!this.#isKept(unit)) continue;
      chunks.push(this.#lengthField(unit.length), unit);
      sizeBytes += LENGTH_BYTES + unit.length;
    }
    return sizeBytes;
  }

  #isKept(unit: Uint8Array): boolean {
    const first = unit[0];
    if (first === undefined || this.#options.isDropped(first)) return false;
    if (this.hasInBandSets || !this.#options.isParameterSet(first)) return true;
    for (const known of this.#options.parameterSets) {
      if (isEqual(known, unit)) return false;
    }
    this.hasInBandSets = true;
    return true;
  }

  #lengthField(length: number): Uint8Array {
    if (this.#slabUsed === SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    writeUint32(this.#slab, this.#slabUsed, length);
    this.#slabUsed += LENGTH_BYTES;
    return this.#slab.subarray(this.#slabUsed - LENGTH_BYTES, this.#slabUsed);
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (one[index] !== other[index]) return false;
  }
  return true;
}
