// The egress engine in TypeScript: rows of typed arrays, one batch of output slots, one pacing timer.
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type {
  EgressEngine,
  EgressProfile,
  EgressSocket,
  EgressTrack,
  EgressViewer,
  TrackHandle,
  ViewerCounters,
  ViewerHandle,
} from './egress-engine.ts';
import { MediaSender } from './media-sender.ts';
import { PacketBatch } from './packet-batch.ts';
import { Retransmitter } from './retransmitter.ts';
import { DEFAULT_EGRESS_OPTIONS, type TsEgressEngineOptions } from './ts-egress-engine-options.ts';
import { TrackViewers } from './track-viewers.ts';
import { ViewerAdmission } from './viewer-admission.ts';
import { ViewerCursor } from './viewer-cursor.ts';
import { ViewerState, ViewerTable } from './viewer-table.ts';

/** What the engine works with. */
export interface TsEgressEngineComponents<Address> {
  readonly socket: EgressSocket<Address>;
  readonly clock: Clock;
}

/** The shortest pause that lets the event loop read its sockets. */
const BREATH_MS = 1;

/** Serves all viewers from one thread. */
export class TsEgressEngine<Address> implements EgressEngine<Address> {
  readonly preferredProfiles: readonly EgressProfile[] = [1, 7];

  readonly #socket: EgressSocket<Address>;
  readonly #clock: Clock;
  readonly #options: TsEgressEngineOptions;
  readonly #table: ViewerTable<Address>;
  readonly #cursor: ViewerCursor<Address>;
  readonly #sender: MediaSender<Address>;
  readonly #retransmitter: Retransmitter<Address>;
  readonly #admission: ViewerAdmission<Address>;
  readonly #tracks: (TrackViewers | undefined)[] = [];
  #pacing: Timer | undefined;
  /** Track whose viewers come first in the next pacing turn. */
  #pacingRotation = 0;
  /** Turns that run now, one inside another; rows are freed at the end of the outermost. */
  #depth = 0;
  /** A batch is under way: whatever the socket calls may not begin another one. */
  #isSending = false;
  #hasBehind = false;
  /** Packets that the turn under way may still send. */
  #budget = 0;
  #hasRemoved = false;

