// What observers of the path manager are told, and in which order.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];

function setUp(): {
  manager: PathManager;
  seen: string[];
  logger: RecordingLogger;
  clock: FakeClock;
} {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const manager = new PathManager(
    {
      clock,
      logger,
      authorizer: { authorize: () => Promise.resolve({ user: '' }) },
      sourceFactories: [],
      random: () => 0,
    },
    loadConfig({ text: 'paths: {all_others: {}}', env: {} }),
  );
  const seen: string[] = [];
  manager.observe({
    onPathTransition: (path, transition) => seen.push(`${path.name} ${transition}`),
  });
  return { manager, seen, logger, clock };
}

function publish(manager: PathManager, tracks = TRACKS): () => void {
  const publisher = { id: '1', type: 'test', onPathClosed: () => undefined };
  const lease = manager.publish(manager.grant('cam', { user: '' }), { publisher, tracks });
  return () => lease.close();
}

describe('PathManager.observe()', () => {
  it('tells of a stream that comes and goes', () => {
    const { manager, seen } = setUp();
    publish(manager)();
    assert.deepEqual(seen, ['cam available', 'cam online', 'cam offline', 'cam unavailable']);
  });

  it('keeps a held stream available while its publisher restarts', () => {
    const { manager, seen } = setUp();
    const leave = publish(manager);
    manager.read(manager.grant('cam', { user: '' }), { id: 'r', type: 'test' });
    leave();
    publish(manager);
    assert.deepEqual(seen, ['cam available', 'cam online', 'cam offline', 'cam online']);
  });

  it('tells the end of a stream before the beginning of one with other tracks', () => {
    const { manager, seen } = setUp();
    const leave = publish(manager);
    manager.read(manager.grant('cam', { user: '' }), { id: 'r', type: 'test' });
    leave();
    publish(manager, [
      { kind: 'video', codec: { name: 'VP9', clockRateHz: 90000 }, payloadType: 96 },
    ]);
    assert.deepEqual(seen.slice(3), ['cam unavailable', 'cam available', 'cam online']);
  });

  it('keeps a dynamic path whose readers left with the stream that gave way to another', async () => {
    const { manager } = setUp();
    const leave = publish(manager);
    const grant = manager.grant('cam', { user: '' });
    const lease = manager.read(grant, { id: 'r', type: 'test' });
    lease.stream.addReader({ onPublish: () => undefined, onStreamClosed: () => lease.close() });
    leave();
    publish(manager, [
      { kind: 'video', codec: { name: 'VP9', clockRateHz: 90000 }, payloadType: 96 },
    ]);
    await Promise.resolve();
    assert.equal(manager.get('cam')?.stream?.isOnline, true);
  });

  it('tells of offline and unavailable when the server stops', async () => {
    const { manager, seen } = setUp();
    publish(manager);
    await manager.close();
    assert.deepEqual(seen.slice(2), ['cam offline', 'cam unavailable']);
  });

  it('logs an observer that throws, and goes on', () => {
    const { manager, seen, logger } = setUp();
    manager.observe({
      onPathTransition: () => {
        throw new MediaError('internal', 'internal', 'observer is broken');
      },
    });
    publish(manager);
    assert.equal(seen.length, 2);
    assert.ok(logger.lines.some((line) => line.message.includes('observer is broken')));
  });

  it('ends when asked to', () => {
    const { manager, seen } = setUp();
    let count = 0;
    const end = manager.observe({ onPathTransition: () => count++ });
    end();
    publish(manager);
    assert.deepEqual([count, seen.length], [0, 2]);
  });
});
