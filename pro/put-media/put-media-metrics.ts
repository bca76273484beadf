// Uploads into Kinesis video streams in numbers.
import type { MetricFamily, MetricGroup } from '../../core/base/metric-family.ts';
import type { PutMediaItem } from './put-media-target.ts';

type Series = readonly [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  valueOf: (item: PutMediaItem) => number | undefined,
];

const SERIES: readonly Series[] = [
  [
    'connections',
    'counter',
    'PutMedia connections of this upload.',
    ({ stats }) => stats.connections,
  ],
  [
    'fragments_sent',
    'counter',
    'Fragments sent, repeats included.',
    ({ stats }) => stats.fragmentsSent,
  ],
  [
    'fragments_resent',
    'counter',
    'Fragments sent again on another connection.',
    ({ stats }) => stats.fragmentsResent,
  ],
  [
    'fragments_persisted',
    'counter',
    'Fragments that the service confirmed.',
    ({ stats }) => stats.fragmentsPersisted,
  ],
  [
    'fragments_dropped',
    'counter',
    'Fragments refused for good, or too old when their turn came.',
    ({ stats }) => stats.fragmentsDropped,
  ],
  ['outbound_bytes', 'counter', 'Bytes of media sent.', ({ stats }) => stats.sentBytes],
  [
    'buffered_bytes',
    'gauge',
    'Bytes that wait to be sent or confirmed.',
    ({ stats }) => stats.bufferedBytes,
  ],
  [
    'lag_seconds',
    'gauge',
    'How long the oldest fragment waits to be confirmed.',
    ({ stats }) => stats.lagMs / 1000,
  ],
  [
    'last_ack_timestamp_seconds',
    'gauge',
    'When the service last answered, since 1970.',
    ({ stats }) => (stats.lastAckAt === undefined ? undefined : stats.lastAckAt / 1000),
  ],
];

/** The group `kvs_forwards`, one member for each path; counters begin anew with each run. */
export function putMediaMetrics(uploads: () => readonly PutMediaItem[]): MetricGroup {
  return {
    type: 'kvs_forwards',
    filter: 'path',
    collect: (member) => {
      const items = uploads().filter(({ pathName }) => member === undefined || pathName === member);
      return SERIES.map((series) => familyOf(series, items));
    },
  };
}

function familyOf(
  [name, type, help, valueOf]: Series,
  items: readonly PutMediaItem[],
): MetricFamily {
  return {
    ...{ name: `kvs_forwards_${name}`, type, help },
    samples: items.flatMap((item) => {
      const value = valueOf(item);
      const { pathName: path, region, stream } = item;
      return value === undefined ? [] : [{ labels: { path, region, stream }, value }];
    }),
  };
}
