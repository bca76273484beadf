// Finds the newest whole key frame that the ring of a track holds.
import { AccessUnitAssembler } from '../../core/rtp/access-unit-assembler.ts';
import { PacketFlag } from '../../core/rtp/packet-sink.ts';
import { RTP_HEADER_BYTES, RtpPacket } from '../../core/rtp/rtp-packet.ts';
import type { Track } from '../../core/stream/track.ts';
import { JpegFrameBuilder } from './jpeg-frame-builder.ts';

/** Units of a key frame, or a JPEG file in one piece. */
export interface FoundKeyFrame {
  /** Extended sequence number of its first packet: tells key frames of a stream apart. */
  readonly sequence: number;
  /** Monotonic ms. */
  readonly arrivedMs: number;
  readonly units: readonly Uint8Array[];
}

/** Key frames that are looked at before giving up: the newest may still be on its way or be damaged. */
const MAX_CANDIDATES = 3;

/**
 * Codecs without access units have none: undefined as for a ring that holds no whole key frame.
 * Frames of Motion JPEG come back as one unit, a JPEG file.
 */
export function findNewestKeyFrame(track: Track): FoundKeyFrame | undefined {
  const { ring } = track;
  if (ring.newestKeyFrame < ring.tail) return undefined;
  let candidates = 0;
  for (let sequence = ring.newestKeyFrame; sequence >= ring.tail; sequence--) {
    const slot = ring.slotOf(sequence);
    if (((ring.flags[slot] ?? 0) & PacketFlag.keyFrameStart) === 0) continue;
    const units = assemble(track, sequence);
    if (units) return { sequence, arrivedMs: ring.arrivalsMs[slot] ?? 0, units };
    if (++candidates === MAX_CANDIDATES) return undefined;
  }
  return undefined;
}

/** Units of the frame that begins at `first`; undefined when it is incomplete or damaged. */
function assemble(track: Track, first: number): readonly Uint8Array[] | undefined {
  const { ring, codec } = track;
  const packet = new RtpPacket();
  const sink = createSink(codec.name === 'M-JPEG' ? undefined : track);
  for (let sequence = first; sequence < ring.head; sequence++) {
    const slot = ring.slotOf(sequence);
    const length = ring.lengths[slot] ?? 0;
    const offset = ring.offsets[slot] ?? 0;
    const isStart = ((ring.flags[slot] ?? 0) & PacketFlag.accessUnitStart) !== 0;
    if (length <= RTP_HEADER_BYTES) return undefined;
    // Without a marker the frame ends where the next one begins.
    if (isStart && sequence > first) return sink.flush();
    if (!packet.parse(ring.bytes.subarray(offset, offset + length))) return undefined;
    sink.push(packet);
    if (sink.isOver) return sink.units;
  }
  return undefined;
}

interface FrameSink {
  readonly isOver: boolean;
  readonly units: readonly Uint8Array[] | undefined;
  push(packet: RtpPacket): void;
  /** Ends the frame; returns its units when it is whole. */
  flush(): readonly Uint8Array[] | undefined;
}

function createSink(track: Track | undefined): FrameSink {
  if (!track) return new JpegFrameBuilder();
  const sink = {
    isOver: false,
    units: undefined as readonly Uint8Array[] | undefined,
    push: (packet: RtpPacket) => assembler.push(packet),
    flush: () => {
      assembler.flush();
      return sink.units;
    },
  };
  const assembler = new AccessUnitAssembler(track.codec, {
    onAccessUnit: ({ units, isKeyFrame }) => {
      sink.isOver = true;
      if (isKeyFrame) sink.units = units;
    },
    onDamaged: () => {
      sink.isOver = true;
    },
  });
  return sink;
}
