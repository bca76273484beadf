// Plays a media file in a loop and in real time, without any other program.
import { ALL_FORMATS, FilePathSource, Input, type EncodedPacket } from 'mediabunny';
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import { FileTrack } from './file-track.ts';

/** First dynamic payload type, RFC 3551 section 3. */
const FIRST_PAYLOAD_TYPE = 96;
/** A pass shorter than this would spin. */
const MIN_PASS_S = 0.1;

/** A file, and where tracks that are left out are told. */
export interface MediaFile {
  readonly fileName: string;
  readonly logger: Logger;
}

/** A file to be played. */
export interface PlayedFile extends MediaFile {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once, with the tracks that are played. */
  readonly publish: (tracks: readonly TrackDescription[]) => SourceWriter;
}

/** Tracks with their position in one pass through the file. */
interface Cursor {
  readonly index: number;
  readonly track: FileTrack;
  readonly packets: AsyncGenerator<EncodedPacket, void, unknown>;
  next: EncodedPacket | undefined;
}

/** The tracks that `playFile` plays. @throws MediaError `invalid-argument` when there are none. */
export async function describeFile(file: MediaFile): Promise<readonly TrackDescription[]> {
  using input = openInput(file);
  const tracks = await openTracks(input, file);
  return tracks.map(({ description }) => description);
}

/**
 * Plays the first video and the first audio track until the signal aborts.
 * @throws MediaError `invalid-argument` when the file can't be played.
 */
export async function playFile(file: PlayedFile): Promise<void> {
  const { fileName, clock, signal, publish } = file;
  using input = openInput(file);
  const tracks = await openTracks(input, file);
  if (isAborted(signal)) return;
  const writer = publish(tracks.map((track) => track.description));
  for (const [index, track] of tracks.entries()) {
    track.connect((packet) => void writer.writeRtp(index, packet));
  }
  const passS = Math.max(...tracks.map((track) => track.durationS));
  if (passS < MIN_PASS_S) throw invalid(fileName, `it is only ${passS} s long`);
  const startMs = clock.monotonicMs();
  try {
    for (let pass = 0; !isAborted(signal); pass++) {
      const timing = { startMs, offsetS: pass * passS };
      await playPass(tracks, timing, { clock, signal, flush: () => writer.publish() });
    }
  } catch (thrown) {
    if (!isAborted(signal)) throw thrown;
  }
}

/** Plays the file once; sample times are moved by `offsetS`. */
async function playPass(
  tracks: readonly FileTrack[],
  timing: { readonly startMs: number; readonly offsetS: number },
  { clock, signal, flush }: Pick<PlayedFile, 'clock' | 'signal'> & { readonly flush: () => void },
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
    const waitMs = timing.startMs + timeS * 1000 - clock.monotonicMs();
    if (waitMs > 0) {
      flush();
      await delay(clock, waitMs, signal);
    }
    cursor.track.play(packet, timeS);
    await advance(cursor);
  }
  flush();
}

function openInput({ fileName }: MediaFile): Input {
  return new Input({ source: new FilePathSource(fileName), formats: ALL_FORMATS });
}

/** The first video and the first audio track that are understood. */
async function openTracks(input: Input, { fileName, logger }: MediaFile): Promise<FileTrack[]> {
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
        logger.warn(`skipping a track of ${fileName}: ${toMediaError(thrown).message}`);
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

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
