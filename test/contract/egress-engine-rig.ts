// What the suite of egress engines works with: a socket that keeps packets, a ring to fill, viewers that decrypt.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/base/clock.ts';
import type {
  EgressEngine,
  EgressProfile,
  EgressSocket,
  EgressViewer,
  TrackHandle,
  ViewerCounters,
  ViewerHandle,
} from '../../core/egress/egress-engine.ts';
import { SrtcpReceiver } from '../../core/egress/srtcp-receiver.ts';
import { deriveSrtpKeys } from '../../core/egress/srtp-key-derivation.ts';
import { SrtpReceiver } from '../../core/egress/srtp-receiver.ts';
import { SrtpWorkspace } from '../../core/egress/srtp-workspace.ts';
import { PacketFlag } from '../../core/rtp/packet-sink.ts';
import { TrackRing, type TrackRingOptions } from '../../core/stream/track-ring.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Makes the engine under test. */
export type EngineFactory = (components: {
  readonly socket: EgressSocket<string>;
  readonly clock: Clock;
}) => EgressEngine<string>;

/** Both SRTP profiles; every engine has them. */
export const PROFILES: readonly EgressProfile[] = [1, 7];

/** Ticks between frames: 25 per second at 90 kHz. */
export const FRAME_TICKS = 3600;
export const FRAME_MS = 40;
const CLOCK_RATE_HZ = 90_000;
const FIRST_TICKS = 0xffff_0000;
const PAYLOAD_HEADER_BYTES = 8;

/** A network that keeps what it gets; addresses are names. */
export class FakeEgressSocket implements EgressSocket<string> {
  readonly packets: { readonly address: string; readonly bytes: Uint8Array }[] = [];
  isFull = false;
  /** Packets that the network takes before it is full. */
  room = Infinity;
  /** Addresses that take nothing. */
  readonly refusing = new Set<string>();
  /** Called during each send, as a socket calls whoever owns a connection that just broke. */
  onSend: ((address: string) => void) | undefined;
  /** Whether to keep a packet; for floods. */
  keeps: (bytes: Uint8Array) => boolean = () => true;

  sendTo(address: string, bytes: Uint8Array): boolean {
    if (this.isCongested() || this.refusing.has(address)) return false;
    this.room--;
    if (this.keeps(bytes)) this.packets.push({ address, bytes: Uint8Array.from(bytes) });
    this.onSend?.(address);
    return true;
  }

  isCongested(): boolean {
    return this.isFull || this.room <= 0;
  }

  /** Packets sent to an address since the last call. */
  take(address: string): Uint8Array[] {
    const taken: Uint8Array[] = [];
    const left = this.packets.filter((packet) => {
      if (packet.address === address) taken.push(packet.bytes);
      return packet.address !== address;
    });
    this.packets.splice(0, this.packets.length, ...left);
    return taken;
  }
}

/** A received packet after decryption. */
export interface PlainPacket {
  readonly sequenceNumber: number;
  readonly timestampTicks: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly extension: Buffer;
  readonly payload: Buffer;
}

/** Splits a plain RTP packet, extension block and all. */
export function readPlain(bytes: Uint8Array): PlainPacket {
  const packet = Buffer.from(bytes);
  assert.equal(packet.readUInt8(0) & 0xef, 0x80, 'version 2, no padding, no CSRC');
  const hasExtension = (packet.readUInt8(0) & 0x10) !== 0;
  const end = hasExtension ? 16 + packet.readUInt16BE(14) * 4 : 12;
  return {
    sequenceNumber: packet.readUInt16BE(2),
    timestampTicks: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payloadType: packet.readUInt8(1) & 0x7f,
    isMarked: packet.readUInt8(1) > 0x7f,
    extension: packet.subarray(12, end),
    payload: packet.subarray(end),
  };
}

/** Ring sequence that the packet was written as. */
export function ringSequenceOf(packet: PlainPacket): number {
  return packet.payload.readUInt32BE(0);
}

/** Number of the frame that the packet belongs to. */
export function frameOf(packet: PlainPacket): number {
  return packet.payload.readUInt32BE(4);
}

/** Frame numbers of the packets, each once. */
export function framesOf(packets: readonly PlainPacket[]): number[] {
  return [...new Set(packets.map(frameOf))];
}

/** Differences of neighbors, modulo 2^bits. */
export function steps(values: readonly number[], bits: 16 | 32): number[] {
  const span = 2 ** bits;
  return values.slice(1).map((value, i) => (value - (values[i] ?? 0) + span) % span);
}

/** One viewer with its keys and receivers. */
export class ViewerRig {
  readonly handle: ViewerHandle;
  readonly description: EgressViewer<string>;
  readonly #rig: EgressRig;
  readonly #srtp: SrtpReceiver;
  readonly #srtcp: SrtcpReceiver;

  constructor(rig: EgressRig, track: TrackHandle, description: EgressViewer<string>) {
    this.#rig = rig;
    this.description = description;
    const keys = deriveSrtpKeys(description);
    const workspace = new SrtpWorkspace();
    this.#srtp = new SrtpReceiver(keys, workspace);
    this.#srtcp = new SrtcpReceiver(keys, workspace);
    this.handle = rig.engine.addViewer(track, description);
  }

  /** Raw packets since the last call. */
  takeRaw(): Uint8Array[] {
    return this.#rig.socket.take(this.description.address);
  }

  /** Packets since the last call, decrypted: each must be authentic and new. */
  take(): PlainPacket[] {
    return this.takeRaw().map((bytes) => this.open(bytes));
  }

