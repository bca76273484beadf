// Health checks of all network capture devices: who is watched, and what is told when one comes or goes.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { DeviceTarget } from '../device/device-target.ts';
import type { PathReadiness } from '../events/pro-event.ts';
import {
  HealthMonitor,
  type HealthMonitorComponents,
  type HealthStatus,
} from './health-monitor.ts';
import type { MonitoredPaths } from './media-meter.ts';
import type { DampeningOptions } from './readiness-tracker.ts';

/** What the checks work with. */
export interface HealthChecksComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: { publish(event: PathReadiness): void };
  readonly probe: HealthMonitorComponents['probe'];
  readonly paths: MonitoredPaths;
  /** 0..1; spreads the checks over the interval. */
  readonly random: () => number;
  /** Restarts a device; absent when devices are never restarted. */
  readonly reboot?: { reboot(address: string, signal: AbortSignal): Promise<void> };
}

/** Settings of the checks; all have defaults. */
export interface HealthChecksOptions {
  readonly intervalMs: number;
  /** Failures in a row that make a path not ready. */
  readonly failures: number;
  /** Results kept per path. */
  readonly historyChecks: number;
  readonly dampening: DampeningOptions;
  /** Shortest time between two restarts of one device. */
  readonly rebootMinIntervalMs: number;
}

const DEFAULTS: HealthChecksOptions = {
  intervalMs: 30_000,
  failures: 3,
  historyChecks: 100,
  dampening: { changes: 4, windowMs: 600_000, quietMs: 120_000 },
  rebootMinIntervalMs: 600_000,
};

/** Probes have time-outs of their own; this one holds for those that forget. */
const MAX_GUARD_MS = 10_000;

/** Watches the paths it is told; each on timers of its own, so that no device delays another. */
export class HealthChecks implements AsyncDisposable {
  readonly #components: HealthChecksComponents;
  readonly #options: HealthChecksOptions;
  readonly #monitors = new Map<string, HealthMonitor>();
  readonly #rebootedMs = new Map<string, number>();
  readonly #stop = new AbortController();

  constructor(components: HealthChecksComponents, options: Partial<HealthChecksOptions> = {}) {
    this.#components = components;
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Watches exactly these paths from now on. Those that stay as they were keep their state and
   * their next check; one with another device, probe or source begins anew.
   */
  reload(targets: readonly DeviceTarget[]): void {
    if (this.#stop.signal.aborted) return;
    const wanted = new Map(targets.map((target) => [target.name, target]));
    for (const [name, monitor] of this.#monitors) {
      const target = wanted.get(name);
      if (target && isSame(target, monitor.target)) continue;
      monitor.close();
      this.#monitors.delete(name);
      if (!target) this.#rebootedMs.delete(name);
    }
    for (const target of wanted.values()) {
      if (!this.#monitors.has(target.name)) this.#watch(target);
    }
  }

  /** All watched paths, in the order they were added. */
  states(): readonly HealthStatus[] {
    return [...this.#monitors.values()].map((monitor) => monitor.status);
  }

  /** One path; undefined when it is not watched. */
  state(name: string): HealthStatus | undefined {
    return this.#monitors.get(name)?.status;
  }

  /** Ends all checks and restarts that run. Idempotent. */
  close(): void {
    this.#stop.abort();
    for (const monitor of this.#monitors.values()) monitor.close();
    this.#monitors.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #watch(target: DeviceTarget): void {
    const { clock, probe, paths, random } = this.#components;
    const { intervalMs } = this.#options;
    const onChange = (type: 'pathReady' | 'pathNotReady', reason: string): void =>
      this.#tell(target, { type, name: target.name, sourceReady: type === 'pathReady', reason });
    const monitor = new HealthMonitor({ clock, probe, paths, onChange }, target, {
      ...this.#options,
      guardMs: Math.min(MAX_GUARD_MS, intervalMs),
    });
    this.#monitors.set(target.name, monitor);
    monitor.start(random() * intervalMs);
  }

  #tell(target: DeviceTarget, event: PathReadiness): void {
    const { events, logger } = this.#components;
    const isReady = event.type === 'pathReady';
    const line = `path '${event.name}' is ${isReady ? 'ready' : 'not ready'}: ${event.reason}`;
    logger[isReady ? 'info' : 'warn'](line);
    events.publish(event);
    if (!isReady) void this.#reboot(target);
  }

  /** Never rejects. */
  async #reboot({ name, address }: DeviceTarget): Promise<void> {
    const { reboot, clock, logger } = this.#components;
    const nowMs = clock.monotonicMs();
    const lastMs = this.#rebootedMs.get(name) ?? -Infinity;
    if (!reboot || nowMs - lastMs < this.#options.rebootMinIntervalMs) return;
    this.#rebootedMs.set(name, nowMs);
    try {
      await reboot.reboot(address, this.#stop.signal);
      logger.warn(`device of path '${name}' was told to restart`);
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      logger.warn(`device of path '${name}' can't be restarted: ${toMediaError(thrown).message}`);
    }
  }
}

function isSame(a: DeviceTarget, b: DeviceTarget): boolean {
  return a.address === b.address && a.probe === b.probe && a.sourceUrl === b.sourceUrl;
}
