// Connects one stream to the egress engine: one engine track per stream track, however many viewers.
import type { MediaError } from '../base/media-error.ts';
import type { EgressEngine, TrackHandle } from '../egress/egress-engine.ts';
import type { Stream } from '../stream/stream.ts';
import type { StreamReader } from '../stream/stream-reader.ts';
import type { Track } from '../stream/track.ts';

/** A viewer that is told when its stream ends or changes. */
export interface EgressMember {
  onStreamClosed(reason: MediaError): void;
}

/**
 * The engine side of one stream. It is the only StreamReader that all WebRTC viewers of the
 * stream share, so a publish costs one call however many watch.
 */
export class StreamEgress<Address> implements StreamReader {
  readonly #stream: Stream;
  readonly #engine: EgressEngine<Address>;
  readonly #onEmpty: () => void;
  readonly #handles: (TrackHandle | undefined)[];
  readonly #members = new Set<EgressMember>();
  #isClosed = false;

  constructor(stream: Stream, engine: EgressEngine<Address>, onEmpty: () => void) {
    this.#stream = stream;
    this.#engine = engine;
    this.#onEmpty = onEmpty;
    this.#handles = stream.tracks.map(() => undefined);
    stream.addReader(this);
  }

  get memberCount(): number {
    return this.#members.size;
  }

  join(member: EgressMember): void {
    this.#members.add(member);
  }

  /** The last one out frees the engine's tracks. Idempotent. */
  leave(member: EgressMember): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.close();
  }

  /** Engine handle of a track, opened at its first use. */
  handleOf(track: Track): TrackHandle {
    const known = this.#handles[track.index];
    if (known !== undefined) return known;
    const handle = this.#engine.openTrack({
      ring: track.ring,
      clockRateHz: track.clockRateHz,
      isVideo: track.kind === 'video',
    });
    this.#handles[track.index] = handle;
    return handle;
  }

  onPublish(track: Track): void {
    const handle = this.#handles[track.index];
    if (handle !== undefined) this.#engine.publish(handle);
  }

  onStreamClosed(reason: MediaError): void {
    for (const member of [...this.#members]) member.onStreamClosed(reason);
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.removeReader(this);
    for (const handle of this.#handles) {
      if (handle !== undefined) this.#engine.closeTrack(handle);
    }
    this.#onEmpty();
  }
}
