// Reads and builds AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1.
import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';

/** audioObjectType values that matter here, ISO/IEC 14496-3 table 1.17. */
export const AacObjectType = { main: 1, lc: 2, ssr: 3, ltp: 4, sbr: 5, ps: 29 } as const;

/** The configuration of an AAC decoder. */
export interface AudioSpecificConfig {
  /** Object type of the core coder, e.g. 2 for AAC-LC, also under SBR. */
  readonly objectType: number;
  /** Rate of the core coder; under SBR the output usually has twice of it. */
  readonly sampleRateHz: number;
  /** channelConfiguration, 0..15; 0 when the channels are described in a program config element. */
  readonly channelConfig: number;
  /** Channels of the core coder. */
  readonly channelCount: number;
  /** Rate after spectral band replication, when signalled (HE-AAC). */
  readonly extensionSampleRateHz?: number;
  /** Parametric stereo (HE-AAC v2): one core channel becomes two. */
  readonly hasParametricStereo: boolean;
  /** 1024, or 960 with the short frame length. */
  readonly samplesPerFrame: number;
}

const SAMPLE_RATES_HZ: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const EXPLICIT_RATE = 15;
const CHANNEL_COUNTS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8];
const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;
/** Object types whose configuration is a GASpecificConfig. */
const GENERAL_AUDIO: readonly number[] = [1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23];
const MAX_CONFIG_BYTES = 256;

/** Reads a configuration; undefined when it is cut short or names reserved values. */
export function parseAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig | undefined {
  if (bytes.length < 2 || bytes.length > MAX_CONFIG_BYTES) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(bytes);
  const firstType = readObjectType(reader);
  const sampleRateHz = readSampleRate(reader);
  const channelConfig = reader.readBits(4);
  const isExplicit = firstType === AacObjectType.sbr || firstType === AacObjectType.ps;
  let extensionSampleRateHz = isExplicit ? readSampleRate(reader) : undefined;
  let hasParametricStereo = firstType === AacObjectType.ps;
  const objectType = isExplicit ? readObjectType(reader) : firstType;
  let channelCount = CHANNEL_COUNTS[channelConfig] ?? 0;
  let samplesPerFrame = 1024;
  if (GENERAL_AUDIO.includes(objectType)) {
    if (reader.readFlag()) samplesPerFrame = 960;
    if (reader.readFlag()) reader.skipBits(14); // coreCoderDelay
    reader.readBit(); // extensionFlag
    if (channelConfig === 0) channelCount = readProgramChannels(reader);
    if (!isExplicit && !reader.isOverrun) {
      const extension = readSyncExtension(reader);
      extensionSampleRateHz = extension.sampleRateHz;
      hasParametricStereo = extension.hasParametricStereo;
    }
  }
  if (reader.isOverrun || sampleRateHz === 0 || channelCount === 0) return undefined;
  const config = { objectType, sampleRateHz, channelConfig, channelCount, samplesPerFrame };
  if (extensionSampleRateHz === undefined || extensionSampleRateHz === 0) {
    return { ...config, hasParametricStereo };
  }
  return { ...config, extensionSampleRateHz, hasParametricStereo };
}

/**
 * Builds a configuration for 1024-sample frames. `channelConfig` must not be 0 here: a program
 * config element is not written. SBR and PS are signalled explicitly, as object types 5 and 29.
 */
export function buildAudioSpecificConfig(
  config: Omit<AudioSpecificConfig, 'channelCount' | 'samplesPerFrame'>,
): Uint8Array {
  const writer = new BitWriter();
  const extensionRate = config.extensionSampleRateHz;
  if (extensionRate === undefined) {
    writeObjectType(writer, config.objectType);
    writeSampleRate(writer, config.sampleRateHz);
    writer.writeBits(config.channelConfig, 4);
  } else {
    writeObjectType(writer, config.hasParametricStereo ? AacObjectType.ps : AacObjectType.sbr);
    writeSampleRate(writer, config.sampleRateHz);
    writer.writeBits(config.channelConfig, 4);
    writeSampleRate(writer, extensionRate);
    writeObjectType(writer, config.objectType);
  }
  writer.writeBits(0, 3); // 1024 samples, no core coder, no extension
  return writer.toBytes();
}

function readObjectType(reader: BitReader): number {
  const type = reader.readBits(5);
  return type === 31 ? 32 + reader.readBits(6) : type;
}

function writeObjectType(writer: BitWriter, type: number): void {
  if (type < 31) {
    writer.writeBits(type, 5);
  } else {
    writer.writeBits(31, 5);
    writer.writeBits(type - 32, 6);
  }
}

function readSampleRate(reader: BitReader): number {
  const index = reader.readBits(4);
  return index === EXPLICIT_RATE ? reader.readBits(24) : (SAMPLE_RATES_HZ[index] ?? 0);
}

function writeSampleRate(writer: BitWriter, rateHz: number): void {
  const index = SAMPLE_RATES_HZ.indexOf(rateHz);
  if (index >= 0) {
    writer.writeBits(index, 4);
  } else {
    writer.writeBits(EXPLICIT_RATE, 4);
    writer.writeBits(rateHz, 24);
  }
}

/** Channels of a program_config_element, ISO/IEC 14496-3 section 4.4.1.1. */
function readProgramChannels(reader: BitReader): number {
  reader.skipBits(4 + 2 + 4);
  const front = reader.readBits(4);
  const side = reader.readBits(4);
  const back = reader.readBits(4);
  const lowFrequency = reader.readBits(2);
  const associatedData = reader.readBits(3);
  const couplings = reader.readBits(4);
  if (reader.readFlag()) reader.skipBits(4); // mono_mixdown_element_number
  if (reader.readFlag()) reader.skipBits(4); // stereo_mixdown_element_number
  if (reader.readFlag()) reader.skipBits(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lowFrequency;
  for (let index = 0; index < front + side + back; index++) {
    channels += reader.readFlag() ? 2 : 1; // is_cpe
    reader.skipBits(4);
  }
  reader.skipBits((lowFrequency + associatedData) * 4 + couplings * 5);
  reader.alignToByte();
  reader.skipBits(reader.readBits(8) * 8); // comment
  return reader.isOverrun ? 0 : channels;
}

/** SBR and PS hidden behind the configuration so that old decoders do not see them. */
function readSyncExtension(reader: BitReader): {
  readonly sampleRateHz: number | undefined;
  readonly hasParametricStereo: boolean;
} {
  const none = { sampleRateHz: undefined, hasParametricStereo: false };
  if (reader.bitsLeft < 16 || reader.readBits(11) !== SYNC_EXTENSION_SBR) return none;
  if (readObjectType(reader) !== AacObjectType.sbr) return none;
  if (reader.bitsLeft < 5 || !reader.readFlag()) return none;
  const sampleRateHz = readSampleRate(reader);
  const hasParametricStereo =
    reader.bitsLeft >= 12 && reader.readBits(11) === SYNC_EXTENSION_PS && reader.readFlag();
  return { sampleRateHz, hasParametricStereo };
}
