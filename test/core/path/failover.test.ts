// Tests of paths with a list of sources: who feeds the path when, and that readers stay.
import assert from 'node:assert/strict';
import { pathItem } from '../../../core/api/path-item.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { pathMetrics } from '../../../core/path/path-metrics.ts';
import type { Path } from '../../../core/path/path.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import type { SourceWriter } from '../../../core/stream/source-writer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
const AWAY = new MediaError('unavailable', 'refused', 'connection refused');
const TWO = 'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"]}}';
const THREE = 'paths: {cam: {source: ["rtsp://a/", "rtsp://b/", "rtsp://c/"]}}';

/** One connection that the test drives. */
interface Run {
  readonly url: string;
  readonly context: SourceContext;
  readonly fail: (error: MediaError) => void;
}

/** A VP8 packet of one picture (RFC 7741): the P bit of the frame header tells key frames. */
function picture(sequence: number, isKeyFrame: boolean): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set([0x80, 0x80 | 96, sequence >> 8, sequence & 0xff]);
  new DataView(bytes.buffer).setUint32(4, sequence * 3000);
  bytes[11] = 5;
  bytes.set([0x10, isKeyFrame ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], 12);
  return bytes;
}

class Fixture implements AsyncDisposable {
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
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

describe('a path with a list of sources', () => {
  it('tries the next one at once, and waits only when all have failed', async () => {
    await using fixture = new Fixture(THREE);
    await fixture.fail('rtsp://a/');
    await fixture.fail('rtsp://b/');
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/', 'rtsp://c/']);
    await fixture.fail('rtsp://c/');
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
    for (const url of ['rtsp://a/', 'rtsp://b/', 'rtsp://c/']) await fixture.fail(url);
    await fixture.advance(1999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
  });

  it('spares a camera that refuses the password, wherever it stands in the list', async () => {
    await using fixture = new Fixture(TWO);
    for (let round = 0; round < 6; round++) {
      await fixture.fail('rtsp://a/', new MediaError('unauthenticated', 'unauthenticated', 'no'));
      await fixture.fail('rtsp://b/');
      await fixture.advance(10_000);
    }
    await fixture.fail('rtsp://a/', new MediaError('unauthenticated', 'unauthenticated', 'no'));
    await fixture.fail('rtsp://b/');
    await fixture.advance(4999);
    assert.deepEqual(fixture.runs, []);
    await fixture.advance(1);
    fixture.run('rtsp://a/');
  });

  it('keeps the stream and its readers when one source ends and the next one begins', async () => {
    await using fixture = new Fixture(TWO);
    fixture.publish('rtsp://a/');
    const { stream } = fixture.path;
    fixture.read();
    assert.equal(fixture.index, 0);
    await fixture.advance(60_000);
    await fixture.fail('rtsp://a/');
    assert.equal(fixture.index, 1);
    fixture.publish('rtsp://b/');
    assert.equal(fixture.path.stream, stream);
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline', 'online']);
    assert.deepEqual(fixture.switches, ['source 2 of 2 feeds the path now: rtsp://b/']);
    assert.deepEqual(pathItem(fixture.path, []).source, { type: 'handSource', id: '', index: 1 });
  });

  it('goes back to the preferred source without a break as soon as it shows a key frame', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    const lower = fixture.publish('rtsp://b/');
    fixture.read();
    const ring = fixture.path.stream?.tracks[0]?.ring;
    assert.ok(ring);
    await fixture.advance(29_999);
    assert.equal(fixture.runs.length, 1);
    await fixture.advance(1);
    const writer = fixture.run('rtsp://a/').context.publish(TRACKS);
    writer.writeRtp(0, picture(100, false));
    writer.publish();
    assert.equal(lower.isClosed, false);
    lower.writeRtp(0, picture(2, false));
    const before = ring.head;
    writer.writeRtp(0, picture(101, true));
    writer.publish();
    assert.equal(lower.isClosed, true);
    assert.equal(writer.isClosed, false);
    writer.writeRtp(0, picture(102, false));
    writer.publish();
    // The gap that tells decoders of the change, the key frame and the picture behind it.
    assert.equal(ring.head, before + 3);
    assert.equal(ring.newestKeyFrame, before + 1);
    assert.equal(fixture.path.stream.tracks[0]?.stats.packetsLost, 0);
    await settle();
    assert.deepEqual(
      fixture.runs.map(({ url }) => url),
      ['rtsp://a/'],
    );
    assert.deepEqual(fixture.transitions, ['available', 'online']);
    assert.equal(fixture.switches.at(-1), 'source 1 of 2 feeds the path now: rtsp://a/');
    assert.equal(fixture.index, 0);
    await fixture.advance(120_000);
    assert.equal(fixture.started.length, 3);
  });

  it('goes on with the lower source while the preferred one is not back', async () => {
    await using fixture = new Fixture(THREE);
    await fixture.fail('rtsp://a/');
    await fixture.fail('rtsp://b/');
    const lower = fixture.publish('rtsp://c/');
    await fixture.advance(30_000);
    await fixture.fail('rtsp://a/');
    fixture.run('rtsp://b/').context.publish(TRACKS);
    // A source without key frame is no better one.
    await fixture.advance(25_000);
    assert.equal(lower.isClosed, false);
    assert.deepEqual(
      fixture.runs.map(({ url }) => url),
      ['rtsp://c/'],
    );
    await fixture.advance(5000);
    fixture.run('rtsp://a/');
    assert.equal(fixture.index, 2);
  });

  it('ends a trial with the source that it was to replace, and everything when the path closes', async () => {
    const fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    await fixture.advance(30_000);
    const trial = fixture.run('rtsp://a/');
    await fixture.fail('rtsp://b/');
    assert.equal(trial.context.signal.aborted, true);
    assert.notEqual(fixture.run('rtsp://a/'), trial);
    fixture.publish('rtsp://a/');
    await fixture.manager.close();
    assert.deepEqual(fixture.runs, []);
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('drops nobody when a reload adds, removes or moves others than the running source', async () => {
    await using fixture = new Fixture('paths: {cam: {source: "rtsp://a/"}}');
    const writer = fixture.publish('rtsp://a/');
    fixture.read();
    fixture.reload(TWO);
    fixture.reload(THREE);
    fixture.reload('paths: {cam: {source: ["rtsp://d/", "rtsp://a/"]}}');
    assert.equal(writer.isClosed, false);
    assert.deepEqual(fixture.started, ['rtsp://a/']);
    assert.deepEqual(fixture.transitions, ['available', 'online']);
    assert.equal(fixture.index, 1);
    await fixture.advance(30_000);
    fixture.run('rtsp://d/');
    fixture.reload('paths: {cam: {source: "rtsp://d/"}}');
    assert.equal(writer.isClosed, true);
    await fixture.advance(3000);
    fixture.publish('rtsp://d/');
    assert.equal(fixture.path.readers.size, 1);
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline', 'online']);
  });

  it('fails over on demand too, within one wait of the viewer', async () => {
    await using fixture = new Fixture(
      'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"], sourceOnDemand: yes, sourceOnDemandCloseAfter: 5s}}',
    );
    assert.deepEqual(fixture.runs, []);
    const waiting = fixture.manager.waitForStream(fixture.manager.grant('cam', { user: '' }));
    await settle();
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    assert.equal(await waiting, fixture.path.stream);
    await fixture.advance(5000);
    assert.deepEqual(fixture.runs, []);
  });

  it('waits a bounded time only for a source that waits itself', async () => {
    await using fixture = new Fixture(TWO);
    fixture.run('rtsp://a/').context.onWaiting?.(AWAY);
    await fixture.advance(7999);
    assert.deepEqual(fixture.started, ['rtsp://a/']);
    await fixture.advance(1);
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/']);
    assert.equal(fixture.path.lastFailure, AWAY);
    fixture.run('rtsp://b/').context.onWaiting?.(AWAY);
    fixture.publish('rtsp://b/');
    await fixture.advance(8000);
    assert.equal(fixture.path.stream?.isOnline, true);
  });

  it('notices the end of a source that closes its writer itself', async () => {
    await using fixture = new Fixture('paths: {cam: {source: "rtsp://a/"}}');
    const writer = fixture.publish('rtsp://a/');
    fixture.read();
    writer.close();
    await fixture.fail('rtsp://a/');
    assert.deepEqual(fixture.transitions, ['available', 'online', 'offline']);
    assert.equal(fixture.path.onlineAt, undefined);
  });

  it('goes on with the next one when a source fails soon after it took over', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    fixture.read();
    for (const periodMs of [30_000, 60_000, 120_000, 240_000, 240_000]) {
      await fixture.advance(periodMs - 1);
      assert.equal(fixture.index, 1, `${periodMs} ms`);
      await fixture.advance(1);
      fixture.publish('rtsp://a/');
      assert.equal(fixture.index, 0);
      await fixture.advance(1000);
      await fixture.fail('rtsp://a/');
      // At once, and not after a pause that belongs to failures of all.
      fixture.publish('rtsp://b/');
    }
    await fixture.advance(240_000);
    fixture.publish('rtsp://a/');
    await fixture.advance(60_000);
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    await fixture.advance(30_000);
    fixture.run('rtsp://a/');
  });

  it('lets no source take over that a reload has moved behind the running one', async () => {
    await using fixture = new Fixture(TWO);
    await fixture.fail('rtsp://a/');
    const writer = fixture.publish('rtsp://b/');
    fixture.read();
    await fixture.advance(30_000);
    const trial = fixture.run('rtsp://a/');
    fixture.reload('paths: {cam: {source: ["rtsp://b/", "rtsp://a/"]}}');
    fixture.publish('rtsp://a/');
    assert.equal(writer.isClosed, false);
    assert.equal(trial.context.signal.aborted, true);
    assert.equal(fixture.index, 0);
  });

  it('tries every source when the groups of a name make two of them the same', async () => {
    await using fixture = new Fixture(
      "paths: {'~^(.+)-(.+)$': {source: ['rtsp://$G1/', 'rtsp://$G2/', 'rtsp://b/'], sourceOnDemand: yes}}",
    );
    const grant = fixture.manager.grant('a-a', { user: '' });
    const waiting = fixture.manager.waitForStream(grant);
    await settle();
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    assert.ok(await waiting);
    assert.deepEqual(fixture.started, ['rtsp://a/', 'rtsp://b/']);
  });

  it('tells in numbers which source is in use, and nothing of paths without a list', async () => {
    await using fixture = new Fixture(
      'paths: {cam: {source: ["rtsp://a/", "rtsp://b/"]}, one: {source: "rtsp://c/"}}',
    );
    await fixture.fail('rtsp://a/');
    fixture.publish('rtsp://b/');
    const metrics = pathMetrics({ paths: () => fixture.manager.list(), sessions: () => [] });
    const samplesOf = (name: string | undefined): unknown =>
      metrics.collect(name).find((family) => family.name === 'paths_source_index')?.samples;
    const labels = { name: 'cam', state: 'ready' };
    assert.deepEqual(samplesOf(undefined), [{ labels, value: 1 }]);
    assert.deepEqual(samplesOf('one'), []);
  });

  it('leaves out what can not be pulled', async () => {
    await using fixture = new Fixture('paths: {cam: {source: ["srt://a:9/", "rtsp://b/"]}}');
    assert.deepEqual(fixture.started, ['rtsp://b/']);
    assert.equal(fixture.index, undefined);
  });
});
