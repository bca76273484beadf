// By how many pictures the sending order of a video track differs from the showing order.
import type { Codec } from '../codec/codec.ts';
import { parseH264Sps } from '../codec/h264-sps.ts';
import { parseH265Sps } from '../codec/h265-sps.ts';
import { PacketFlag } from '../rtp/packet-sink.ts';
import type { TrackRing } from '../stream/track-ring.ts';
import { DecodeTimes, type DecodeTimesOptions } from './decode-times.ts';

const DEFAULT_FRAME_RATE = 25;
const H264_BASELINE = 66;

/**
 * What the parameter sets promise; where they are silent (H.264 without bitstream restriction),
 * what the packets `[from, head)` of the ring show.
 */
export function reorderOf(codec: Codec, ring: TrackRing, from: number): DecodeTimesOptions {
  const ticksOf = (frameRate: number): number => codec.clockRateHz / frameRate;
  if (codec.name === 'H265') {
    const sps = codec.sps && parseH265Sps(codec.sps);
    return { depth: sps?.maxReorderFrames ?? 0, frameTicks: ticksOf(DEFAULT_FRAME_RATE) };
  }
  if (codec.name !== 'H264') return { depth: 0, frameTicks: ticksOf(DEFAULT_FRAME_RATE) };
  const sps = codec.sps && parseH264Sps(codec.sps);
  const promised = sps?.profileIdc === H264_BASELINE ? 0 : sps?.maxReorderFrames;
  return {
    depth: promised ?? observedDepth(ring, from),
    frameTicks: ticksOf(sps?.frameRate ?? DEFAULT_FRAME_RATE),
  };
}

function observedDepth(ring: TrackRing, from: number): number {
  const times = new DecodeTimes({ depth: 0, frameTicks: 1 });
  let last = 0;
  let ticks = 0;
  for (let sequence = Math.max(from, ring.tail); sequence < ring.head; sequence++) {
    const slot = ring.slotOf(sequence);
    if (((ring.flags[slot] ?? 0) & PacketFlag.accessUnitStart) === 0) continue;
    const next = ring.timestamps[slot] ?? 0;
    ticks += (next - last) | 0;
    last = next;
    times.next(ticks);
  }
  return times.depth;
}