  open(bytes: Uint8Array): PlainPacket {
    const plain = this.#srtp.unprotect(bytes);
    assert.ok(plain, `refused: ${JSON.stringify(this.#srtp.stats)}`);
    return readPlain(plain);
  }

  openRtcp(bytes: Uint8Array): Buffer {
    const plain = this.#srtcp.unprotect(bytes);
    assert.ok(plain, `refused: ${JSON.stringify(this.#srtcp.stats)}`);
    return Buffer.from(plain);
  }

  get counters(): ViewerCounters {
    const counters = emptyCounters();
    this.#rig.engine.readCounters(this.handle, counters);
    return counters;
  }

  nack(...sequenceNumbers: number[]): void {
    const list = Uint16Array.from(sequenceNumbers);
    this.#rig.engine.retransmit(this.handle, list, list.length);
  }
}

/** What `TrackRig.frame` writes; one packet of 100 bytes, not a key frame, unless said. */
export interface FrameOptions {
  readonly packets?: number;
  readonly isKeyFrame?: boolean;
  readonly payloadBytes?: number;
  /** Leaves the frame without its last packet's end mark: more of it comes later. */
  readonly isOpen?: boolean;
  /** Writes into the frame before, whose end was left open. */
  readonly continues?: boolean;
}

/** A ring and its handle in the engine. */
export class TrackRig {
  readonly ring: TrackRing;
  readonly handle: TrackHandle;
  /** Frames begun so far. */
  frames = 0;
  /** Source timestamp of the frame begun last. */
  ticks = FIRST_TICKS;
  readonly #rig: EgressRig;

  constructor(rig: EgressRig, isVideo: boolean, ringOptions: Partial<TrackRingOptions>) {
    this.#rig = rig;
    this.ring = new TrackRing({
      ...{ payloadType: 96, ssrc: 0x01020304, interleavedChannel: 0, firstSequence: 1000 },
      ...{ initialBytes: 1 << 16, maxBytes: 1 << 22, initialPackets: 256, minHistoryMs: 5000 },
      ...ringOptions,
    });
    this.handle = rig.engine.openTrack({ ring: this.ring, clockRateHz: CLOCK_RATE_HZ, isVideo });
  }

  /** Writes one frame without publishing it. */
  frame(options: FrameOptions = {}): void {
    const { packets = 1, isKeyFrame = false, payloadBytes = 100 } = options;
    if (options.continues !== true) {
      this.frames++;
      this.ticks = (this.ticks + FRAME_TICKS) >>> 0;
    }
    for (let packet = 0; packet < packets; packet++) {
      const isFirst = packet === 0 && options.continues !== true;
      const isLast = packet === packets - 1 && options.isOpen !== true;
      const keyFlag = isKeyFrame && isFirst ? PacketFlag.keyFrameStart : 0;
      const flags = keyFlag | (isLast ? PacketFlag.accessUnitEnd : 0);
      this.#write(payloadBytes, flags);
    }
  }

  /** Writes a frame, publishes it and lets its time pass. */
  play(options: FrameOptions = {}, count = 1): void {
    for (let i = 0; i < count; i++) {
      this.frame(options);
      this.publish();
      this.#rig.clock.advance(FRAME_MS);
    }
  }

  publish(): void {
    this.#rig.engine.publish(this.handle);
  }

  addViewer(overrides: Partial<EgressViewer<string>> = {}): ViewerRig {
    return new ViewerRig(this.#rig, this.handle, this.#rig.describeViewer(overrides));
  }

  /** Ring timestamp of the frame begun last. */
  get ringTicks(): number {
    return (this.ticks + this.ring.timestampOffsetTicks) >>> 0;
  }

  #write(payloadBytes: number, flags: number): void {
    const { ring } = this;
    ring.nowMs = this.#rig.clock.monotonicMs();
    const length = Math.max(PAYLOAD_HEADER_BYTES, payloadBytes);
    const offset = ring.reserve(length);
    ring.bytes.fill(ring.head, offset, offset + length);
    ring.bytes.writeUInt32BE(ring.head, offset);
    ring.bytes.writeUInt32BE(this.frames, offset + 4);
    ring.commit(this.ticks, (flags & PacketFlag.accessUnitEnd) !== 0, flags);
  }
}

/** One engine with fake time and network. */
export class EgressRig {
  readonly clock = new FakeClock();
  readonly socket = new FakeEgressSocket();
  readonly engine: EgressEngine<string>;
  readonly profile: EgressProfile;
  #viewers = 0;

  constructor(createEngine: EngineFactory, profile: EgressProfile = 1) {
    this.engine = createEngine({ socket: this.socket, clock: this.clock });
    this.profile = profile;
  }

  openVideo(ringOptions: Partial<TrackRingOptions> = {}): TrackRig {
    return new TrackRig(this, true, ringOptions);
  }

  openAudio(): TrackRig {
    return new TrackRig(this, false, {});
  }

  /** A viewer with keys, SSRC and address of its own. */
  describeViewer(overrides: Partial<EgressViewer<string>> = {}): EgressViewer<string> {
    const profile = overrides.profile ?? this.profile;
    this.#viewers++;
    return {
      address: `viewer-${this.#viewers}`,
      profile,
      masterKey: randomBytes(16),
      masterSalt: randomBytes(profile === 1 ? 14 : 12),
      ssrc: 0xa000_0000 + this.#viewers,
      payloadType: 102,
      ...overrides,
    };
  }
}

/** Counters to be filled. */
export function emptyCounters(): ViewerCounters {
  return {
    ...{ packetsSent: 0, octetsSent: 0, packetsRetransmitted: 0, packetsDropped: 0, skips: 0 },
    ...{ hasStarted: false, timestampOffsetTicks: 0 },
  };
}
