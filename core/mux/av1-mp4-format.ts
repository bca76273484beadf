// AV1 in MP4: `av01` with `av1C`, AV1 Codec ISO Media File Format Binding.
import { Av1ObuType, av1ObuHeaderBytes, av1ObuType } from '../codec/av1-obu.ts';
import { parseAv1SequenceHeader } from '../codec/av1-sequence-header.ts';
import type { Av1Codec } from '../codec/codec.ts';
import { writeLeb128 } from '../codec/leb128.ts';
import { buildAv1Configuration } from './av1-configuration.ts';
import type { MuxSample } from './container-writer.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { buildVisualSampleEntry } from './sample-entry.ts';
import type { SampleFraming } from './sample-framing.ts';

const HAS_SIZE = 0x02;
const MAX_HEADER_BYTES = 2 + 5;
/** Main profile, level 2.0, 4:2:0, 8 bits; for a track of which no sequence header was ever seen. */
const PLAIN_CONFIGURATION = Uint8Array.of(0x81, 0, 0x0c, 0);

/** Each OBU gets a size field; temporal delimiters are left out (section 2.4). */
export class Av1Mp4Format implements Mp4Format, SampleFraming {
  readonly kind = 'video';
  readonly prerollSamples = 0;
  #sequenceHeader: Uint8Array | undefined;

  constructor({ sequenceHeader }: Av1Codec) {
    this.#sequenceHeader = sequenceHeader;
  }

  get framing(): SampleFraming {
    return this;
  }

  get isReady(): boolean {
    return this.#sequenceHeader !== undefined;
  }

  append({ units, isKeyFrame }: MuxSample, chunks: Uint8Array[]): number {
    let sizeBytes = 0;
    for (const unit of units) {
      const first = unit[0];
      if (first === undefined) continue;
      const type = av1ObuType(first);
      if (type === Av1ObuType.temporalDelimiter || type === Av1ObuType.padding) continue;
      if (isKeyFrame && type === Av1ObuType.sequenceHeader) this.#sequenceHeader ??= unit.slice();
      sizeBytes += appendObu(unit, chunks);
    }
    return sizeBytes;
  }

  describe(): Mp4SampleDescription {
    const header = this.#sequenceHeader;
    const parsed = header && parseAv1SequenceHeader(header);
    const widthPixels = parsed?.widthPixels ?? 0;
    const heightPixels = parsed?.heightPixels ?? 0;
    const body = (header && buildAv1Configuration(header)) ?? PLAIN_CONFIGURATION;
    const sampleEntry = buildVisualSampleEntry({
      type: 'av01',
      widthPixels,
      heightPixels,
      configuration: { type: 'av1C', body },
    });
    return { sampleEntry, widthPixels, heightPixels };
  }

  durationTicks(): undefined {
    return undefined;
  }
}

/** Without copying the payload: a new header, then a view on the rest. */
function appendObu(obu: Uint8Array, chunks: Uint8Array[]): number {
  const first = obu[0] ?? 0;
  if ((first & HAS_SIZE) !== 0) {
    chunks.push(obu);
    return obu.length;
  }
  const headerBytes = Math.min(av1ObuHeaderBytes(first), obu.length);
  const header = new Uint8Array(MAX_HEADER_BYTES);
  header.set(obu.subarray(0, headerBytes));
  header[0] = first | HAS_SIZE;
  const length = headerBytes + writeLeb128(header, headerBytes, obu.length - headerBytes);
  chunks.push(header.subarray(0, length));
  if (obu.length > headerBytes) chunks.push(obu.subarray(headerBytes));
  return length + obu.length - headerBytes;
}
