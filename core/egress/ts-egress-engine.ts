// The egress engine in TypeScript: rows of typed arrays, one batch of output slots, one pacing timer.
import { randomInt } from 'node:crypto';
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
import type { RetransmissionLimits } from './retransmission-limiter.ts';
import { Retransmitter } from './retransmitter.ts';
import { SrtcpProtector } from './srtcp-protector.ts';
import { deriveSrtpKeys } from './srtp-key-derivation.ts';
import { createSrtpProtector } from './srtp-protector.ts';
import { SrtpWorkspace } from './srtp-workspace.ts';
import { TrackViewers } from './track-viewers.ts';
import { ViewerCursor, type ViewerCursorOptions } from './viewer-cursor.ts';
import { NO_RTX, ViewerState, ViewerTable } from './viewer-table.ts';

/** What the engine works with. */
export interface TsEgressEngineComponents<Address> {
  readonly socket: EgressSocket<Address>;
  readonly clock: Clock;
}

/** Limits of the engine; every one has a default. */
export interface TsEgressEngineOptions extends ViewerCursorOptions, RetransmissionLimits {
  /** Packets sent to one viewer in one turn. */
  readonly slicePackets: number;
  /** Time between two turns of viewers that are behind, in milliseconds. */
  readonly slicePeriodMs: number;
}

const DEFAULTS: TsEgressEngineOptions = {
  slicePackets: 64,
  slicePeriodMs: 3,
  maxLagMs: 1000,
  keyFramePeriodMs: 1000,
  bytesPerSecond: 1_000_000,
  burstBytes: 500_000,
  minRepeatMs: 20,
};
/** First sequence numbers lie below this, so that a loss at the start can't hide a rollover. */
const FIRST_INDEX_END = 0x8000;

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
  readonly #workspace = new SrtpWorkspace();
  readonly #tracks: (TrackViewers | undefined)[] = [];
  #pacing: Timer | undefined;
  /** Turns that run now, one inside another; rows are freed at the end of the outermost. */
  #depth = 0;
  #hasRemoved = false;

  constructor(
    components: TsEgressEngineComponents<Address>,
    options: Partial<TsEgressEngineOptions> = {},
  ) {
    this.#socket = components.socket;
    this.#clock = components.clock;
    this.#options = { ...DEFAULTS, ...options };
    this.#table = new ViewerTable(this.#options);
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
    for (const row of viewers.rows.slice(0, viewers.count)) this.removeViewer(row);
    this.#tracks[track] = undefined;
  }

  addViewer(track: TrackHandle, viewer: EgressViewer<Address>): ViewerHandle {
    const viewers = this.#tracks[track];
    if (!viewers) throw new MediaError('internal', 'internal', `no egress track ${track}`);
    const nowMs = this.#clock.monotonicMs();
    const { profile, masterKey, masterSalt } = viewer;
    const keys = deriveSrtpKeys({ profile, masterKey, masterSalt });
    const table = this.#table;
    const row = table.allocate(
      {
        address: viewer.address,
        protector: createSrtpProtector(keys, this.#workspace),
        rtcp: new SrtcpProtector(keys, this.#workspace),
        headerExtension: viewer.headerExtension?.length ? viewer.headerExtension : undefined,
        onKeyFrameNeeded: viewer.onKeyFrameNeeded,
      },
      nowMs,
    );
    table.track[row] = track;
    table.ssrc[row] = viewer.ssrc;
    table.payloadType[row] = viewer.payloadType;
    table.rtxSsrc[row] = viewer.rtx?.ssrc ?? 0;
    table.rtxPayloadType[row] = viewer.rtx?.payloadType ?? NO_RTX;
    table.firstIndex[row] = randomInt(FIRST_INDEX_END);
    table.rtxIndex[row] = randomInt(FIRST_INDEX_END);
    table.timestampOffset[row] = randomInt(0x100000000);
    viewers.add(row);
    this.#cursor.start(row, viewers, nowMs);
    this.#noteBehind(row, viewers);
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
  }

  publish(track: TrackHandle): void {
    const viewers = this.#tracks[track];
    if (!viewers || viewers.count === 0) return;
    this.#turn(viewers, false);
  }

  retransmit(viewer: ViewerHandle, sequenceNumbers: Uint16Array, count: number): void {
    const viewers = this.#viewersOf(viewer);
    if (!this.#table.isActive(viewer) || !viewers) return;
    const nowMs = this.#clock.monotonicMs();
    this.#depth++;
    this.#retransmitter.repeat(viewer, viewers.track.ring, { sequenceNumbers, count, nowMs });
    this.#endTurn();
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

  /** One turn of a track's viewers: of all that keep up, or of those that are behind. */
  #turn(viewers: TrackViewers, isPacing: boolean): void {
    const table = this.#table;
    const nowMs = this.#clock.monotonicMs();
    const wanted = isPacing ? 1 : 0;
    const { count } = viewers;
    this.#depth++;
    if (viewers.rotation >= count) viewers.rotation = 0;
    for (let turn = 0; turn < count && !viewers.isClosed; turn++) {
      const at = viewers.rotation + turn;
      const row = viewers.rows[at < count ? at : at - count] ?? -1;
      if (table.isBehind[row] !== wanted || table.isPaused[row] === 1) continue;
      if (table.isActive(row)) this.#serve(row, viewers, nowMs);
    }
    viewers.rotation++;
    if (this.#cursor.isKeyFrameWanted) this.#askForKeyFrames(viewers);
    this.#endTurn();
  }

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
    this.#sender.send(row, viewers.track.ring, this.#options.slicePackets);
    this.#noteBehind(row, viewers);
  }

  /** Hands a viewer that has not reached the head to the pacing timer, or back from it. */
  #noteBehind(row: number, viewers: TrackViewers): void {
    const table = this.#table;
    const isBehind =
      table.state[row] === ViewerState.live && (table.next[row] ?? 0) < viewers.track.ring.head;
    table.isBehind[row] = isBehind ? 1 : 0;
    if (isBehind) this.#pacing ??= this.#clock.after(this.#options.slicePeriodMs, this.#pace);
  }

  readonly #pace = (): void => {
    this.#pacing = undefined;
    for (const viewers of this.#tracks) if (viewers) this.#turn(viewers, true);
  };

  /** After the turn's packets: who is asked may add and remove viewers. */
  #askForKeyFrames(viewers: TrackViewers): void {
    const table = this.#table;
    this.#cursor.isKeyFrameWanted = false;
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
