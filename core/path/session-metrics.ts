// Sessions of one protocol as metrics, with the names and labels of the peer.
import { memberFamilies, type MemberSeries } from '../base/member-families.ts';
import type { MetricGroup } from '../base/metric-family.ts';
import type { Session } from './session-registry.ts';

/** A family of sessions: what follows the prefix, and the counter of Session.stats() behind it. */
export interface SessionSeries {
  readonly suffix: string;
  readonly stat: string;
  readonly help: string;
  /** Counter by default. */
  readonly type?: 'counter' | 'gauge';
}

/** Which sessions, and under which names. */
export interface SessionMetricsOptions {
  /** Prefix and group, e.g. `webrtc_sessions`. */
  readonly prefix: string;
  /** Query key for one session, e.g. `webrtc_session`. */
  readonly filter: string;
  readonly sessions: () => readonly Session[];
  readonly series: readonly SessionSeries[];
}

interface SessionNumbers {
  readonly session: Session;
  readonly stats: Readonly<Record<string, number>>;
}

/** The group of one kind of sessions. */
export function sessionMetrics({
  prefix,
  filter,
  sessions,
  series,
}: SessionMetricsOptions): MetricGroup {
  const all: readonly MemberSeries<SessionNumbers>[] = [
    { name: prefix, type: 'gauge', help: 'Open sessions.', value: () => 1 },
    ...series.map(({ suffix, stat, help, type }) => ({
      ...{ name: `${prefix}_${suffix}`, type: type ?? 'counter', help },
      value: ({ stats }: SessionNumbers) => stats[stat] ?? 0,
    })),
  ];
  return {
    ...{ type: prefix, filter },
    collect: (id) =>
      memberFamilies(
        all,
        sessions()
          .filter((session) => id === undefined || session.id === id)
          .map((session) => ({ session, stats: session.stats() })),
        { isFiltered: id !== undefined, labels: ({ session }) => labelsOf(session) },
      ),
  };
}

function labelsOf({ id, path, remoteAddress, state }: Session): Readonly<Record<string, string>> {
  return { id, path, remoteAddr: remoteAddress, state };
}
