// The meter on real paths: the path manager fits, and packets count.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { MediaMeter } from '../../../pro/health/media-meter.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];

describe('MediaMeter', () => {
  it('sees packets of a published path, and their end', () => {
    const manager = new PathManager(
      {
        ...{ clock: new FakeClock(), logger: new RecordingLogger(), random: () => 0 },
        authorizer: { authorize: () => Promise.resolve({ user: '' }) },
        sourceFactories: [],
      },
      loadConfig({ text: 'paths: {all_others: {}}', env: {} }),
    );
    const meter = new MediaMeter(manager, 'cam');
    assert.equal(meter.problem(), 'no stream');
    const publisher = { id: '1', type: 'test', onPathClosed: () => undefined };
    const options = { publisher, tracks: TRACKS };
    const lease = manager.publish(manager.grant('cam', { user: '' }), options);
    assert.equal(meter.problem(), 'no media since the last check');
    const [track] = lease.stream.tracks;
    assert.ok(track);
    track.stats.packetsReceived = 5;
    assert.equal(meter.problem(), undefined);
    assert.equal(meter.problem(), 'no media since the last check');
    track.stats.packetsReceived = 2;
    assert.equal(meter.problem(), undefined, 'a stream that began anew');
    lease.close();
    assert.equal(meter.problem(), 'no stream');
  });
});
