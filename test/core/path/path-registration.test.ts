// Tests of paths that are added while the server runs.
import assert from 'node:assert/strict';
import { silentLogger } from '../../../core/base/logger.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
const NOBODY = { user: '' };
const CAMERA = 'rtsp://user:pass@10.0.0.7/stream';

function setUp(yml: string): { manager: PathManager; urls: string[] } {
  const urls: string[] = [];
  const run = (context: SourceContext): Promise<void> =>
    new Promise((resolve) => {
      urls.push(context.url);
      context.signal.addEventListener('abort', () => {
        urls.splice(urls.indexOf(context.url), 1);
        resolve();
      });
    });
  const factory = { schemes: ['rtsp'], type: 'handSource', create: () => ({ run }) };
  const manager = new PathManager(
    {
      clock: new FakeClock(),
      logger: silentLogger,
      random: () => 0,
      sourceFactories: [factory],
      authorizer: { authorize: () => Promise.resolve(NOBODY) },
    },
    loadConfig({ text: yml, env: {} }),
  );
  manager.start();
  return { manager, urls };
}

/** Lets pending promises run; no timer is involved. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('PathManager.registerPath()', () => {
  it('opens a path that pulls its source, listed under its own name', () => {
    const { manager, urls } = setUp('pathDefaults: {maxReaders: 3}');
    manager.registerPath('gate', { source: CAMERA });
    assert.deepEqual(urls, [CAMERA]);
    const [path] = manager.list();
    assert.deepEqual([path?.name, path?.confName], ['gate', 'gate']);
    assert.equal(path?.config.maxReaders, 3);
    assert.equal(manager.grant('gate', NOBODY).config.source, CAMERA);
  });

  it('takes other values of the path, as the file would', () => {
    const { manager, urls } = setUp('');
    const values = { sourceOnDemand: true, sourceOnDemandCloseAfter: '1m' };
    manager.registerPath('gate', { source: CAMERA, ...values });
    assert.deepEqual(urls, []);
    assert.equal(manager.get('gate')?.config.sourceOnDemandCloseAfter, 60_000);
  });

  it('refuses what the loader would refuse, and leaves nothing behind', () => {
    const { manager } = setUp('');
    const refuse = (
      name: string,
      values: { source: string; [key: string]: string | boolean },
    ): void =>
      assert.throws(() => manager.registerPath(name, values), { kind: 'invalid-argument' });
    for (const name of ['', '../x', '~^cam', 'all_others', 'a b', '__proto__/']) {
      refuse(name, { source: CAMERA });
    }
    for (const source of ['', 'nonsense', 'rtsp://', 'rtsp://user@host/', 'gopher://x/']) {
      refuse('gate', { source });
    }
    refuse('gate', { source: CAMERA, unknownKey: true });
    refuse('gate', { source: CAMERA, sourceOnDemand: 'perhaps' });
    assert.deepEqual(manager.list(), []);
  });

  it('refuses names of the configuration', () => {
    const { manager } = setUp('paths: {cam: {}}');
    const error = { kind: 'already-exists', code: 'path-name-taken' };
    assert.throws(() => manager.registerPath('cam', { source: CAMERA }), error);
    assert.equal(manager.get('cam')?.config.source, 'publisher');
  });

  it('goes before regular expressions, which take the name again afterwards', async () => {
    const { manager, urls } = setUp('paths: {all_others: {}}');
    manager.registerPath('gate', { source: CAMERA });
    assert.equal(manager.grant('gate', NOBODY).config.source, CAMERA);
    assert.equal(manager.unregisterPath('gate'), true);
    assert.equal(manager.unregisterPath('gate'), false);
    await settle();
    assert.deepEqual(urls, []);
    assert.equal(manager.grant('gate', NOBODY).config.source, 'publisher');
    const publisher = { id: '1', type: 'test', onPathClosed: () => undefined };
    manager.publish(manager.grant('gate', NOBODY), { publisher, tracks: TRACKS });
    assert.equal(manager.get('gate')?.confName, 'all_others');
  });
});

describe('PathManager.ensure()', () => {
  it('does nothing when the path pulls this source already', () => {
    const { manager, urls } = setUp(`paths: {cam: {source: "${CAMERA}"}}`);
    manager.ensure('cam', CAMERA);
    manager.ensure('gate', CAMERA);
    const path = manager.get('gate');
    manager.ensure('gate', CAMERA);
    assert.equal(manager.get('gate'), path);
    assert.deepEqual(urls, [CAMERA, CAMERA]);
  });

  it('changes the source of a path that it added', async () => {
    const { manager, urls } = setUp('');
    manager.ensure('gate', CAMERA);
    manager.ensure('gate', 'rtsp://10.0.0.8/');
    await settle();
    assert.deepEqual(urls, ['rtsp://10.0.0.8/']);
  });

  it('refuses configured paths with another source, and bad URLs', () => {
    const { manager } = setUp('paths: {cam: {}}');
    const error = { kind: 'invalid-argument' };
    assert.throws(() => manager.ensure('cam', CAMERA), error);
    assert.throws(() => manager.ensure('gate', 'nonsense'), error);
  });
});