  constructor(
    components: TsEgressEngineComponents<Address>,
    options: Partial<TsEgressEngineOptions> = {},
  ) {
    this.#socket = components.socket;
    this.#clock = components.clock;
    this.#options = { ...DEFAULT_EGRESS_OPTIONS, ...options };
    this.#table = new ViewerTable(this.#options);
    this.#admission = new ViewerAdmission(this.#table);
    this.#cursor = new ViewerCursor(this.#table, this.#options);
    const parts = { table: this.#table, socket: this.#socket };
    this.#sender = new MediaSender({ ...parts, batch: new PacketBatch() });
    this.#retransmitter = new Retransmitter({ ...parts, batch: new PacketBatch() });
  }

  openTrack(track: EgressTrack): TrackHandle {
    const free = this.#tracks.indexOf(undefined);
    const handle = free < 0 ? this.#tracks.length : free;
    this.#tracks[handle] = new TrackViewers(track);
    return handle;
  }

  closeTrack(track: TrackHandle): void {
    const viewers = this.#tracks[track];
    if (!viewers) return;
    viewers.isClosed = true;
    this.#depth++;
    for (let at = 0; at < viewers.count; at++) this.removeViewer(viewers.rows[at] ?? -1);
    this.#tracks[track] = undefined;
    this.#endTurn();
  }

  addViewer(track: TrackHandle, viewer: EgressViewer<Address>): ViewerHandle {
    const viewers = this.#tracks[track];
    if (!viewers) throw new MediaError('internal', 'internal', `no egress track ${track}`);
    const nowMs = this.#clock.monotonicMs();
    const row = this.#admission.admit(viewer, track, nowMs);
    viewers.add(row);
    this.#cursor.start(row, viewers, nowMs);
    this.#noteBehind(row, viewers);
    this.#armPacing(this.#options.slicePeriodMs);
    return row;
  }

  removeViewer(viewer: ViewerHandle): void {
    const table = this.#table;
    if (!table.isActive(viewer)) return;
    table.state[viewer] = ViewerState.removed;
    this.#hasRemoved = true;
    if (this.#depth === 0) this.#freeRemoved();
  }

  setAddress(viewer: ViewerHandle, address: Address): void {
    const parts = this.#table.partsOf(viewer);
    if (parts) parts.address = address;
  }

  setPaused(viewer: ViewerHandle, isPaused: boolean): void {
    const table = this.#table;
    const viewers = this.#viewersOf(viewer);
    if (!table.isActive(viewer) || !viewers || (table.isPaused[viewer] === 1) === isPaused) return;
    table.isPaused[viewer] = isPaused ? 1 : 0;
    table.isBehind[viewer] = 0;
    if (isPaused) return;
    this.#cursor.resume(viewer, viewers, this.#clock.monotonicMs());
    this.#noteBehind(viewer, viewers);
    this.#armPacing(this.#options.slicePeriodMs);
  }

  publish(track: TrackHandle): void {
    const viewers = this.#tracks[track];
    if (!viewers || viewers.count === 0) return;
    if (this.#isSending) {
      this.#postpone(viewers);
      return;
    }
    this.#budget = this.#options.turnPackets;
    this.#turn(viewers, false);
    this.#armPacing(this.#budget > 0 ? this.#options.slicePeriodMs : BREATH_MS);
  }

  retransmit(viewer: ViewerHandle, sequenceNumbers: Uint16Array, count: number): void {
    const viewers = this.#viewersOf(viewer);
    if (!this.#table.isActive(viewer) || !viewers || this.#isSending) return;
    const nowMs = this.#clock.monotonicMs();
    this.#depth++;
    this.#isSending = true;
    try {
      this.#retransmitter.repeat(viewer, viewers.track.ring, { sequenceNumbers, count, nowMs });
    } finally {
      this.#isSending = false;
      this.#endTurn();
    }
  }

  sendRtcp(viewer: ViewerHandle, compound: Uint8Array): void {
    const parts = this.#table.partsOf(viewer);
    const packet = parts?.rtcp.protect(compound);
    if (parts && packet) this.#socket.sendTo(parts.address, packet);
  }

  readCounters(viewer: ViewerHandle, into: ViewerCounters): void {
    const table = this.#table;
    into.packetsSent = table.packetsSent[viewer] ?? 0;
    into.octetsSent = table.octetsSent[viewer] ?? 0;
    into.packetsRetransmitted = table.packetsRetransmitted[viewer] ?? 0;
    into.packetsDropped = table.packetsDropped[viewer] ?? 0;
    into.skips = table.skips[viewer] ?? 0;
    into.hasStarted = into.packetsSent > 0;
    into.timestampOffsetTicks = table.timestampOffset[viewer] ?? 0;
  }

  close(): void {
    this.#pacing?.cancel();
    this.#pacing = undefined;
    for (let track = 0; track < this.#tracks.length; track++) this.closeTrack(track);
  }

  #viewersOf(row: number): TrackViewers | undefined {
    return this.#tracks[this.#table.track[row] ?? -1];
  }

  #turn(viewers: TrackViewers, isPacing: boolean): void {
    this.#depth++;
    try {
      this.#serveAll(viewers, isPacing);
    } finally {
      // Also when a callback threw: the other streams go on.
      this.#isSending = false;
      this.#endTurn();
    }
  }

  /** One turn of a track's viewers: of all that keep up, or of those that are behind. */
  #serveAll(viewers: TrackViewers, isPacing: boolean): void {
    const table = this.#table;
    const nowMs = this.#clock.monotonicMs();
    const wanted = isPacing ? 1 : 0;
    const { count } = viewers;
    const { rotations } = viewers;
    const start = rotations[wanted] ?? 0;
    const first = start < count ? start : 0;
    rotations[wanted] = first + 1;
    for (let turn = 0; turn < count && !viewers.isClosed; turn++) {
      const at = first + turn < count ? first + turn : first + turn - count;
      const row = viewers.rows[at] ?? -1;
      if (table.isBehind[row] !== wanted || table.isPaused[row] === 1) continue;
      if (table.isActive(row)) this.#serve(row, viewers, nowMs);
    }
    if (viewers.isKeyFrameWanted) this.#askForKeyFrames(viewers);
  }

  /** Moves the viewer's cursor and sends it a slice; with nothing left to spend it is put off. */
  #serve(row: number, viewers: TrackViewers, nowMs: number): void {
    const table = this.#table;
    const cursor = this.#cursor;
    if (table.state[row] === ViewerState.waiting) {
      if (!cursor.tryBegin(row, viewers, nowMs)) return;
    } else if (cursor.isLagging(row, viewers.track, nowMs)) {
      if (!cursor.skip(row, viewers, nowMs)) {
        table.isBehind[row] = 0;
        return;
      }
    }
    const limit = Math.min(this.#sliceOf(row, viewers, nowMs), this.#budget);
    if (limit > 0) {
      this.#isSending = true;
      this.#budget -= this.#sender.send(row, viewers.track.ring, limit);
      this.#isSending = false;
    }
    this.#noteBehind(row, viewers);
  }

  #sliceOf(row: number, viewers: TrackViewers, nowMs: number): number {
    const { ring } = viewers.track;
    const arrivedMs = ring.arrivalsMs[ring.slotOf(this.#table.next[row] ?? 0)] ?? nowMs;
    const { historyMs, historySlicePackets, slicePackets } = this.#options;
    return nowMs - arrivedMs > historyMs ? historySlicePackets : slicePackets;
  }

  /** Leaves what was published from inside a send to the pacing timer. */
  #postpone(viewers: TrackViewers): void {
    for (let at = 0; at < viewers.count; at++) this.#noteBehind(viewers.rows[at] ?? -1, viewers);
    this.#armPacing(BREATH_MS);
  }

  /** Hands a viewer that has not reached the head to the pacing timer, or back from it. */
  #noteBehind(row: number, viewers: TrackViewers): void {
    const table = this.#table;
    const isBehind =
      table.state[row] === ViewerState.live && (table.next[row] ?? 0) < viewers.track.ring.head;
    table.isBehind[row] = isBehind ? 1 : 0;
    if (isBehind) this.#hasBehind = true;
  }

