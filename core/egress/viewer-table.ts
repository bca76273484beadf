// All viewers of an engine as rows of typed arrays: what the per-packet path reads and writes.
import { RetransmissionLimiter, type RetransmissionLimits } from './retransmission-limiter.ts';
import { OutputMap } from './output-map.ts';
import type { SrtcpProtector } from './srtcp-protector.ts';
import type { SrtpProtector } from './srtp-protector.ts';

/** Life of a row. A removed row is freed when no turn runs. */
export const ViewerState = { free: 0, waiting: 1, live: 2, removed: 3 } as const;

/** Payload type of a viewer without retransmission stream. */
export const NO_RTX = 0xff;

/** What a row keeps beside its numbers. */
export interface ViewerParts<Address> {
  address: Address;
  readonly protector: SrtpProtector;
  readonly rtcp: SrtcpProtector;
  /** Whole extension block, or undefined. */
  readonly headerExtension: Uint8Array | undefined;
  readonly onKeyFrameNeeded: (() => void) | undefined;
}

const FIRST_CAPACITY = 16;

/** Rows are small integers, reused after `free`. Growing replaces the arrays: never keep one. */
export class ViewerTable<Address> {
  /** Rows below this may be in use. */
  count = 0;
  state = new Uint8Array(FIRST_CAPACITY);
  track = new Int32Array(FIRST_CAPACITY);
  isPaused = new Uint8Array(FIRST_CAPACITY);
  /** Still behind the head after its last turn: only the pacing timer serves it. */
  isBehind = new Uint8Array(FIRST_CAPACITY);
  /** Ring sequence to send next. */
  next = new Float64Array(FIRST_CAPACITY);
  /** A waiting viewer begins at a key frame from here on. */
  waitFrom = new Float64Array(FIRST_CAPACITY);
  /** Whether the waiting began because the viewer lagged. */
  hasLagged = new Uint8Array(FIRST_CAPACITY);
  /** Until `next` reaches this, lag counts from `catchUpStartedMs`. */
  catchUpEnd = new Float64Array(FIRST_CAPACITY);
  catchUpStartedMs = new Float64Array(FIRST_CAPACITY);
  keyFrameAskedMs = new Float64Array(FIRST_CAPACITY);
  isKeyFrameWanted = new Uint8Array(FIRST_CAPACITY);
  firstIndex = new Float64Array(FIRST_CAPACITY);
  ssrc = new Uint32Array(FIRST_CAPACITY);
  payloadType = new Uint8Array(FIRST_CAPACITY);
  rtxSsrc = new Uint32Array(FIRST_CAPACITY);
  rtxPayloadType = new Uint8Array(FIRST_CAPACITY);
  /** SRTP index of the next retransmission packet. */
  rtxIndex = new Float64Array(FIRST_CAPACITY);
  timestampOffset = new Uint32Array(FIRST_CAPACITY);
  /** Outgoing timestamp of the newest media packet. */
  lastTimestamp = new Uint32Array(FIRST_CAPACITY);
  /** Whether the newest media packet ended its access unit. */
  hasEndedUnit = new Uint8Array(FIRST_CAPACITY);
  packetsSent = new Float64Array(FIRST_CAPACITY);
  octetsSent = new Float64Array(FIRST_CAPACITY);
  packetsRetransmitted = new Float64Array(FIRST_CAPACITY);
  packetsDropped = new Float64Array(FIRST_CAPACITY);
  skips = new Float64Array(FIRST_CAPACITY);
  readonly map = new OutputMap(FIRST_CAPACITY);
  readonly limiter: RetransmissionLimiter;
  readonly #parts: (ViewerParts<Address> | undefined)[] = [];
  readonly #freeRows: number[] = [];

  constructor(limits: RetransmissionLimits) {
    this.limiter = new RetransmissionLimiter(FIRST_CAPACITY, limits);
  }

  /** The parts of a row in use. */
  partsOf(row: number): ViewerParts<Address> | undefined {
    return this.#parts[row];
  }

