// The process itself as metrics, with the names that dashboards for Node.js know.
import { readdirSync } from 'node:fs';
import type { MetricFamily, MetricGroup } from '../base/metric-family.ts';
import type { ReloadState } from './readiness.ts';

/** What the server tells about itself. */
export interface ProcessMetricsSource {
  readonly version: string;
  /** Date ms. */
  readonly startedAt: number;
  readonly eventLoop: () => MetricFamily;
  readonly reload: () => ReloadState;
}

/** Groups `process` and `config`. */
export function processMetrics(source: ProcessMetricsSource): readonly MetricGroup[] {
  return [
    { type: 'process', collect: () => processFamilies(source) },
    { type: 'config', collect: () => reloadFamilies(source.reload()) },
  ];
}

function processFamilies({
  version,
  startedAt,
  eventLoop,
}: ProcessMetricsSource): readonly MetricFamily[] {
  const cpu = process.cpuUsage();
  const memory = process.memoryUsage();
  const openFiles = countOpenFiles();
  const labels = { version, node: process.version };
  return [
    {
      ...{ name: 'mediamtx_pro_info', type: 'gauge', help: 'Version of the server.' },
      samples: [{ labels, value: 1 }],
    },
    counter('process_cpu_user_seconds_total', 'CPU time in user mode.', cpu.user / 1e6),
    counter('process_cpu_system_seconds_total', 'CPU time in the kernel.', cpu.system / 1e6),
    counter('process_cpu_seconds_total', 'CPU time.', (cpu.user + cpu.system) / 1e6),
    gauge('process_resident_memory_bytes', 'Memory in use.', memory.rss),
    gauge('process_start_time_seconds', 'Unix time of the start.', startedAt / 1000),
    ...(openFiles === undefined
      ? []
      : [gauge('process_open_fds', 'Open files and sockets.', openFiles)]),
    gauge('nodejs_heap_size_total_bytes', 'Size of the heap.', memory.heapTotal),
    gauge('nodejs_heap_size_used_bytes', 'Heap in use.', memory.heapUsed),
    gauge('nodejs_external_memory_bytes', 'Memory beside the heap.', memory.external),
    eventLoop(),
  ];
}

function reloadFamilies(state: ReloadState): readonly MetricFamily[] {
  return [
    gauge(
      'config_last_reload_successful',
      'Whether the newest configuration is in use (1) or could not be used (0).',
      state.isCurrent ? 1 : 0,
    ),
    gauge(
      'config_last_reload_success_timestamp_seconds',
      'Unix time at which a configuration was last put to use.',
      state.lastSuccessAt / 1000,
    ),
    {
      ...{ name: 'config_reloads_total', type: 'counter', help: 'Attempts to reload.' },
      samples: [
        { labels: { result: 'success' }, value: state.successes },
        { labels: { result: 'failure' }, value: state.failures },
      ],
    },
  ];
}

/** Undefined where the system doesn't tell. */
function countOpenFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, samples: [{ labels: {}, value }] };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'counter', help, samples: [{ labels: {}, value }] };
}
