// Writes H.264 and H.265 access units: parameter sets before each key frame, filler left out, ends marked.
import type { Codec } from '../codec/codec.ts';
import { NalBuffer } from './nal-buffer.ts';
import { NalKind, type NalFormat } from './nal-format.ts';
import { NalPacketWriter } from './nal-packet-writer.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { ParameterSets } from './parameter-sets.ts';
import { PayloadWriter } from './payload-writer.ts';
import { ReorderDetector } from './reorder-detector.ts';

const HELD_BYTES = 4096;

/**
 * Takes NAL units in order, whole or in pieces. Rules, each learned from a camera:
 *
 * - Parameter sets are never passed on where they come. They are kept by identifier and written
 *   once, in one aggregate, before the first slice of every key frame, and before other pictures
 *   that brought some along. So they are right when the source sends them in the SDP only, twice,
 *   under another timestamp, or one to a packet with a marker on each.
 * - What precedes the first slice of an access unit (SEI, prefix NAL units) waits for that slice,
 *   so that the first packet of a key frame carries `keyFrameStart`.
 * - An access unit starts when the timestamp changes, marker or not. A marker counts only once a
 *   slice was seen. When the marked NAL unit is one that is dropped (filler at the end), an empty
 *   filler NAL unit of two or three bytes takes its place, so that no reader waits a frame longer.
 * - A key frame is an access unit whose first slice is IDR (H.265: IRAP), or an H.264 I slice with
 *   a recovery point of 0 frames (open GOP); both only with all parameter sets known. Gradual
 *   intra refresh has no such point, so it has no key frames.
 */
export class NalAccessUnitWriter<C extends Codec> {
  /** Whether the NAL unit given next is the last of its access unit (the marker). */
  isMarked = false;
  readonly #format: NalFormat<C>;
  readonly #writer = new PayloadWriter();
  readonly #nals: NalPacketWriter<C>;
  readonly #sets: ParameterSets;
  readonly #held = new NalBuffer(HELD_BYTES);
  readonly #order = new ReorderDetector();
  #codec: C;
  #hasTimestamp = false;
  #hasSlice = false;
  #hasEnded = false;
  #hasNewSets = false;

  constructor(format: NalFormat<C>, codec: C) {
    this.#format = format;
    this.#nals = new NalPacketWriter(format, this.#writer);
    this.#sets = new ParameterSets(format.rankCount, (nal) => format.identify(nal));
    this.#codec = codec;
    this.restart(codec);
  }

  /** The codec with the parameter sets in force; a new object each time they change. */
  get codec(): C {
    return this.#codec;
  }

  get hasReorderedFrames(): boolean {
    return this.#order.hasReorderedFrames;
  }

  get hasBFrames(): boolean {
    return this.#order.hasBFrames;
  }

  attach(sink: PacketSink): void {
    this.#writer.attach(sink);
  }

  /** Whether a NAL unit with this timestamp starts another access unit. */
  isNewTimestamp(timestampTicks: number): boolean {
    return !this.#hasTimestamp || timestampTicks !== this.#writer.timestampTicks;
  }

  /** Starts an access unit. */
  startAt(timestampTicks: number): void {
    this.#writer.timestampTicks = timestampTicks;
    this.#hasTimestamp = true;
    this.#beginAccessUnit();
  }

  /** Takes one whole NAL unit; false when its type is not valid. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const isUnderstood = this.queue(bytes, start, end);
    this.flush();
    return isUnderstood;
  }

  /** As `write`, but waits for `flush`: the NAL units queued together may share packets. */
  queue(bytes: Uint8Array, start: number, end: number): boolean {
    const kind = this.#format.kindOf(this.#format.readHeader(bytes, start));
    switch (kind) {
      case NalKind.slice:
      case NalKind.keySlice:
        this.#beginSlice(kind, this.#readSlice(kind, bytes, start + this.#format.headerBytes));
        this.#nals.queue(bytes, start, end);
        return true;
      case NalKind.parameterSet:
        return this.#takeParameterSet(bytes, start, end);
      case NalKind.dropped:
        return true;
      case NalKind.other:
        this.#queueOther(bytes, start, end);
        return true;
      default:
        return false;
    }
  }

  /** Writes what was queued, with the marker if `isMarked`. */
  flush(): void {
    const hadEnded = this.#hasEnded;
    const isEnding = this.#takeEnding();
    if (this.#nals.hasQueued) {
      this.#nals.flush(isEnding);
      this.#held.clear();
    } else if (isEnding && !hadEnded) {
      const filler = this.#format.emptyFiller;
      this.#writer.isEnding = true;
      this.#writer.write(filler, 0, filler.length);
    }
  }

