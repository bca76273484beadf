// The names that codecs have in MP4 files.
import type { CodecName } from '../codec/codec.ts';

const CODEC_NAMES: ReadonlyMap<string, CodecName> = new Map<string, CodecName>([
  ['avc1', 'H264'],
  ['avc3', 'H264'],
  ['hvc1', 'H265'],
  ['hev1', 'H265'],
  ['av01', 'AV1'],
  ['vp08', 'VP8'],
  ['vp09', 'VP9'],
  ['mp4a', 'MPEG-4 Audio'],
  ['Opus', 'Opus'],
  ['twos', 'LPCM'],
  ['sowt', 'LPCM'],
  ['in24', 'LPCM'],
  ['raw ', 'LPCM'],
  ['ipcm', 'LPCM'],
]);

/** Our name for the type of a sample entry. */
export function codecNameOf(sampleEntryType: string): CodecName | undefined {
  return CODEC_NAMES.get(sampleEntryType);
}
