// Tests of paths: who may publish, who waits, who is kept and who is let go.
import assert from 'node:assert/strict';
import type { AccessRequest } from '../../../core/auth/access-request.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager, type PathGrant } from '../../../core/path/path-manager.ts';
import type { Publisher, PublishLease } from '../../../core/path/path.ts';
import type { Source, SourceContext, SourceFactory } from '../../../core/path/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
const OTHER_TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP9', clockRateHz: 90000 }, payloadType: 96 },
];
const NOBODY = { user: '' };

class FakePublisher implements Publisher {
  readonly id = 'p';
  readonly type = 'rtspSession';
  closedFor: string | undefined;

  onPathClosed(reason: MediaError): void {
    this.closedFor = reason.code;
  }
}

/** A source that the test drives by hand. */
class HandSource implements Source, SourceFactory {
  /** The loader knows real schemes only. */
  readonly schemes = ['rtsp'];
  readonly type = 'handSource';
  readonly runs: { readonly context: SourceContext; readonly fail: (error: MediaError) => void }[] =
    [];

  create(): Source {
    return this;
  }

  run(context: SourceContext): Promise<void> {
    return new Promise((resolve, reject) => {
      context.signal.addEventListener('abort', () => resolve());
      this.runs.push({ context, fail: reject });
    });
  }
}

interface Setup {
  readonly clock: FakeClock;
  readonly source: HandSource;
  readonly manager: PathManager;
  readonly grant: (name: string) => PathGrant;
  readonly publish: (
    name: string,
    tracks?: readonly TrackDescription[],
  ) => PublishLease & { readonly publisher: FakePublisher };
}

function setUp(yml: string, authorize?: (access: AccessRequest) => void): Setup {
  const clock = new FakeClock();
  const source = new HandSource();
  const manager = new PathManager(
    {
      clock,
      logger: silentLogger,
      random: () => 0,
      sourceFactories: [source],
      authorizer: {
        authorize: async (access) => {
          authorize?.(access);
          return await Promise.resolve(NOBODY);
        },
      },
    },
    loadConfig({ text: yml, env: {} }),
  );
  manager.start();
  return {
    clock,
    source,
    manager,
    grant: (name) => manager.grant(name, NOBODY),
    publish: (name, tracks = TRACKS) => {
      const publisher = new FakePublisher();
      const lease = manager.publish(manager.grant(name, NOBODY), { publisher, tracks });
      return { ...lease, publisher };
    },
  };
}