  /**
   * Whether the fragmented NAL unit with this header can be passed on in pieces; otherwise it has
   * to be put together for `write`.
   */
  canForward(header: number): boolean {
    const kind = this.#format.kindOf(header);
    if (kind === NalKind.other) return this.#hasSlice && !this.#hasEnded;
    return kind === NalKind.slice || kind === NalKind.keySlice;
  }

  /** Starts a NAL unit that comes in pieces; its slice header, if any, is at `start`. */
  begin(header: number, bytes: Uint8Array, start: number): void {
    const kind = this.#format.kindOf(header);
    if (kind !== NalKind.other) this.#beginSlice(kind, this.#readSlice(kind, bytes, start));
    this.#flushHeld();
    this.#nals.beginNal(header);
  }

  /** Adds a piece that more pieces follow. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#nals.appendNal(bytes, start, end);
  }

  /** Adds the last piece. */
  finish(bytes: Uint8Array, start: number, end: number): void {
    this.#writer.isEnding = this.#takeEnding();
    this.#nals.finishNal(bytes, start, end);
  }

  /** Drops what waits, leaves a hole. */
  noteLoss(): void {
    this.#nals.discardNal();
    this.#held.clear();
    this.#writer.leaveGap();
  }

  /** Forgets everything; parameter sets come from `codec`. */
  restart(codec: C): void {
    this.#sets.clear();
    for (const set of this.#format.setsOf(codec)) {
      if (set !== undefined) this.#sets.put(set, 0, set.length);
    }
    // Cameras announce wrong profile levels, and sets with start codes: what was read is true.
    const hasSets = this.#sets.items.length > 0;
    this.#codec = hasSets ? this.#format.withSets(codec, this.#sets.chainOf(0)) : codec;
    this.#nals.discardNal();
    this.#held.clear();
    this.#order.reset();
    this.#hasTimestamp = false;
    this.#hasSlice = false;
    this.#hasNewSets = false;
  }

  #beginAccessUnit(): void {
    this.#hasSlice = false;
    this.#hasEnded = false;
    this.#writer.flags = PacketFlag.accessUnitStart;
  }

  #takeEnding(): boolean {
    if (!this.isMarked || !this.#hasSlice) return false;
    this.isMarked = false;
    this.#hasEnded = true;
    return true;
  }

  #readSlice(kind: number, bytes: Uint8Array, start: number): boolean {
    return kind === NalKind.keySlice
      ? this.#format.readKeySlice(bytes, start, bytes.length)
      : this.#format.readSlice(bytes, start, bytes.length);
  }

  #beginSlice(kind: number, isRead: boolean): void {
    const isFirst = isRead && this.#format.isFirstSlice;
    // Frames with equal timestamps: told apart by the marker between them.
    if (this.#hasEnded && isFirst) this.#beginAccessUnit();
    if (this.#hasSlice) return;
    this.#hasSlice = true;
    const isKeyFrame =
      isFirst && this.#sets.isComplete && (kind === NalKind.keySlice || this.#isOpenGopStart());
    this.#order.note(this.#writer.timestampTicks, isKeyFrame);
    if (isKeyFrame) this.#writer.flags |= PacketFlag.keyFrameStart;
    if (isKeyFrame || this.#hasNewSets) this.#writeSets();
    this.#queueHeld();
  }

  #isOpenGopStart(): boolean {
    if (!this.#format.isIntraSlice) return false;
    const held = this.#held;
    for (let index = 0; index < held.count; index++) {
      const start = held.startOf(index);
      if (this.#format.isRecoveryPoint(held.bytes, start, held.endOf(index))) return true;
    }
    return false;
  }

  #takeParameterSet(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#hasEnded) this.#beginAccessUnit();
    if (this.#sets.put(bytes, start, end) === 'invalid') return false;
    this.#hasNewSets = true;
    return true;
  }

  #writeSets(): void {
    this.#hasNewSets = false;
    const chain = this.#sets.chainOf(this.#format.slicePpsId);
    const known = this.#format.setsOf(this.#codec);
    if (chain.some((set, rank) => set !== undefined && set !== known[rank])) {
      this.#codec = this.#format.withSets(this.#codec, chain);
    }
    for (const set of this.#sets.items) this.#nals.queue(set.bytes, 0, set.bytes.length);
    this.#nals.flush(false);
  }

  #queueOther(bytes: Uint8Array, start: number, end: number): void {
    if (this.#hasEnded) this.#beginAccessUnit();
    if (this.#hasSlice) {
      this.#nals.queue(bytes, start, end);
      return;
    }
    if (this.#held.add(bytes, start, end)) return;
    this.#queueHeld();
    this.#nals.queue(bytes, start, end);
    this.#flushHeld();
  }

  #queueHeld(): void {
    const held = this.#held;
    for (let index = 0; index < held.count; index++) {
      this.#nals.queue(held.bytes, held.startOf(index), held.endOf(index));
    }
  }

  #flushHeld(): void {
    this.#nals.flush(false);
    this.#held.clear();
  }
}
