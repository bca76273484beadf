// Settings of periodic pictures over HTTP: what a client leaves out stays as it is.
import assert from 'node:assert/strict';
import {
  snapshotEndpoints,
  type PeriodicChange,
  type SnapshotApi,
} from '../../../../pro/api/endpoints/snapshot-endpoints.ts';
import { serveEndpoints } from '../endpoints-fixture.ts';

const none = (): never => assert.fail('not asked for');

describe('POST /api/v2/snapshot/config', () => {
  it('changes only what the body names and answers the whole setting', async () => {
    const changes: PeriodicChange[] = [];
    const setting = { enabled: false, intervalSeconds: 60, quality: 35 };
    const api: SnapshotApi = {
      ...{ take: none, save: none, fileUrl: none },
      readSetting: () => Promise.resolve(setting),
      writeSetting: (name, change) => {
        assert.equal(name, 'floor/cam');
        changes.push(change);
        return Promise.resolve({ ...setting, enabled: change.enabled ?? false });
      },
    };
    await using fixture = await serveEndpoints(snapshotEndpoints(api));
    const target = 'POST /api/v2/snapshot/config/floor/cam';
    const { status, json } = await fixture.ask(target, { enabled: true });
    assert.equal(status, 200);
    assert.deepEqual(json, {
      success: true,
      result: { config: { pathName: 'floor/cam', enabled: true, interval: 60, quality: 35 } },
    });
    assert.deepEqual(changes, [{ enabled: true, intervalSeconds: undefined, quality: undefined }]);
    assert.equal((await fixture.ask(target, { interval: 0 })).status, 400);
    assert.equal((await fixture.ask(target, { quality: '7' })).status, 400);
    assert.equal(changes.length, 1);
  });
});