/** Lets pending promises run; no timer is involved. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('PathManager', () => {
  it('asks for credentials before it tells whether a path is configured', async () => {
    const { manager } = setUp('paths: { cam: {} }', () => {
      throw new MediaError('unauthenticated', 'unauthenticated', 'who are you');
    });
    const access: AccessRequest = {
      action: 'read',
      path: 'unknown',
      credentials: { type: 'none' },
      ip: '127.0.0.1',
      protocol: 'rtsp',
      id: '1',
      query: '',
      userAgent: '',
    };
    await assert.rejects(manager.authorize(access), { code: 'unauthenticated' });
  });

  it('refuses paths that are not configured', () => {
    const { manager } = setUp('paths: { cam: {} }');
    for (const name of ['other', '../cam', '', 'cam/', '__proto__', 'x'.repeat(300)]) {
      assert.throws(() => manager.grant(name, NOBODY), { code: 'path-not-configured' });
    }
  });

  it('has no stream before somebody publishes', async () => {
    const { manager, grant } = setUp('paths: { cam: {} }');
    await assert.rejects(manager.waitForStream(grant('cam')), { code: 'no-stream' });
  });

  it('gives readers the stream of the publisher', async () => {
    const { manager, grant, publish } = setUp('paths: { cam: {} }');
    const lease = publish('cam');
    assert.equal(await manager.waitForStream(grant('cam')), lease.stream);
    const reading = manager.read(grant('cam'), { id: 'r', type: 'rtspSession' });
    assert.equal(manager.get('cam')?.readers.size, 1);
    reading.close();
    reading.close();
    assert.equal(manager.get('cam')?.readers.size, 0);
  });

  it('lets a new publisher take over and closes the old one', () => {
    const { publish } = setUp('paths: { cam: {} }');
    const first = publish('cam');
    const second = publish('cam');
    assert.equal(first.publisher.closedFor, 'publisher-replaced');
    assert.equal(second.stream, first.stream);
    first.close();
    assert.equal(second.stream.isOnline, true);
  });

  it('keeps the old publisher when overridePublisher is off', () => {
    const { publish } = setUp('paths: { cam: { overridePublisher: no } }');
    const first = publish('cam');
    assert.throws(() => publish('cam'), { code: 'path-has-publisher' });
    first.close();
    publish('cam');
  });

  it('holds readers until the publisher is back', () => {
    const { clock, manager, grant, publish } = setUp('paths: { cam: { publisherHoldTime: 5s } }');
    const first = publish('cam');
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    first.close();
    clock.advance(4999);
    const second = publish('cam');
    assert.equal(second.stream, first.stream);
    clock.advance(10_000);
    assert.equal(second.stream.closedReason, undefined);
  });

  it('lets readers go when the publisher stays away', () => {
    const { clock, manager, grant, publish } = setUp('paths: { cam: { publisherHoldTime: 5s } }');
    const first = publish('cam');
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    first.close();
    clock.advance(5000);
    assert.equal(first.stream.closedReason?.code, 'stream-ended');
    assert.equal(manager.get('cam')?.stream, undefined);
  });

  it('ends the stream at once when nobody reads, or without a hold time', () => {
    const { manager, grant, publish } = setUp('paths: { cam: {}, now: { publisherHoldTime: 0s } }');
    const cam = publish('cam');
    cam.close();
    assert.ok(cam.stream.closedReason);
    const now = publish('now');
    manager.read(grant('now'), { id: 'r', type: 'webRTCSession' });
    now.close();
    assert.ok(now.stream.closedReason);
  });

  it('ends the stream for readers when the next publisher has other tracks', () => {
    const { manager, grant, publish } = setUp('paths: { cam: {} }');
    const first = publish('cam');
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    const second = publish('cam', OTHER_TRACKS);
    assert.notEqual(second.stream, first.stream);
    assert.equal(first.stream.closedReason?.code, 'stream-ended');
  });

  it('makes a newcomer wait for a publisher that is on its way back', async () => {
    const { clock, manager, grant, publish } = setUp('paths: { cam: { publisherHoldTime: 5s } }');
    const first = publish('cam');
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    first.close();
    const waiting = manager.waitForStream(grant('cam'));
    clock.advance(1000);
    publish('cam');
    assert.equal(await waiting, first.stream);
  });

  it('ends a wait when the client leaves', async () => {
    const { manager, grant, publish } = setUp('paths: { cam: { publisherHoldTime: 5s } }');
    const first = publish('cam');
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    first.close();
    const left = new AbortController();
    const waiting = manager.waitForStream(grant('cam'), left.signal);
    left.abort(new MediaError('canceled', 'canceled', 'left'));
    await assert.rejects(waiting, { code: 'canceled' });
  });

  it('counts readers against maxReaders', () => {
    const { manager, grant, publish } = setUp('paths: { cam: { maxReaders: 1 } }');
    publish('cam');
    const first = manager.read(grant('cam'), { id: '1', type: 'rtspSession' });
    assert.throws(() => manager.read(grant('cam'), { id: '2', type: 'rtspSession' }), {
      code: 'max-readers',
    });
    first.close();
    manager.read(grant('cam'), { id: '2', type: 'rtspSession' });
  });

  it('forgets dynamic paths that nobody uses, keeps configured ones', async () => {
    const { manager, grant, publish } = setUp('paths: { cam: {}, all_others: {} }');
    publish('dynamic/1').close();
    await assert.rejects(manager.waitForStream(grant('dynamic/2')), { code: 'no-stream' });
    publish('cam').close();
    assert.deepEqual(
      manager.list().map((path) => path.name),
      ['cam'],
    );
  });

  it('closes publishers and streams when the server stops, then takes nobody', async () => {
    const { manager, grant, publish } = setUp('paths: { cam: {} }');
    const lease = publish('cam');
    const held = grant('cam');
    await manager.close();
    assert.equal(lease.publisher.closedFor, 'server-stopping');
    assert.equal(lease.stream.closedReason?.code, 'server-stopping');
    await assert.rejects(async () => manager.waitForStream(held), { code: 'server-stopping' });
  });
});

describe('PathManager with sources', () => {
  const yml = (extra = ''): string =>
    `paths:\n  cam:\n    source: rtsp://user:secret@camera/1\n${extra}`;

  it('starts the source at once and gives it the URL', () => {
    const { source } = setUp(yml());
    assert.equal(source.runs.length, 1);
    assert.equal(source.runs[0]?.context.url, 'rtsp://user:secret@camera/1');
    assert.equal(source.runs[0].context.pathName, 'cam');
  });

  it('refuses publishers', () => {
    const { publish } = setUp(yml());
    assert.throws(() => publish('cam'), { code: 'path-has-source' });
  });

  it('keeps readers attached through any number of failures', async () => {
    const { clock, source, manager, grant } = setUp(yml());
    source.runs[0]?.context.publish(TRACKS);
    const stream = await manager.waitForStream(grant('cam'));
    manager.read(grant('cam'), { id: 'r', type: 'webRTCSession' });
    for (let round = 1; round <= 5; round++) {
      source.runs.at(-1)?.fail(new MediaError('unavailable', 'refused', 'connection refused'));
      await settle();
      assert.equal(stream.isOnline, false);
      clock.advance(4000);
      await settle();
      assert.equal(source.runs.length, round + 1);
    }
    source.runs.at(-1)?.context.publish(TRACKS);
    assert.equal(stream.isOnline, true);
    assert.equal(stream.closedReason, undefined);
    assert.equal(manager.get('cam')?.lastFailure?.code, 'refused');
  });

  it('starts a source on demand with its first reader and ends it after the last', async () => {
    const { clock, source, manager, grant } = setUp(
      yml('    sourceOnDemand: yes\n    sourceOnDemandCloseAfter: 10s\n'),
    );
    assert.equal(source.runs.length, 0);
    const waiting = manager.waitForStream(grant('cam'));
    assert.equal(source.runs.length, 1);
    source.runs[0]?.context.publish(TRACKS);
    const stream = await waiting;
    const reading = manager.read(grant('cam'), { id: 'r', type: 'rtspSession' });
    clock.advance(60_000);
    assert.equal(source.runs[0]?.context.signal.aborted, false);
    reading.close();
    clock.advance(9000);
    const again = manager.read(grant('cam'), { id: 'r2', type: 'rtspSession' });
    clock.advance(60_000);
    assert.equal(source.runs[0].context.signal.aborted, false);
    again.close();
    clock.advance(10_000);
    await settle();
    assert.equal(source.runs[0].context.signal.aborted, true);
    assert.equal(stream.closedReason?.code, 'stream-ended');
  });

  it('says that a source on demand has timed out', async () => {
    const { clock, manager, grant } = setUp(
      yml('    sourceOnDemand: yes\n    sourceOnDemandStartTimeout: 3s\n'),
    );
    const waiting = manager.waitForStream(grant('cam'));
    clock.advance(3000);
    await assert.rejects(waiting, {
      code: 'source-timed-out',
      message: "source of path 'cam' has timed out",
    });
  });

  it('says what the source failed with, without its credentials', async () => {
    const { clock, source, manager, grant } = setUp(yml());
    source.runs[0]?.fail(
      new MediaError('unavailable', 'refused', 'rtsp://user:secret@camera/1: connection refused'),
    );
    await settle();
    const waiting = manager.waitForStream(grant('cam'));
    clock.advance(5000);
    await assert.rejects(waiting, {
      code: 'no-stream',
      message: "no stream is available on path 'cam': rtsp://***@camera/1: connection refused",
    });
  });

  it('stops its sources when the server stops', async () => {
    const { source, manager } = setUp(yml());
    await manager.close();
    assert.equal(source.runs[0]?.context.signal.aborted, true);
  });

  it('fills groups of a regular expression into the URL', async () => {
    const { source, manager, grant } = setUp(
      "paths:\n  '~^proxy/(.+)$':\n    source: rtsp://camera/$G1\n    sourceOnDemand: yes\n",
    );
    const waiting = manager.waitForStream(grant('proxy/lobby'));
    assert.equal(source.runs[0]?.context.url, 'rtsp://camera/lobby');
    source.runs[0].context.publish(TRACKS);
    assert.ok(await waiting);
  });
});
