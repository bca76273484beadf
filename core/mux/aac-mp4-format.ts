// AAC in MP4: `mp4a` with `esds`, ISO/IEC 14496-14 section 5.6 and 14496-1 section 7.2.6.
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import { BoxWriter } from './box-writer.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { buildAudioSampleEntry } from './sample-entry.ts';
import { plainFraming } from './sample-framing.ts';

const OBJECT_TYPE_MPEG4_AUDIO = 0x40;
/** streamType 5 (audio), upStream 0, reserved 1. */
const STREAM_TYPE_AUDIO = 0x15;
const DescriptorTag = { stream: 3, decoderConfig: 4, decoderSpecific: 5, syncLayer: 6 } as const;
const DESCRIPTOR_HEADER_BYTES = 5;
const DEFAULT_SAMPLES_PER_FRAME = 1024;

/** One sample per access unit. */
export class AacMp4Format implements Mp4Format {
  readonly kind = 'audio';
  readonly framing = plainFraming;
  readonly prerollSamples = 0;
  readonly isReady = true;
  readonly #codec: Mpeg4AudioCodec;

  constructor(codec: Mpeg4AudioCodec) {
    this.#codec = codec;
  }

  describe(): Mp4SampleDescription {
    const { channelCount, sampleRateHz, config } = this.#codec;
    const sampleEntry = buildAudioSampleEntry({
      type: 'mp4a',
      channelCount,
      sampleRateHz,
      bitDepth: 16,
      configuration: { type: 'esds', body: buildStreamDescriptor(config) },
    });
    return { sampleEntry, widthPixels: 0, heightPixels: 0 };
  }

  durationTicks(): number {
    const parsed = parseAudioSpecificConfig(this.#codec.config);
    const samples = parsed?.samplesPerFrame ?? DEFAULT_SAMPLES_PER_FRAME;
    const rateHz = parsed?.sampleRateHz ?? this.#codec.sampleRateHz;
    return Math.max(1, Math.round((samples * this.#codec.clockRateHz) / rateHz));
  }
}

function buildStreamDescriptor(config: Uint8Array): Uint8Array {
  const writer = new BoxWriter(64 + config.length);
  const decoderConfigBytes = 13 + DESCRIPTOR_HEADER_BYTES + config.length;
  writer.uint32(0); // version and flags
  writeDescriptor(
    writer,
    DescriptorTag.stream,
    3 + 2 * DESCRIPTOR_HEADER_BYTES + decoderConfigBytes + 1,
  );
  writer.uint16(0).uint8(0); // ES_ID, flags
  writeDescriptor(writer, DescriptorTag.decoderConfig, decoderConfigBytes);
  writer.uint8(OBJECT_TYPE_MPEG4_AUDIO).uint8(STREAM_TYPE_AUDIO);
  writer.zeros(11); // buffer size and bit rates: not known
  writeDescriptor(writer, DescriptorTag.decoderSpecific, config.length);
  writer.bytes(config);
  writeDescriptor(writer, DescriptorTag.syncLayer, 1);
  return writer.uint8(2).toBytes(); // predefined: MP4
}

/** Tag and size; the size in the four-byte form that all readers know. */
function writeDescriptor(writer: BoxWriter, tag: number, sizeBytes: number): void {
  writer.uint8(tag).uint8(0x80).uint8(0x80);
  writer.uint8(0x80 | (sizeBytes >> 7)).uint8(sizeBytes & 0x7f);
}
