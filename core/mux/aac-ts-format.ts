// AAC in MPEG-TS as ADTS frames, ISO/IEC 13818-1 table 2-34 and 14496-3 section 1.A.3.2.
import { MediaError } from '../base/media-error.ts';
import { ADTS_HEADER_BYTES, AdtsHeaderWriter } from '../codec/aac-adts.ts';
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import type { MuxSample } from './container-writer.ts';
import type { TsFormat } from './ts-format.ts';

/** Frames too long for ADTS (above 8184 bytes, which no AAC needs) are left out. */
export class AacTsFormat implements TsFormat {
  readonly kind = 'audio';
  readonly streamType = 0x0f;
  readonly streamId = 0xc0;
  readonly descriptors: readonly number[] = [];
  readonly #headers: AdtsHeaderWriter;

  /** @throws MediaError `unsupported` for configurations that ADTS cannot express. */
  constructor(codec: Mpeg4AudioCodec) {
    const headers = adtsHeadersFor(codec);
    if (headers === undefined) {
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `MPEG-4 Audio at ${codec.sampleRateHz} Hz with ${codec.channelCount} channels ` +
          'in a configuration without ADTS; MPEG-TS file',
      );
    }
    this.#headers = headers;
  }

  append({ units }: MuxSample, chunks: Uint8Array[]): number {
    let sizeBytes = 0;
    for (const unit of units) {
      const header = new Uint8Array(ADTS_HEADER_BYTES);
      if (unit.length === 0 || this.#headers.write(header, 0, unit.length) === 0) continue;
      chunks.push(header, unit);
      sizeBytes += header.length + unit.length;
    }
    return sizeBytes;
  }
}

/** A writer of headers; undefined when ADTS cannot express the configuration. */
export function adtsHeadersFor(codec: Mpeg4AudioCodec): AdtsHeaderWriter | undefined {
  const config = parseAudioSpecificConfig(codec.config);
  const headers = config && new AdtsHeaderWriter(config);
  return headers?.isPossible === true ? headers : undefined;
}
