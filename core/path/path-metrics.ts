// Paths as metrics, with the names and labels of the peer.
import { memberFamilies, type MemberSeries } from '../base/member-families.ts';
import type { MetricFamily, MetricGroup, MetricSample } from '../base/metric-family.ts';
import { MAX_METRIC_MEMBERS } from '../base/member-families.ts';
import type { Path } from './path.ts';
import type { Session } from './session-registry.ts';

/** Where the numbers come from. */
export interface PathMetricsSource {
  readonly paths: () => readonly Path[];
  readonly sessions: () => readonly Session[];
}

interface PathNumbers {
  readonly labels: { readonly name: string; readonly state: 'ready' | 'notReady' };
  readonly readers: ReadonlyMap<string, number>;
  readonly inboundBytes: number;
  readonly outboundBytes: number;
  readonly inboundFramesInError: number;
  /** Undefined when the path has no list of sources. */
  readonly sourceIndex: number | undefined;
}

/** Readers of the server itself; the peer doesn't show them either. */
const INTERNAL_READERS: ReadonlySet<string> = new Set(['recorder', 'snapshot', 'forward']);

const SERIES: readonly MemberSeries<PathNumbers>[] = [
  { name: 'paths', type: 'gauge', help: 'Open paths.', value: () => 1 },
  {
    ...{ name: 'paths_inbound_bytes', type: 'counter' },
    ...{ help: 'Bytes of media received.', value: (path) => path.inboundBytes },
  },
  {
    ...{ name: 'paths_outbound_bytes', type: 'counter' },
    ...{ help: 'Bytes of media sent to readers.', value: (path) => path.outboundBytes },
  },
  {
    ...{ name: 'paths_inbound_frames_in_error', type: 'counter' },
    ...{ help: 'Damaged frames received.', value: (path) => path.inboundFramesInError },
  },
  {
    ...{ name: 'paths_bytes_received', type: 'counter' },
    ...{ help: 'Deprecated: paths_inbound_bytes.', value: (path) => path.inboundBytes },
  },
  {
    ...{ name: 'paths_bytes_sent', type: 'counter' },
    ...{ help: 'Deprecated: paths_outbound_bytes.', value: (path) => path.outboundBytes },
  },
];

/** Only for paths with a list. */
const SOURCE_INDEX: MemberSeries<PathNumbers> = {
  ...{ name: 'paths_source_index', type: 'gauge' },
  help: 'Place of the source in use in the list of its path, 0 = preferred.',
  value: ({ sourceIndex }) => sourceIndex ?? 0,
};

/** The group `paths`. */
export function pathMetrics(source: PathMetricsSource): MetricGroup {
  return {
    type: 'paths',
    filter: 'path',
    collect: (name) => {
      const paths = source.paths().filter((path) => name === undefined || path.name === name);
      const sent = sentByPath(source.sessions());
      const numbers = paths.map((path) => numbersOf(path, sent.get(path.name) ?? 0));
      const isFiltered = name !== undefined;
      const options = { isFiltered, labels: (path: PathNumbers) => path.labels };
      const listed = numbers.filter(({ sourceIndex }) => sourceIndex !== undefined);
      return [
        ...memberFamilies(SERIES, numbers, options),
        readersFamily(numbers, isFiltered),
        ...memberFamilies([SOURCE_INDEX], listed, options),
      ];
    },
  };
}

function numbersOf(path: Path, sentNow: number): PathNumbers {
  const totals = path.traffic.totals(path.stream);
  const readers = new Map<string, number>();
  for (const { type } of path.readers) {
    if (!INTERNAL_READERS.has(type)) readers.set(type, (readers.get(type) ?? 0) + 1);
  }
  return {
    labels: { name: path.name, state: path.availableAt === undefined ? 'notReady' : 'ready' },
    readers,
    inboundBytes: totals.inboundBytes,
    outboundBytes: totals.departedOutboundBytes + sentNow,
    inboundFramesInError: totals.inboundFramesInError,
    sourceIndex: path.origin?.index,
  };
}

/** Publishers are sent reports only, which are no media of the path. */
function sentByPath(sessions: readonly Session[]): ReadonlyMap<string, number> {
  const sent = new Map<string, number>();
  for (const session of sessions) {
    if (session.state === 'publish') continue;
    const bytes = session.stats()['outboundBytes'] ?? 0;
    sent.set(session.path, (sent.get(session.path) ?? 0) + bytes);
  }
  return sent;
}

function readersFamily(paths: readonly PathNumbers[], isFiltered: boolean): MetricFamily {
  const samples = paths
    .slice(0, MAX_METRIC_MEMBERS)
    .flatMap(({ labels, readers }) =>
      readers.size === 0
        ? [{ labels: { ...labels, readerType: '' }, value: 0 }]
        : [...readers].map(([readerType, value]) => ({ labels: { ...labels, readerType }, value })),
    );
  const zero: readonly MetricSample[] = isFiltered ? [] : [{ labels: {}, value: 0 }];
  return {
    ...{ name: 'paths_readers', type: 'gauge', help: 'Readers of a path by kind.' },
    samples: samples.length === 0 ? zero : samples,
  };
}
