// The checks of one path: asks the device, looks at the stream, keeps what it saw.
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { ProbeResult } from '../device/device-probe.ts';
import type { DeviceTarget } from '../device/device-target.ts';
import { MediaMeter, type MonitoredPaths } from './media-meter.ts';
import { ReadinessTracker, type ReadinessRules, type ReadinessState } from './readiness-tracker.ts';

/** Result of a check. */
export interface HealthCheck {
  /** Date ms. */
  readonly at: number;
  readonly isHealthy: boolean;
  /** Of the device's answer. */
  readonly latencyMs: number;
  /** For people, without credentials. */
  readonly reason: string;
}

/** What is known of a path. */
export interface HealthStatus {
  /** Path name. */
  readonly name: string;
  readonly state: ReadinessState;
  /** After dampening; true before the first check. */
  readonly isHealthy: boolean;
  /** Failed checks in a row. */
  readonly failureCount: number;
  /** Date ms; undefined before the first check. */
  readonly lastCheckAt: number | undefined;
  /** Oldest first. */
  readonly history: readonly HealthCheck[];
}

/** What a monitor works with. */
export interface HealthMonitorComponents {
  readonly clock: Clock;
  readonly probe: { probe(target: DeviceTarget, signal: AbortSignal): Promise<ProbeResult> };
  readonly paths: MonitoredPaths;
  /** The path became ready or not ready. */
  readonly onChange: (type: 'pathReady' | 'pathNotReady', reason: string) => void;
}

/** Periods and bounds of a monitor. */
export interface HealthMonitorOptions extends ReadinessRules {
  readonly intervalMs: number;
  /** A probe that takes longer has failed, whatever it does. */
  readonly guardMs: number;
  readonly historyChecks: number;
}

/** Checks one path until it is closed. */
export class HealthMonitor {
  readonly target: DeviceTarget;
  readonly #components: HealthMonitorComponents;
  readonly #options: HealthMonitorOptions;
  readonly #tracker: ReadinessTracker;
  readonly #meter: MediaMeter;
  readonly #stop = new AbortController();
  readonly #history: HealthCheck[] = [];
  #timer: Timer | undefined;

  constructor(
    components: HealthMonitorComponents,
    target: DeviceTarget,
    options: HealthMonitorOptions,
  ) {
    this.#components = components;
    this.target = target;
    this.#options = options;
    this.#tracker = new ReadinessTracker(options);
    this.#meter = new MediaMeter(components.paths, target.name);
  }

  get status(): HealthStatus {
    const { state, isReady, failureCount } = this.#tracker;
    return {
      ...{ name: this.target.name, state, isHealthy: isReady, failureCount },
      lastCheckAt: this.#history.at(-1)?.at,
      history: [...this.#history],
    };
  }

  /** @param offsetMs Time to the first check; spreads the checks of many paths. */
  start(offsetMs: number): void {
    const { clock } = this.#components;
    this.#timer = clock.after(offsetMs, () => {
      this.#timer = clock.every(this.#options.intervalMs, () => void this.#check());
      void this.#check();
    });
  }

  /** Ends a probe that runs, and tells nothing any more. Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#stop.abort(new MediaError('canceled', 'health-monitor-closed', 'monitor was closed'));
  }

  /** Never rejects. Checks don't overlap: the guard is shorter than the interval. */
  async #check(): Promise<void> {
    const { clock, onChange } = this.#components;
    const { isAvailable, latencyMs, reason: answer } = await this.#guardedProbe();
    if (this.#stop.signal.aborted) return;
    const problem = this.#meter.problem();
    const isHealthy = isAvailable && problem === undefined;
    const reason = isAvailable ? (problem ?? answer) : answer;
    this.#history.push({ at: clock.nowMs(), isHealthy, latencyMs, reason });
    if (this.#history.length > this.#options.historyChecks) this.#history.shift();
    const change = this.#tracker.record(isHealthy, clock.monotonicMs());
    if (change)
      onChange(change, this.#tracker.state === 'flapping' ? `flapping: ${reason}` : reason);
  }

  async #guardedProbe(): Promise<ProbeResult> {
    const { clock, probe } = this.#components;
    const { guardMs } = this.#options;
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, this.#stop.signal]);
    const failed = (reason: string): ProbeResult => ({
      ...{ isAvailable: false, latencyMs: guardMs, reason },
    });
    const ended = Promise.withResolvers<ProbeResult>();
    signal.addEventListener('abort', () => ended.resolve(failed(`no result in ${guardMs} ms`)), {
      once: true,
    });
    const timer = clock.after(guardMs, () => late.abort());
    try {
      return await Promise.race([probe.probe(this.target, signal), ended.promise]);
    } catch (thrown) {
      return failed(toMediaError(thrown).message);
    } finally {
      timer.cancel();
      // A signal that somebody listens to lives as long as those it stems from: as long as this monitor.
      late.abort();
    }
  }
}
