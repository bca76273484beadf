// Writes sample entry boxes, ISO/IEC 14496-12 sections 12.1.3 and 12.2.3.
import { BoxWriter } from './box-writer.ts';

/** A sample entry of a video track. */
export interface VisualSampleEntry {
  /** Four characters, e.g. `avc1`. */
  readonly type: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Type and content of the decoder configuration box. */
  readonly configuration: { readonly type: string; readonly body: Uint8Array };
}

/** A sample entry of an audio track. */
export interface AudioSampleEntry {
  readonly type: string;
  readonly channelCount: number;
  readonly sampleRateHz: number;
  readonly bitDepth: number;
  /** Absent for PCM. */
  readonly configuration?: { readonly type: string; readonly body: Uint8Array };
}

const DATA_REFERENCE_INDEX = 1;
const RESOLUTION_72_DPI = 0x00480000;
const DEPTH_24 = 0x0018;
const MAX_FIXED_POINT_RATE_HZ = 0xffff;

/** The entry box with its configuration. */
export function buildVisualSampleEntry(entry: VisualSampleEntry): Uint8Array {
  const writer = new BoxWriter(128 + entry.configuration.body.length);
  writer.open(entry.type).zeros(6).uint16(DATA_REFERENCE_INDEX).zeros(16);
  writer.uint16(entry.widthPixels).uint16(entry.heightPixels);
  writer.uint32(RESOLUTION_72_DPI).uint32(RESOLUTION_72_DPI).uint32(0);
  writer.uint16(1).zeros(32).uint16(DEPTH_24).uint16(0xffff); // frames per sample, name, depth
  writer.open(entry.configuration.type).bytes(entry.configuration.body).close();
  return writer.close().toBytes();
}

/** The entry box; a rate above 65535 Hz has no room in it, readers then take the track's timescale. */
export function buildAudioSampleEntry(entry: AudioSampleEntry): Uint8Array {
  const { configuration, sampleRateHz } = entry;
  const writer = new BoxWriter(64 + (configuration?.body.length ?? 0));
  const storedRateHz = sampleRateHz > MAX_FIXED_POINT_RATE_HZ ? 0 : sampleRateHz;
  writer.open(entry.type).zeros(6).uint16(DATA_REFERENCE_INDEX).zeros(8);
  writer.uint16(entry.channelCount).uint16(entry.bitDepth).uint32(0);
  writer.uint32(storedRateHz * 0x10000);
  if (configuration) writer.open(configuration.type).bytes(configuration.body).close();
  return writer.close().toBytes();
}
