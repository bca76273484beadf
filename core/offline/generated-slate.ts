// The slate of `alwaysAvailableTracks`: a still picture and silence, in the formats that were declared.
import { delay, type Clock } from '../base/clock.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { Slate } from '../path/slate.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import { ClipTrack } from './clip-track.ts';
import { SilenceTrack, type DeclaredTrack } from './silence-track.ts';
import type { SlateTrack } from './slate-track.ts';

/** First dynamic payload type, RFC 3551 section 3. */
const FIRST_PAYLOAD_TYPE = 96;
/** Nobody minds that silence comes in small bursts; fewer wake-ups for those who have many paths. */
const TICK_MS = 40;
/** After a longer stop of the process, playing goes on instead of catching up. */
const MAX_LATE_MS = 1000;

/** Its tracks are opened once. */
export class GeneratedSlate implements Slate {
  readonly #clock: Clock;
  readonly #declared: readonly DeclaredTrack[];
  #tracks: readonly SlateTrack[] = [];

  constructor(clock: Clock, declared: readonly DeclaredTrack[]) {
    this.#clock = clock;
    this.#declared = declared;
  }

  async describe(): Promise<readonly TrackDescription[]> {
    this.#tracks = await Promise.all(
      this.#declared.map((declared, index) => openTrack(declared, FIRST_PAYLOAD_TYPE + index)),
    );
    return this.#tracks.map(({ description }) => description);
  }

  async play(writer: SourceWriter, signal: AbortSignal): Promise<void> {
    for (const [index, track] of this.#tracks.entries()) {
      track.begin((packet) => void writer.writeRtp(index, packet));
    }
    let elapsedMs = 0;
    let lastMs = this.#clock.monotonicMs();
    while (!signal.aborted) {
      const nowMs = this.#clock.monotonicMs();
      elapsedMs += Math.min(MAX_LATE_MS, nowMs - lastMs);
      lastMs = nowMs;
      for (const track of this.#tracks) track.playUntil((elapsedMs + TICK_MS) / 1000);
      writer.publish();
      await delay(this.#clock, TICK_MS, signal).catch(() => undefined);
    }
  }
}

async function openTrack(declared: DeclaredTrack, payloadType: number): Promise<SlateTrack> {
  switch (declared.codec) {
    case 'H264':
    case 'H265':
    case 'VP9':
    case 'AV1':
      return await ClipTrack.open(declared.codec, payloadType);
    default:
      return new SilenceTrack(declared, payloadType);
  }
}
