// Tests of a configuration that changes under running paths.
import assert from 'node:assert/strict';
import type { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { PublishLease, ReadLease } from '../../../core/path/path.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
const NOBODY = { user: '' };

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  /** Runs of sources that go on, oldest first. */
  readonly runs: SourceContext[] = [];
  readonly closedFor: string[] = [];
  readonly manager: PathManager;
  /** How many turns a source takes to stop. */
  stopping: Promise<void> = Promise.resolve();

  constructor(yml: string) {
    const create = (): { run: (context: SourceContext) => Promise<void> } => ({
      run: (context) => this.#run(context),
    });
    this.manager = new PathManager(
      {
        clock: this.clock,
        logger: this.logger,
        random: () => 0,
        sourceFactories: [{ schemes: ['rtsp'], type: 'handSource', create }],
        authorizer: { authorize: () => Promise.resolve(NOBODY) },
      },
      loadConfig({ text: yml, env: {} }),
    );
    this.manager.start();
  }

  get urls(): readonly string[] {
    return this.runs.map(({ url }) => url);
  }

  reload(yml: string): void {
    this.manager.reconfigure(loadConfig({ text: yml, env: {} }));
  }

  publish(name: string): PublishLease {
    const onPathClosed = (reason: MediaError): void => void this.closedFor.push(reason.code);
    const publisher = { id: 'p', type: 'test', onPathClosed };
    return this.manager.publish(this.manager.grant(name, NOBODY), { publisher, tracks: TRACKS });
  }

  read(name: string): ReadLease {
    return this.manager.read(this.manager.grant(name, NOBODY), { id: 'r', type: 'test' });
  }

  #run(context: SourceContext): Promise<void> {
    this.runs.push(context);
    return new Promise((resolve) => {
      context.signal.addEventListener('abort', () => {
        void this.stopping.then(() => {
          this.runs.splice(this.runs.indexOf(context), 1);
          resolve();
        });
      });
    });
  }
}

