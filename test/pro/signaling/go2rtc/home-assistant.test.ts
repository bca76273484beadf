// Home Assistant's client against the go2rtc API.
import assert from 'node:assert/strict';
import { Go2rtcClient } from '../../../contract/go2rtc-client.ts';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

describe('the go2rtc API for Home Assistant', () => {
  const source = 'rtsp://user:secret@192.0.2.1/stream';
  const entityId = 'camera.front_door';
  const take = (): Promise<Buffer> => Promise.resolve(Buffer.from('jpeg'));

  it('serves what its integration does, again and again without a restart of the camera', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { camera: { take } } });
    const client = new Go2rtcClient(`http://127.0.0.1:${fixture.port}`);
    await client.checkVersion();
    assert.ok((await client.schemes()).includes('rtsp'));
    assert.equal(await client.ensureStream({ entityId, source }), true);
    fixture.core.publish([H264], entityId);
    for (let count = 0; count < 3; count++) {
      // Its source is masked, so it is put each time.
      assert.equal(await client.ensureStream({ entityId, source }), true);
      assert.match(await client.offer(entityId, viewerOffer()), /a=candidate:/u);
      assert.match(await client.offerOverSocket(entityId, viewerOffer()), /a=candidate:/u);
    }
    assert.deepEqual(fixture.registrar.calls, [`register ${entityId} ${source}`]);
    await client.preload('PUT', entityId);
    assert.deepEqual(await client.preloaded(), [entityId]);
    await client.preload('DELETE', entityId);
    assert.equal(String(await client.snapshot(entityId, { width: 0, height: 0 })), 'jpeg');
  });

  it('lets it see that a source without credentials is there', async () => {
    await using fixture = await Go2rtcFixture.start();
    const client = new Go2rtcClient(`http://127.0.0.1:${fixture.port}`);
    const open = { entityId, source: 'rtsp://192.0.2.1/stream' };
    assert.equal(await client.ensureStream(open), true);
    assert.equal(await client.ensureStream(open), false);
  });
});
