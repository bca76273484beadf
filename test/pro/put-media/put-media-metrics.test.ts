// Numbers of uploads: one sample for each, those of one path alone, and none before there is a value.
import assert from 'node:assert/strict';
import { metricsText } from '../../../core/metrics/metrics-text.ts';
import { putMediaMetrics } from '../../../pro/put-media/put-media-metrics.ts';
import type { PutMediaItem } from '../../../pro/put-media/put-media-target.ts';

const stats: PutMediaItem['stats'] = {
  ...{ connections: 3, fragmentsSent: 12, fragmentsResent: 2, fragmentsPersisted: 9 },
  ...{ fragmentsDropped: 1, sentBytes: 5000, malformedAcks: 0, bufferedBytes: 700 },
  ...{ lagMs: 1500, lastAckAt: undefined },
};
const uploads: readonly PutMediaItem[] = [
  { pathName: 'a', region: 'eu-west-1', stream: 's', stats },
  { pathName: 'b', region: 'eu-west-1', stream: 't', stats: { ...stats, lastAckAt: 2500 } },
];

describe('putMediaMetrics()', () => {
  const group = putMediaMetrics(() => uploads);

  it('names path, region and stream', () => {
    const families = group.collect(undefined);
    const lag = families.find(({ name }) => name === 'kvs_forwards_lag_seconds');
    assert.deepEqual(lag?.samples[0], {
      labels: { path: 'a', region: 'eu-west-1', stream: 's' },
      value: 1.5,
    });
    const values = families.map(({ samples }) => samples[0]?.value);
    assert.deepEqual(values, [3, 12, 2, 9, 1, 5000, 700, 1.5, 2.5]);
    const line = 'kvs_forwards_fragments_dropped{path="b",region="eu-west-1",stream="t"} 1';
    assert.equal(metricsText(families).includes(line), true);
  });

  it('tells of one path alone, and of no answer before there was one', () => {
    for (const { name, samples } of group.collect('a')) {
      assert.equal(samples.length, name.endsWith('last_ack_timestamp_seconds') ? 0 : 1, name);
    }
  });
});
