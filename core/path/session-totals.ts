// Counters of all sessions, those that are gone included, so that sums never fall.
import type { MetricFamily, MetricGroup } from '../base/metric-family.ts';
import type { Session } from './session-registry.ts';

interface DropRule {
  readonly labels: { readonly queue: string; readonly reason: string };
  /** Of sessions. */
  readonly types: readonly string[];
  /** Counter of Session.stats(). */
  readonly stat: string;
}

const RTSP = ['rtspSession', 'rtspsSession'];

/** Who drops what. */
const DROPS: readonly DropRule[] = [
  {
    ...{ labels: { queue: 'rtsp_reader', reason: 'too_slow' }, types: RTSP },
    stat: 'outboundRTPPacketsDiscarded',
  },
  {
    ...{ labels: { queue: 'webrtc_viewer', reason: 'too_slow' }, types: ['webRTCSession'] },
    stat: 'outboundRTPPacketsDiscarded',
  },
  {
    ...{ labels: { queue: 'rtsp_publisher', reason: 'damaged' }, types: RTSP },
    stat: 'inboundRTPPacketsInError',
  },
];

/** Keeps the sums of sessions that ended; observe the registry with it. */
export class SessionTotals {
  readonly #departed = DROPS.map(() => 0);
  readonly #sessions: () => readonly Session[];

  constructor(sessions: () => readonly Session[]) {
    this.#sessions = sessions;
  }

  /** A session ended; its counters are final. */
  onSessionRemoved(session: Session): void {
    const stats = session.stats();
    DROPS.forEach(({ types, stat }, index) => {
      if (!types.includes(session.type)) return;
      this.#departed[index] = (this.#departed[index] ?? 0) + (stats[stat] ?? 0);
    });
  }

  /** The group `queues`; `extra` are drops that are counted elsewhere. */
  group(extra: () => MetricFamily['samples']): MetricGroup {
    return {
      type: 'queues',
      collect: () => [
        {
          name: 'queue_drops_total',
          type: 'counter',
          help: 'What was dropped at a full queue or refused, by place and reason.',
          samples: [...this.#drops(), ...extra()],
        },
      ],
    };
  }

  #drops(): MetricFamily['samples'] {
    const running = this.#sessions().map((session) => ({ session, stats: session.stats() }));
    return DROPS.map(({ labels, types, stat }, index) => ({
      labels,
      value: running
        .filter(({ session }) => types.includes(session.type))
        .reduce((sum, { stats }) => sum + (stats[stat] ?? 0), this.#departed[index] ?? 0),
    }));
  }
}
