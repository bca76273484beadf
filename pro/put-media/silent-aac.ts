// AAC frames in which nothing is heard, ISO/IEC 14496-3 section 4.4.2: what fills holes of a sound track.
import { parseAudioSpecificConfig } from '../../core/codec/audio-specific-config.ts';
import { BitWriter } from '../../core/codec/bit-writer.ts';

/** Silence for one decoder configuration. */
export interface SilentAac {
  readonly frame: Uint8Array;
  readonly frameMs: number;
}

type Element = 'single' | 'pair' | 'low';

const ELEMENT_ID: Readonly<Record<Element, number>> = { single: 0, pair: 1, low: 3 };
const END_ID = 7;
/** Elements by channelConfiguration, ISO/IEC 14496-3 table 1.19. */
const ELEMENTS: readonly (readonly Element[])[] = [
  [],
  ['single'],
  ['pair'],
  ['single', 'pair'],
  ['single', 'pair', 'single'],
  ['single', 'pair', 'pair'],
  ['single', 'pair', 'pair', 'low'],
  ['single', 'pair', 'pair', 'pair', 'low'],
];
/** Main, LC, SSR and LTP share the syntax of a frame without any band. */
const MAX_OBJECT_TYPE = 4;

/** Undefined where frames can't be made: channels described in band, error resilient coders. */
export function silentAacFor(config: Uint8Array): SilentAac | undefined {
  const parsed = parseAudioSpecificConfig(config);
  if (parsed === undefined || parsed.objectType > MAX_OBJECT_TYPE) return undefined;
  const elements = ELEMENTS[parsed.channelConfig] ?? [];
  if (elements.length === 0) return undefined;
  const frameMs = (parsed.samplesPerFrame * 1000) / parsed.sampleRateHz;
  return { frame: silentFrame(elements), frameMs };
}

function silentFrame(elements: readonly Element[]): Uint8Array {
  const writer = new BitWriter();
  const counts: Record<Element, number> = { single: 0, pair: 0, low: 0 };
  for (const element of elements) {
    writer.writeBits(ELEMENT_ID[element], 3);
    writer.writeBits(counts[element]++, 4); // element_instance_tag
    if (element === 'pair') {
      writer.writeBits(1, 1); // common_window
      writeWindow(writer);
      writer.writeBits(0, 2); // ms_mask_present
      writeChannel(writer, false);
      writeChannel(writer, false);
    } else {
      writeChannel(writer, true);
    }
  }
  writer.writeBits(END_ID, 3);
  return writer.toBytes();
}

/** ics_info: reserved bit, one long window of sine shape, no band, no prediction. */
function writeWindow(writer: BitWriter): void {
  writer.writeBits(0, 1 + 2 + 1 + 6 + 1);
}

/** individual_channel_stream without any band: gain, then no pulses, no noise shaping, no gain control. */
function writeChannel(writer: BitWriter, hasWindow: boolean): void {
  writer.writeBits(0, 8);
  if (hasWindow) writeWindow(writer);
  writer.writeBits(0, 3);
}