/** Lets pending promises run; no timer is involved. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

describe('PathManager.reconfigure()', () => {
  it('opens added paths and closes removed ones with the reason', () => {
    const fixture = new Fixture('paths: {a: {}, b: {}}');
    const { stream } = fixture.publish('a');
    fixture.reload('paths: {b: {}, c: {source: "rtsp://10.0.0.7/"}}');
    assert.deepEqual(
      fixture.manager.list().map(({ name }) => name),
      ['b', 'c'],
    );
    assert.deepEqual(fixture.closedFor, ['path-removed']);
    assert.equal(stream.closedReason?.code, 'path-removed');
    assert.deepEqual(fixture.urls, ['rtsp://10.0.0.7/']);
  });

  it('leaves paths alone whose entry means the same', () => {
    const fixture = new Fixture('paths: {a: {publisherHoldTime: 60s}, c: {source: "rtsp://h/"}}');
    const lease = fixture.publish('a');
    const path = fixture.manager.get('a');
    fixture.read('a');
    const [run] = fixture.runs;
    fixture.reload('paths: {c: {source: "rtsp://h/"}, new: {}, a: {publisherHoldTime: 1m}}');
    assert.equal(fixture.manager.get('a'), path);
    assert.equal(lease.stream.isOnline, true);
    assert.equal(fixture.runs[0], run);
    assert.deepEqual(fixture.closedFor, []);
  });

  it('applies keys that drop nobody: limits, hooks, recording, those of pathDefaults', () => {
    const fixture = new Fixture('paths: {a: {}}');
    const lease = fixture.publish('a');
    fixture.read('a');
    const text = 'pathDefaults: {maxReaders: 1, recordDeleteAfter: 2d}\npaths: {a: {}}';
    fixture.reload(text);
    assert.equal(lease.stream.isOnline, true);
    assert.equal(fixture.manager.get('a')?.config.recordDeleteAfter, 172_800_000);
    assert.throws(() => fixture.read('a'), { code: 'max-readers' });
    fixture.reload('paths: {a: {overridePublisher: no}}');
    assert.throws(() => fixture.publish('a'), { code: 'path-has-publisher' });
  });

  it('connects a changed source anew, after the old one ended, and keeps the readers', async () => {
    const fixture = new Fixture('paths: {c: {source: "rtsp://old/"}}');
    fixture.runs[0]?.publish(TRACKS);
    const reading = fixture.read('c');
    const stopped = Promise.withResolvers<undefined>();
    fixture.stopping = stopped.promise;
    fixture.reload('paths: {c: {source: "rtsp://new/"}}');
    assert.equal(reading.stream.isOnline, false);
    await settle();
    assert.deepEqual(fixture.urls, ['rtsp://old/']);
    stopped.resolve(undefined);
    await settle();
    assert.deepEqual(fixture.urls, ['rtsp://new/']);
    fixture.clock.advance(60_000);
    fixture.runs[0]?.publish(TRACKS);
    assert.equal(reading.stream.isOnline, true);
    assert.equal(fixture.manager.get('c')?.stream, reading.stream);
  });

  it('waits a bounded time for a source that does not end', async () => {
    const fixture = new Fixture('paths: {c: {source: "rtsp://old/"}}');
    fixture.stopping = new Promise(() => undefined);
    fixture.reload('paths: {c: {source: "rtsp://new/"}}');
    await settle();
    assert.deepEqual(fixture.urls, ['rtsp://old/']);
    fixture.clock.advance(3000);
    await settle();
    assert.deepEqual(fixture.urls, ['rtsp://old/', 'rtsp://new/']);
  });

  it('pulls again on demand when the run before has ended, which may take a bounded time', async () => {
    const yml = 'source: "rtsp://h/", sourceOnDemand: yes, sourceOnDemandCloseAfter: 1s';
    const fixture = new Fixture(`paths: {c: {${yml}}}`);
    const stopping = Promise.withResolvers<undefined>();
    fixture.stopping = stopping.promise;
    const waiting = fixture.manager.waitForStream(fixture.manager.grant('c', NOBODY));
    const [first] = fixture.runs;
    first?.publish(TRACKS);
    await waiting;
    fixture.clock.advance(1000);
    assert.equal(first?.signal.aborted, true);
    fixture.read('c');
    await settle();
    assert.deepEqual(fixture.runs, [first]);
    stopping.resolve(undefined);
    await settle();
    assert.equal(fixture.runs.length, 1);
    assert.notEqual(fixture.runs[0], first);
    fixture.runs[0]?.publish(TRACKS);
    assert.equal(fixture.manager.get('c')?.stream?.isOnline, true);
    await fixture.manager.close();
  });

  it('ignores what a replaced source still publishes', () => {
    const fixture = new Fixture('paths: {c: {source: "rtsp://old/"}}');
    const [old] = fixture.runs;
    fixture.stopping = new Promise(() => undefined);
    fixture.reload('paths: {c: {}}');
    assert.throws(() => old?.publish(TRACKS), { code: 'source-stopped' });
    assert.equal(fixture.publish('c').stream.isOnline, true);
  });

  it('reconnects for a key of the source, not for others', async () => {
    const yml = (more: string): string => `paths: {c: {source: "rtsp://h/", ${more}}}`;
    const fixture = new Fixture(yml(''));
    const [run] = fixture.runs;
    fixture.reload(yml('maxReaders: 3'));
    await settle();
    assert.equal(fixture.runs[0], run);
    fixture.reload(yml('rtspTransport: tcp'));
    await settle();
    assert.equal(fixture.runs.length, 1);
    assert.equal(fixture.runs[0]?.config.rtspTransport, 'tcp');
  });

  it('starts a source that is no longer on demand, and lets one go that became so', async () => {
    const yml = (isOnDemand: string): string =>
      `paths: {c: {source: "rtsp://h/", sourceOnDemand: ${isOnDemand}, sourceOnDemandCloseAfter: 10s}}`;
    const fixture = new Fixture(yml('yes'));
    assert.deepEqual(fixture.urls, []);
    fixture.reload(yml('no'));
    assert.deepEqual(fixture.urls, ['rtsp://h/']);
    fixture.reload(yml('yes'));
    assert.deepEqual(fixture.urls, ['rtsp://h/']);
    fixture.clock.advance(10_000);
    await settle();
    assert.deepEqual(fixture.urls, []);
  });

  it('sends the publisher away when the path gets a source; readers stay', () => {
    const fixture = new Fixture('paths: {a: {}}');
    fixture.publish('a');
    const reading = fixture.read('a');
    fixture.reload('paths: {a: {source: "rtsp://h/"}}');
    assert.deepEqual(fixture.closedFor, ['path-changed']);
    fixture.runs[0]?.publish(TRACKS);
    assert.equal(fixture.manager.get('a')?.stream, reading.stream);
    assert.throws(() => fixture.publish('a'), { code: 'path-has-source' });
  });

  it('holds readers for the publisher of a path that lost its source', () => {
    const fixture = new Fixture('paths: {a: {source: "rtsp://h/"}}');
    fixture.runs[0]?.publish(TRACKS);
    const reading = fixture.read('a');
    fixture.reload('paths: {a: {}}');
    assert.equal(fixture.publish('a').stream, reading.stream);
    fixture.reload('paths: {a: {source: "rtsp://h/"}}');
    fixture.reload('paths: {a: {}}');
    fixture.clock.advance(5000);
    assert.equal(reading.stream.closedReason?.code, 'stream-ended');
  });

  it('moves dynamic paths to the entry that takes their name now', async () => {
    const fixture = new Fixture('paths: {all_others: {}}');
    const lease = fixture.publish('cam1');
    fixture.reload('paths: {"~^cam": {maxReaders: 7}, all_others: {}}');
    const path = fixture.manager.get('cam1');
    assert.deepEqual([path?.confName, path?.config.maxReaders], ['~^cam', 7]);
    fixture.reload('paths: {cam1: {}}');
    assert.equal(path?.confName, 'cam1');
    assert.equal(lease.stream.isOnline, true);
    lease.close();
    assert.equal(fixture.manager.get('cam1'), path);
    fixture.reload('paths: {all_others: {}}');
    await Promise.resolve();
    assert.equal(fixture.manager.get('cam1'), undefined);
  });

  it('connects anew when groups of another expression give another URL', async () => {
    const entry = (expression: string): string =>
      `"${expression}": {source: "rtsp://$G1/", sourceOnDemand: yes}`;
    const fixture = new Fixture(`paths: {${entry('~^cam_(.)')}}`);
    const waiting = fixture.manager.waitForStream(fixture.manager.grant('cam_12', NOBODY));
    assert.deepEqual(fixture.urls, ['rtsp://1/']);
    fixture.reload(`paths: {${entry('~^cam_(..)')}}`);
    await settle();
    assert.deepEqual(fixture.urls, ['rtsp://12/']);
    fixture.runs[0]?.publish(TRACKS);
    assert.equal((await waiting).isOnline, true);
  });

  it('closes a path whose new source cannot be pulled, and opens it again afterwards', () => {
    const fixture = new Fixture('paths: {a: {source: "rtsp://h/"}, b: {}}');
    fixture.reload('paths: {a: {source: "file:a.mp4"}, b: {}}');
    assert.equal(fixture.manager.get('a'), undefined);
    const errors = fixture.logger.lines.filter(({ level }) => level === 'error');
    assert.match(errors[0]?.message ?? '', /path 'a' is not open/u);
    fixture.reload('paths: {a: {}, b: {}}');
    assert.equal(fixture.manager.get('a')?.config.source, 'publisher');
  });

  it('keeps paths added at run time, over the new pathDefaults, hidden by an entry of the name', () => {
    const fixture = new Fixture('');
    fixture.manager.registerPath('gate', { source: 'rtsp://gate/' });
    fixture.reload('pathDefaults: {maxReaders: 4}');
    assert.equal(fixture.manager.get('gate')?.config.maxReaders, 4);
    fixture.reload('paths: {gate: {}}');
    assert.equal(fixture.manager.get('gate')?.config.source, 'publisher');
    fixture.reload('');
    assert.equal(fixture.manager.get('gate')?.config.source, 'rtsp://gate/');
  });

  it('tells observers which entries changed, and nothing when none did', () => {
    const fixture = new Fixture('paths: {a: {}, b: {}}');
    const seen: unknown[] = [];
    fixture.manager.observe({
      onPathsConfigured: ({ addedPaths, removedPaths, changedPaths }) =>
        seen.push([addedPaths, removedPaths, [...changedPaths.keys()]]),
    });
    fixture.reload('paths: {b: {}, a: {}}');
    fixture.reload('paths: {b: {maxReaders: 2}, c: {}}');
    fixture.manager.registerPath('gate', { source: 'rtsp://gate/' });
    assert.deepEqual(seen, [
      [['c'], ['a'], ['b']],
      [['gate'], [], []],
    ]);
  });

  it('leaves no timer behind', async () => {
    const fixture = new Fixture('paths: {c: {source: "rtsp://old/"}}');
    fixture.stopping = new Promise(() => undefined);
    fixture.reload('paths: {c: {source: "rtsp://new/"}}');
    await settle();
    fixture.stopping = Promise.resolve();
    void fixture.manager.close();
    await settle();
    assert.equal(fixture.clock.pendingTimers, 0);
  });
});
