// A source that plays a media file in a loop and in real time, without any other program.
import { ALL_FORMATS, FilePathSource, Input, type EncodedPacket } from 'mediabunny';
import { delay, type Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { resolveFileSource } from '../config/file-source.ts';
import type { Source, SourceContext, SourceFactory } from '../path/source.ts';
import { FileTrack } from './file-track.ts';

/** First dynamic payload type, RFC 3551 section 3. */
const FIRST_PAYLOAD_TYPE = 96;
/** A pass shorter than this would spin. */
const MIN_PASS_S = 0.1;

/** Makes sources for `file:` URLs. */
export class FileSourceFactory implements SourceFactory {
  readonly schemes = ['file'];
  readonly type = 'fileSource';
  readonly #clock: Clock;
  readonly #configFilePath: string | undefined;

  /** Relative names count from the folder of `configFilePath`. */
  constructor(clock: Clock, configFilePath: string | undefined) {
    this.#clock = clock;
    this.#configFilePath = configFilePath;
  }

  create(): Source {
    return new FileSource(this.#clock, this.#configFilePath);
  }
}

/** Tracks with their position in one pass through the file. */
interface Cursor {
  readonly index: number;
  readonly track: FileTrack;
  readonly packets: AsyncGenerator<EncodedPacket, void, unknown>;
  next: EncodedPacket | undefined;
}

class FileSource implements Source {
  readonly #clock: Clock;
  readonly #configFilePath: string | undefined;

  constructor(clock: Clock, configFilePath: string | undefined) {
    this.#clock = clock;
    this.#configFilePath = configFilePath;
  }

  async run(context: SourceContext): Promise<void> {
    const fileName = resolveFileSource(context.url, this.#configFilePath);
    using input = new Input({ source: new FilePathSource(fileName), formats: ALL_FORMATS });
    const tracks = await openTracks(input, context, fileName);
    const writer = context.publish(tracks.map((track) => track.description));
    for (const [index, track] of tracks.entries()) {
      track.connect((packet) => void writer.writeRtp(index, packet));
    }
    const passS = Math.max(...tracks.map((track) => track.durationS));
    if (passS < MIN_PASS_S) throw invalid(fileName, `it is only ${passS} s long`);
    const startMs = this.#clock.monotonicMs();
    try {
      for (let pass = 0; !context.signal.aborted; pass++) {
        const timing = { startMs, offsetS: pass * passS };
        await this.#play(tracks, timing, { signal: context.signal, flush: () => writer.publish() });
      }
    } catch (thrown) {
      if (!context.signal.aborted) throw thrown;
    }
  }

  /** Plays the file once; sample times are moved by `offsetS`. */
  async #play(
    tracks: readonly FileTrack[],
    timing: { readonly startMs: number; readonly offsetS: number },
    context: { readonly signal: AbortSignal; readonly flush: () => void },
  ): Promise<void> {
    const cursors: Cursor[] = tracks.map((track, index) => ({
      index,
      track,
      packets: track.packets(),
      next: undefined,
    }));
    for (const cursor of cursors) await advance(cursor);
    for (let cursor = earliest(cursors); cursor; cursor = earliest(cursors)) {
      const packet = cursor.next;
      if (!packet) return;
      const timeS = timing.offsetS + packet.timestamp;
      const waitMs = timing.startMs + timeS * 1000 - this.#clock.monotonicMs();
      if (waitMs > 0) {
        context.flush();
        await delay(this.#clock, waitMs, context.signal);
      }
      cursor.track.play(packet, timeS);
      await advance(cursor);
    }
    context.flush();
  }
}

/** The first video and the first audio track that are understood. */
async function openTracks(
  input: Input,
  context: SourceContext,
  fileName: string,
): Promise<FileTrack[]> {
  const tracks: FileTrack[] = [];
  try {
    const candidates = [
      await input.getPrimaryVideoTrack(),
      await input.getPrimaryAudioTrack(),
    ].filter((track) => track !== null);
    for (const candidate of candidates) {
      try {
        tracks.push(await FileTrack.open(candidate, FIRST_PAYLOAD_TYPE + tracks.length));
      } catch (thrown) {
        context.logger.warn(`skipping a track of ${fileName}: ${toMediaError(thrown).message}`);
      }
    }
  } catch (thrown) {
    throw invalid(fileName, toMediaError(thrown).message, thrown);
  }
  if (tracks.length === 0) throw invalid(fileName, 'it has no track that can be played out');
  return tracks;
}

function earliest(cursors: readonly Cursor[]): Cursor | undefined {
  let first: Cursor | undefined;
  for (const cursor of cursors) {
    if (cursor.next && (!first?.next || cursor.next.timestamp < first.next.timestamp)) {
      first = cursor;
    }
  }
  return first;
}

async function advance(cursor: Cursor): Promise<void> {
  const result = await cursor.packets.next();
  cursor.next = result.done === true ? undefined : result.value;
}

function invalid(fileName: string, reason: string, cause?: unknown): MediaError {
  return new MediaError(
    'invalid-argument',
    'file-source-unreadable',
    `can't play the file ${fileName}: ${reason}`,
    { cause },
  );
}
