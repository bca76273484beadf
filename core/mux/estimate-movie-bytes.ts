// Guesses how large the index of a file will become, so that room for it can be kept at its start.
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Codec } from '../codec/codec.ts';
import { parseH264Sps } from '../codec/h264-sps.ts';
import type { MuxTrack } from './container-writer.ts';

const FIXED_BYTES = 2048;
const BYTES_PER_TRACK = 1024;
const SIZE_ENTRY_BYTES = 4;
const RUN_ENTRY_BYTES = 8;
/** Per part, usually one second: offset (up to 8) and samples (12) of a chunk, a key frame. */
const BYTES_PER_PART = 24;
const DEFAULT_FRAMES_PER_SECOND = 30;
const MARGIN = 1.15;

/**
 * Bytes of a full movie box, rather more than less: cameras whose frame times jitter need an entry
 * for each duration.
 */
export function estimateMovieBytes(tracks: readonly MuxTrack[], durationMs: number): number {
  const seconds = durationMs > 0 ? durationMs / 1000 : 0;
  const perSecond = tracks.reduce((sum, { codec }) => sum + bytesPerSecond(codec), 0);
  return Math.ceil(FIXED_BYTES + tracks.length * BYTES_PER_TRACK + seconds * perSecond * MARGIN);
}

function bytesPerSecond(codec: Codec): number {
  return BYTES_PER_PART + samplesPerSecond(codec) * bytesPerSample(codec);
}

function bytesPerSample(codec: Codec): number {
  switch (codec.name) {
    case 'H264':
    case 'H265':
      return SIZE_ENTRY_BYTES + RUN_ENTRY_BYTES + (mayReorder(codec) ? RUN_ENTRY_BYTES : 0);
    case 'VP8':
    case 'VP9':
    case 'AV1':
      return SIZE_ENTRY_BYTES + RUN_ENTRY_BYTES;
    default:
      // Sound has steady durations but for gaps.
      return SIZE_ENTRY_BYTES + 1;
  }
}

function mayReorder(codec: Codec): boolean {
  if (codec.name !== 'H264') return true;
  const sps = codec.sps && parseH264Sps(codec.sps);
  // Baseline has no B-frames.
  return sps?.profileIdc !== 66 && sps?.maxReorderFrames !== 0;
}

function samplesPerSecond(codec: Codec): number {
  switch (codec.name) {
    case 'H264':
      return (codec.sps && parseH264Sps(codec.sps)?.frameRate) ?? DEFAULT_FRAMES_PER_SECOND;
    case 'MPEG-4 Audio': {
      const parsed = parseAudioSpecificConfig(codec.config);
      return (parsed?.sampleRateHz ?? codec.sampleRateHz) / (parsed?.samplesPerFrame ?? 1024);
    }
    case 'Opus':
    case 'LPCM':
      return 50;
    default:
      return DEFAULT_FRAMES_PER_SECOND;
  }
}