  /** Whether the row holds a viewer that is not being removed. */
  isActive(row: number): boolean {
    const state = this.state[row];
    return state === ViewerState.waiting || state === ViewerState.live;
  }

  /** Takes a free row with everything zero. */
  allocate(parts: ViewerParts<Address>, nowMs: number): number {
    const row = this.#freeRows.pop() ?? this.count++;
    if (row >= this.state.length) this.#grow(this.state.length * 2);
    for (const column of this.#columns()) column[row] = 0;
    this.keyFrameAskedMs[row] = -Infinity;
    this.hasEndedUnit[row] = 1;
    this.state[row] = ViewerState.waiting;
    this.map.reset(row);
    this.limiter.reset(row, nowMs);
    this.#parts[row] = parts;
    return row;
  }

  /** Gives a row back and drops its keys. */
  free(row: number): void {
    this.state[row] = ViewerState.free;
    this.#parts[row] = undefined;
    this.#freeRows.push(row);
  }

  #columns(): (Uint8Array | Int32Array | Uint32Array | Float64Array)[] {
    return [
      ...[this.state, this.track, this.isPaused, this.isBehind, this.next, this.waitFrom],
      ...[this.hasLagged, this.catchUpEnd, this.catchUpStartedMs, this.keyFrameAskedMs],
      ...[this.isKeyFrameWanted, this.firstIndex, this.ssrc, this.payloadType, this.rtxSsrc],
      ...[this.rtxPayloadType, this.rtxIndex, this.timestampOffset, this.lastTimestamp],
      ...[this.hasEndedUnit, this.packetsSent, this.octetsSent, this.packetsRetransmitted],
      ...[this.packetsDropped, this.skips],
    ];
  }

  #grow(capacity: number): void {
    this.state = grown(this.state, new Uint8Array(capacity));
    this.track = grown(this.track, new Int32Array(capacity));
    this.isPaused = grown(this.isPaused, new Uint8Array(capacity));
    this.isBehind = grown(this.isBehind, new Uint8Array(capacity));
    this.next = grown(this.next, new Float64Array(capacity));
    this.waitFrom = grown(this.waitFrom, new Float64Array(capacity));
    this.hasLagged = grown(this.hasLagged, new Uint8Array(capacity));
    this.catchUpEnd = grown(this.catchUpEnd, new Float64Array(capacity));
    this.catchUpStartedMs = grown(this.catchUpStartedMs, new Float64Array(capacity));
    this.keyFrameAskedMs = grown(this.keyFrameAskedMs, new Float64Array(capacity));
    this.isKeyFrameWanted = grown(this.isKeyFrameWanted, new Uint8Array(capacity));
    this.firstIndex = grown(this.firstIndex, new Float64Array(capacity));
    this.ssrc = grown(this.ssrc, new Uint32Array(capacity));
    this.payloadType = grown(this.payloadType, new Uint8Array(capacity));
    this.rtxSsrc = grown(this.rtxSsrc, new Uint32Array(capacity));
    this.rtxPayloadType = grown(this.rtxPayloadType, new Uint8Array(capacity));
    this.rtxIndex = grown(this.rtxIndex, new Float64Array(capacity));
    this.timestampOffset = grown(this.timestampOffset, new Uint32Array(capacity));
    this.lastTimestamp = grown(this.lastTimestamp, new Uint32Array(capacity));
    this.hasEndedUnit = grown(this.hasEndedUnit, new Uint8Array(capacity));
    this.packetsSent = grown(this.packetsSent, new Float64Array(capacity));
    this.octetsSent = grown(this.octetsSent, new Float64Array(capacity));
    this.packetsRetransmitted = grown(this.packetsRetransmitted, new Float64Array(capacity));
    this.packetsDropped = grown(this.packetsDropped, new Float64Array(capacity));
    this.skips = grown(this.skips, new Float64Array(capacity));
    this.map.grow(capacity);
    this.limiter.grow(capacity);
  }
}

function grown<T extends { set(source: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
