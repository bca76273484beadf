// Paths with lists of sources that a test drives by hand.
import assert from 'node:assert/strict';
import { pathItem } from '../../../core/api/path-item.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { Path } from '../../../core/path/path.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import type { SourceWriter } from '../../../core/stream/source-writer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** One track, so that a picture is a packet. */
export const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
/** What a camera that is off comes to. */
export const AWAY = new MediaError('unavailable', 'refused', 'connection refused');

/** One connection that the test drives. */
export interface Run {
  readonly url: string;
  readonly context: SourceContext;
  readonly fail: (error: MediaError) => void;
}

/** A VP8 packet of one picture (RFC 7741): the P bit of the frame header tells key frames. */
export function picture(sequence: number, isKeyFrame: boolean): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set([0x80, 0x80 | 96, sequence >> 8, sequence & 0xff]);
  new DataView(bytes.buffer).setUint32(4, sequence * 3000);
  bytes[11] = 5;
  bytes.set([0x10, isKeyFrame ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], 12);
  return bytes;
}

/** Paths whose sources the test plays. */
export class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  /** Runs that go on, oldest first. */
  readonly runs: Run[] = [];
  readonly started: string[] = [];
  readonly transitions: string[] = [];
  readonly manager: PathManager;

  constructor(yml: string) {
    const create = (): { run: (context: SourceContext) => Promise<void> } => ({
      run: (context) => this.#run(context),
    });
    this.manager = new PathManager(
      {
        ...{ clock: this.clock, logger: this.logger, random: () => 0 },
        sourceFactories: [{ schemes: ['rtsp'], type: 'handSource', create }],
        authorizer: { authorize: () => Promise.resolve({ user: '' }) },
      },
      loadConfig({ text: yml, env: {} }),
    );
    this.manager.observe({
      onPathTransition: (_path, transition) => void this.transitions.push(transition),
    });
    this.manager.start();
  }

  get path(): Path {
    const path = this.manager.get('cam');
    assert.ok(path);
    return path;
  }

  get index(): number | undefined {
    return pathItem(this.path, []).source?.index;
  }

  get switches(): readonly string[] {
    return this.logger.lines.map(({ message }) => message).filter((text) => /feeds/u.test(text));
  }

  reload(yml: string): void {
    this.manager.reconfigure(loadConfig({ text: yml, env: {} }));
  }

  read(): void {
    const grant = this.manager.grant('cam', { user: '' });
    this.manager.read(grant, { id: 'r', type: 'webRTCSession' });
  }

  run(url: string): Run {
    const found = this.runs.find((run) => run.url === url);
    assert.ok(found, `${url} is not running, but ${this.runs.map((run) => run.url).join()}`);
    return found;
  }

  /** Connects the source that is being tried, with one key frame. */
  publish(url: string, tracks = TRACKS): SourceWriter {
    const writer = this.run(url).context.publish(tracks);
    writer.writeRtp(0, picture(1, true));
    writer.publish();
    return writer;
  }

  async fail(url: string, error = AWAY): Promise<void> {
    this.run(url).fail(error);
    await settle();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.manager.close();
  }

  #run(context: SourceContext): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        const index = this.runs.indexOf(run);
        if (index >= 0) this.runs.splice(index, 1);
      };
      const fail = (error: MediaError): void => {
        end();
        reject(error);
      };
      const run: Run = { url: context.url, context, fail };
      this.runs.push(run);
      this.started.push(context.url);
      context.signal.addEventListener('abort', () => {
        end();
        resolve();
      });
    });
  }
}

/** Lets pending promises run; no timer is involved. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}
