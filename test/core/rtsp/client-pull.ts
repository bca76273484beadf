// Runs an RTSP source against a camera as a path would do it, for tests.
import assert from 'node:assert/strict';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { PathConfig } from '../../../core/config/config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { Source } from '../../../core/path/source.ts';
import { RtspSourceFactory } from '../../../core/rtsp/rtsp-source.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamReader } from '../../../core/stream/stream-reader.ts';
import type { Track } from '../../../core/stream/track.ts';
import { cameraPacket, type FakeCamera } from '../../support/fake-camera.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** A logger whose lines can be waited for. */
export class WatchedLogger extends RecordingLogger {
  readonly #watches: { readonly pattern: RegExp; readonly found: () => void }[] = [];

  override debug(message: string): void {
    super.debug(message);
    for (const { pattern, found } of this.#watches) if (pattern.test(message)) found();
  }

  /** Resolves with the next line like this. */
  waitFor(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => this.#watches.push({ pattern, found: resolve }));
  }
}

/** What differs from a path with default settings. */
export interface PullOptions {
  readonly config?: Partial<PathConfig>;
  readonly url?: string;
  readonly source?: Source;
  readonly clock?: FakeClock;
  readonly publish?: () => never;
}

/** A run of a source. */
export interface Pull {
  readonly clock: FakeClock;
  readonly logger: WatchedLogger;
  /** Streams that were announced, in order. */
  readonly streams: Stream[];
  /** Resolves with the first stream. */
  readonly published: Promise<Stream>;
  /** Resolves when the run rejected with this, or with undefined when it resolved. */
  readonly ended: Promise<MediaError | undefined>;
  readonly stop: () => Promise<MediaError | undefined>;
}

const DEFAULTS = loadConfig({ text: '', env: {} }).pathDefaults;

/** A fresh source; sources of one factory share what they learnt about transports. */
export function createSource(clock: FakeClock): Source {
  return new RtspSourceFactory(clock, { udpReadBufferBytes: 0 }).create();
}

/** Starts a run. */
export function pull(camera: FakeCamera, options: PullOptions = {}): Pull {
  const clock = options.clock ?? new FakeClock();
  const logger = new WatchedLogger();
  const abort = new AbortController();
  const streams: Stream[] = [];
  const { promise: published, resolve } = Promise.withResolvers<Stream>();
  const source = options.source ?? createSource(clock);
  const running = source.run({
    pathName: 'cam',
    config: { ...DEFAULTS, ...options.config },
    url: options.url ?? camera.url(),
    logger,
    signal: abort.signal,
    publish: (tracks, writerOptions) => {
      options.publish?.();
      const stream = new Stream(tracks, { clock });
      streams.push(stream);
      resolve(stream);
      return stream.attach(tracks, writerOptions);
    },
  });
  const ended = running.then(
    () => undefined,
    (thrown: unknown) => toMediaError(thrown),
  );
  return {
    ...{ clock, logger, streams, published, ended },
    stop: () => {
      abort.abort(new MediaError('canceled', 'source-stopped', 'the source was stopped'));
      return ended;
    },
  };
}

/** TCP without trying UDP first. */
export const OVER_TCP = { rtspTransport: 'tcp' } as const;
/** UDP without falling back. */
export const OVER_UDP = { rtspTransport: 'udp' } as const;

/** A key frame in one packet. */
export const video = (sequence: number): Buffer => cameraPacket({ payloadType: 96, sequence });
/** 20 ms of PCMA. */
export const audio = (sequence: number): Buffer =>
  cameraPacket({ payloadType: 8, sequence, ticks: sequence * 160, payload: new Uint8Array(160) });

/** Resolves when `count` packets of a track were published. */
export function packetsOf(stream: Stream, trackIndex: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    const reader: StreamReader = {
      onPublish: (track: Track) => {
        if (track.index === trackIndex && track.ring.packetsWritten >= count) resolve();
      },
      onStreamClosed: () => undefined,
    };
    if ((stream.tracks[trackIndex]?.ring.packetsWritten ?? 0) >= count) resolve();
    stream.addReader(reader);
  });
}

/** Resolves when PLAY was answered and packets are waited for, or when the run is over. */
export async function playing(run: Pull): Promise<void> {
  await Promise.race([run.logger.waitFor(/^playing/u), run.ended]);
}

/** Ends a run and asserts that nothing of it is left. */
export async function stopCleanly(run: Pull, camera: FakeCamera): Promise<void> {
  assert.equal(await run.stop(), undefined);
  await camera.waitForNobody();
  assert.equal(run.clock.pendingTimers, 0);
}
