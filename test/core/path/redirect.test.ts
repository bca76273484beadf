// Tests of paths with `source: redirect`: where readers are sent, and who is refused.
import assert from 'node:assert/strict';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { pathItem } from '../../../core/api/path-item.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

function setUp(paths: string): PathManager {
  const manager = new PathManager(
    {
      ...{ clock: new FakeClock(), logger: new RecordingLogger(), sourceFactories: [] },
      ...{ authorizer: { authorize: () => Promise.resolve({ user: '' }) }, random: () => 0 },
    },
    loadConfig({ text: `paths: ${paths}`, env: {} }),
  );
  manager.start();
  return manager;
}

const CAM = '{ cam: { source: redirect, sourceRedirect: "rtsp://u:p@h/x" } }';

describe('PathManager with source: redirect', () => {
  it('tells where readers go, groups filled in', () => {
    const manager = setUp(
      '{ a: { source: redirect, sourceRedirect: /b/c }, b/c: {}, ' +
        '"~^out/(.+)$": { source: redirect, sourceRedirect: "rtsp://other/$G1" }, ' +
        '"~^in/(.+)$": { source: redirect, sourceRedirect: "/b/$G1" } }',
    );
    assert.deepEqual(manager.redirectOf({ pathName: 'a' }), { type: 'path', name: 'b/c' });
    const url = { type: 'url', url: 'rtsp://other/1/2' };
    assert.deepEqual(manager.redirectOf({ pathName: 'out/1/2' }), url);
    assert.deepEqual(manager.redirectOf({ pathName: 'in/c' }), { type: 'path', name: 'b/c' });
    assert.equal(manager.redirectOf({ pathName: 'b/c' }), undefined);
    assert.equal(manager.redirectOf({ pathName: 'nobody' }), undefined);
  });

  it('refuses publishers, and readers that can not follow, without telling the password', async () => {
    const manager = setUp(CAM);
    const grant = manager.grant('cam', { user: '' });
    const failure = {
      code: 'path-redirects',
      message: "path 'cam' has no stream of its own, it sends its readers to rtsp://***@h/x",
    };
    await assert.rejects(manager.waitForStream(grant), failure);
    assert.throws(() => manager.read(grant, { id: 'r', type: 'recorder' }), failure);
    const publisher = { id: 'p', type: 'rtspSession', onPathClosed: () => undefined };
    assert.throws(() => manager.publish(grant, { publisher, tracks: [] }), {
      code: 'path-has-source',
    });
  });

  it('is shown as the peer shows it', async () => {
    const manager = setUp(CAM);
    const path = manager.get('cam');
    assert.ok(path);
    const item = pathItem(path, []);
    assert.deepEqual(item.source, { type: 'redirect', id: '' });
    assert.deepEqual([item.available, item.online, item.ready], [false, false, false]);
    await manager.close();
  });

  it('finds circles that only names of readers close', () => {
    const manager = setUp(
      '{ "~^x/(.*)$": { source: redirect, sourceRedirect: "/y/$G1" }, ' +
        '"~^y/(.*)$": { source: redirect, sourceRedirect: "/x/$G1" } }',
    );
    assert.throws(() => manager.redirectOf({ pathName: 'x/1' }), {
      code: 'redirect-leads-nowhere',
      message: "path 'x/1' sends its readers to a circle: x/1 -> y/1 -> x/1",
    });
    const far = setUp('{ "~^z(.*)$": { source: redirect, sourceRedirect: "/zq$G1" } }');
    assert.throws(() => far.redirectOf({ pathName: 'z1' }), { code: 'redirect-leads-nowhere' });
  });

  it('finds circles of the configuration when it is loaded', () => {
    const errors = (paths: string): string[] =>
      checkConfig({ text: `paths: ${paths}`, filePath: 'm.yml', env: {} }).issues.map(
        ({ key, message }) => `${key}: ${message}`,
      );
    assert.deepEqual(
      errors(
        '{ a: { source: redirect, sourceRedirect: /b }, b: { source: redirect, sourceRedirect: /a } }',
      ),
      [
        'paths.a.sourceRedirect: redirects go in a circle: a -> b -> a',
        'paths.b.sourceRedirect: redirects go in a circle: b -> a -> b',
      ],
    );
    assert.deepEqual(errors('{ all_others: { source: redirect, sourceRedirect: /x } }'), [
      'paths.all_others.sourceRedirect: redirects go in a circle: x -> x',
    ]);
    assert.deepEqual(errors('{ all_others: { source: redirect, sourceRedirect: /x }, x: {} }'), []);
    assert.match(
      errors('{ a: { source: redirect, sourceRedirect: /../b } }').join(),
      /invalid path/u,
    );
    assert.match(
      errors('{ a: { source: redirect, sourceRedirect: "rtsp://:x/" } }').join(),
      /valid/u,
    );
  });
});
