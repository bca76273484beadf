// StreamMuxConfig of LATM (ISO/IEC 14496-3 section 1.7.3), as MP4A-LATM carries it in `config=` (RFC 6416).
import { BitReader } from '../codec/bit-reader.ts';
import { BitWriter } from '../codec/bit-writer.ts';
import { AacObjectType, parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';

const MAX_CONFIG_BYTES = 256;
/** syncExtensionType that announces SBR. */
const SYNC_EXTENSION = 0x2b7;
/** Object types with a plain GASpecificConfig. */
const SIMPLE_TYPES: readonly number[] = [
  AacObjectType.main,
  AacObjectType.lc,
  AacObjectType.ssr,
  AacObjectType.ltp,
];

/**
 * The AudioSpecificConfig inside a StreamMuxConfig. Undefined unless there is one program with one
 * layer of byte-long frames and nothing else multiplexed: then each AudioMuxElement is a row of
 * byte-aligned frames.
 */
export function audioSpecificConfigOfLatm(streamMuxConfig: Uint8Array): Uint8Array | undefined {
  if (streamMuxConfig.length > MAX_CONFIG_BYTES) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(streamMuxConfig);
  const version = reader.readBit();
  if (version === 1) {
    if (reader.readFlag()) return undefined; // audioMuxVersionA
    readLatmValue(reader); // taraBufferFullness
  }
  const isSameTimeFraming = reader.readFlag();
  reader.readBits(6); // numSubFrames: frames are read until the element ends
  const programs = reader.readBits(4);
  const layers = reader.readBits(3);
  if (!isSameTimeFraming || programs > 0 || layers > 0) return undefined;
  const announcedBits = version === 1 ? readLatmValue(reader) : undefined;
  const startBit = streamMuxConfig.length * 8 - reader.bitsLeft;
  const bits = announcedBits ?? configBits(streamMuxConfig, startBit);
  if (bits === undefined || bits > MAX_CONFIG_BYTES * 8) return undefined;
  const config = copyBits(streamMuxConfig, startBit, bits);
  reader.skipBits(bits + (version === 0 ? extensionBits(streamMuxConfig, startBit + bits) : 0));
  if (reader.bitsLeft <= 0) return undefined;
  if (reader.readBits(3) !== 0) return undefined; // frameLengthType
  reader.readBits(8); // latmBufferFullness
  // GStreamer writes so little behind the configuration that this flag may be missing.
  const hasOtherData = reader.readFlag();
  if (reader.isOverrun ? version === 1 : hasOtherData) return undefined;
  return parseAudioSpecificConfig(config) === undefined ? undefined : config;
}

/** A StreamMuxConfig around an AudioSpecificConfig; undefined when that one is not plain AAC. */
export function latmConfigOf(audioSpecificConfig: Uint8Array): Uint8Array | undefined {
  const bits = configBits(audioSpecificConfig, 0);
  if (bits === undefined) return undefined;
  const writer = new BitWriter();
  writer.writeBits(0, 1); // audioMuxVersion
  writer.writeBits(1, 1); // allStreamsSameTimeFraming
  writer.writeBits(0, 6 + 4 + 3); // one frame, one program, one layer
  appendBits(writer, audioSpecificConfig, { startBit: 0, bits });
  writer.writeBits(0, 3); // frameLengthType: whole bytes, length in the payload
  writer.writeBits(0xff, 8); // latmBufferFullness: variable rate
  writer.writeBits(0, 2); // otherDataPresent, crcCheckPresent
  return writer.toBytes();
}

/** Length in bits of the AudioSpecificConfig at `startBit`: version 0 does not announce it. */
function configBits(bytes: Uint8Array, startBit: number): number | undefined {
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(bytes);
  reader.skipBits(startBit);
  const before = reader.bitsLeft;
  let objectType = reader.readBits(5);
  skipSampleRate(reader);
  const channelConfig = reader.readBits(4);
  if (objectType === AacObjectType.sbr || objectType === AacObjectType.ps) {
    skipSampleRate(reader);
    objectType = reader.readBits(5);
  }
  if (channelConfig === 0 || !SIMPLE_TYPES.includes(objectType)) return undefined;
  reader.readBit(); // frameLengthFlag
  if (reader.readFlag()) reader.skipBits(14); // coreCoderDelay
  reader.readBit(); // extensionFlag, without content for these types
  return reader.isOverrun ? undefined : before - reader.bitsLeft;
}

/**
 * Length in bits of the backward compatible SBR extension at `startBit`, as GStreamer writes it
 * behind an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1, syncExtensionType); 0 without one.
 */
function extensionBits(bytes: Uint8Array, startBit: number): number {
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(bytes);
  reader.skipBits(startBit);
  const before = reader.bitsLeft;
  if (reader.readBits(11) !== SYNC_EXTENSION || reader.readBits(5) !== AacObjectType.sbr) return 0;
  if (reader.readFlag()) skipSampleRate(reader);
  return reader.isOverrun ? 0 : before - reader.bitsLeft;
}

function skipSampleRate(reader: BitReader): void {
  if (reader.readBits(4) === 15) reader.skipBits(24);
}

/** LatmGetValue(), ISO/IEC 14496-3 table 1.43: one to four bytes. */
function readLatmValue(reader: BitReader): number {
  return reader.readBits((reader.readBits(2) + 1) * 8);
}

function copyBits(bytes: Uint8Array, startBit: number, bits: number): Uint8Array {
  const writer = new BitWriter();
  appendBits(writer, bytes, { startBit, bits });
  return writer.toBytes();
}

function appendBits(
  writer: BitWriter,
  bytes: Uint8Array,
  range: { readonly startBit: number; readonly bits: number },
): void {
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(bytes);
  reader.skipBits(range.startBit);
  for (let index = 0; index < range.bits; index++) writer.writeBits(reader.readBit(), 1);
}
