// Tests of publishStreamEvents() with the real path manager.
import assert from 'node:assert/strict';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { publishStreamEvents } from '../../../pro/assembly/publish-stream-events.ts';
import { RtspFixture, VIDEO_AUDIO_SDP } from '../../support/rtsp-fixture.ts';

describe('publishStreamEvents()', () => {
  it('tells when a stream comes and goes, after the path is done with it', async () => {
    await using fixture = await RtspFixture.start();
    const { pathManager } = fixture;
    const told: unknown[] = [];
    const gone = Promise.withResolvers<undefined>();
    const publish = (event: ProEvent): void => {
      const stream = pathManager.get('cam')?.stream;
      told.push([event, stream?.isOnline === true]);
      if (event.type === 'streamOffline') gone.resolve(undefined);
    };
    const end = publishStreamEvents({ pathManager, events: { publish } });
    const client = await fixture.publish('cam', VIDEO_AUDIO_SDP);
    await client[Symbol.asyncDispose]();
    await gone.promise;
    assert.deepEqual(told, [
      [{ type: 'streamOnline', name: 'cam' }, true],
      [{ type: 'streamOffline', name: 'cam' }, false],
    ]);
    end();
    await using again = await fixture.publish('cam', VIDEO_AUDIO_SDP);
    await again.request('OPTIONS', fixture.url('cam'));
    assert.equal(told.length, 2);
  });
});