  #armPacing(delayMs: number): void {
    if (!this.#hasBehind) return;
    this.#hasBehind = false;
    this.#pacing ??= this.#clock.after(delayMs, this.#pace);
  }

  readonly #pace = (): void => {
    this.#pacing = undefined;
    const tracks = this.#tracks;
    const first = this.#pacingRotation < tracks.length ? this.#pacingRotation : 0;
    this.#pacingRotation = first + 1;
    this.#budget = this.#options.turnPackets;
    for (let turn = 0; turn < tracks.length; turn++) {
      const viewers = tracks[(first + turn) % tracks.length];
      if (viewers) this.#turn(viewers, true);
    }
    this.#armPacing(this.#budget > 0 ? this.#options.slicePeriodMs : BREATH_MS);
  };

  /** After the turn's packets: who is asked may add and remove viewers. */
  #askForKeyFrames(viewers: TrackViewers): void {
    const table = this.#table;
    viewers.isKeyFrameWanted = false;
    for (let at = 0; at < viewers.count; at++) {
      const row = viewers.rows[at] ?? -1;
      if (table.isKeyFrameWanted[row] !== 1) continue;
      table.isKeyFrameWanted[row] = 0;
      if (table.isActive(row)) table.partsOf(row)?.onKeyFrameNeeded?.();
    }
  }

  #endTurn(): void {
    this.#depth--;
    if (this.#depth === 0 && this.#hasRemoved) this.#freeRemoved();
  }

  #freeRemoved(): void {
    this.#hasRemoved = false;
    const table = this.#table;
    for (let row = 0; row < table.count; row++) {
      if (table.state[row] !== ViewerState.removed) continue;
      this.#viewersOf(row)?.remove(row);
      table.free(row);
    }
  }
}
