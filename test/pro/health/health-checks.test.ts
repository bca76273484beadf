// Health checks of several paths on a clock that the test moves.
import assert from 'node:assert/strict';
import type { ProbeResult } from '../../../pro/device/device-probe.ts';
import type { DeviceTarget } from '../../../pro/device/device-target.ts';
import type { PathReadiness } from '../../../pro/events/pro-event.ts';
import { HealthChecks, type HealthChecksOptions } from '../../../pro/health/health-checks.ts';
import type { MonitoredPath } from '../../../pro/health/media-meter.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const target = (name: string, rest: Partial<DeviceTarget> = {}): DeviceTarget => ({
  ...{ name, address: '10.0.0.7', sourceUrl: 'rtsp://10.0.0.7/0', probe: 'rpc' },
  ...rest,
});

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly events: PathReadiness[] = [];
  readonly probed: string[] = [];
  readonly rebooted: string[] = [];
  readonly broken = new Set<string>();
  readonly hanging = new Set<string>();
  readonly signals: AbortSignal[] = [];
  readonly stats = { packetsReceived: 0 };
  path: MonitoredPath | undefined = {
    ...{ config: { sourceOnDemand: false }, readers: { size: 0 } },
    onlineAt: 1,
    stream: { isOnline: true, tracks: [{ stats: this.stats }] },
  };
  /** Media arrives by itself unless a test stops it. */
  isFlowing = true;
  readonly checks: HealthChecks;

  constructor(options: Partial<HealthChecksOptions> = {}) {
    this.checks = new HealthChecks(
      {
        ...{ clock: this.clock, logger: this.logger, random: () => 0 },
        events: { publish: (event) => this.events.push(event) },
        paths: { get: () => this.#move() },
        probe: { probe: ({ name }, signal) => this.#probe(name, signal) },
        reboot: { reboot: (address) => Promise.resolve(void this.rebooted.push(address)) },
      },
      options,
    );
  }

  get told(): readonly string[] {
    return this.events.map(({ type, name }) => `${type} ${name}`);
  }

  /** Lets the next checks run and their results arrive. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round++) await this.advance(30_000);
  }

  #move(): MonitoredPath | undefined {
    if (this.isFlowing) this.stats.packetsReceived++;
    return this.path;
  }

  #probe(name: string, signal: AbortSignal): Promise<ProbeResult> {
    this.probed.push(name);
    this.signals.push(signal);
    assert.ok(!signal.aborted);
    if (this.hanging.has(name)) return new Promise(() => undefined);
    const isAvailable = !this.broken.has(name);
    return Promise.resolve({ isAvailable, latencyMs: 7, reason: isAvailable ? 'ok' : 'no input' });
  }
}

describe('HealthChecks', () => {
  it('tells when a device fails three times, and when it is back', async () => {
    const fixture = new Fixture();
    fixture.checks.reload([target('a')]);
    await fixture.advance(0);
    fixture.broken.add('a');
    await fixture.rounds(2);
    assert.deepEqual(fixture.told, []);
    assert.equal(fixture.checks.state('a')?.failureCount, 2);
    await fixture.rounds(1);
    fixture.broken.clear();
    await fixture.rounds(1);
    assert.deepEqual(fixture.events, [
      { type: 'pathNotReady', name: 'a', sourceReady: false, reason: 'no input' },
      { type: 'pathReady', name: 'a', sourceReady: true, reason: 'ok' },
    ]);
    fixture.checks.close();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('takes a stream without media, and no stream, as failures', async () => {
    const fixture = new Fixture();
    fixture.checks.reload([target('a')]);
    await fixture.advance(0);
    fixture.isFlowing = false;
    await fixture.rounds(3);
    fixture.isFlowing = true;
    await fixture.rounds(1);
    fixture.path = undefined;
    await fixture.rounds(3);
    assert.deepEqual(
      fixture.events.map(({ reason }) => reason),
      ['no media since the last check', 'ok', 'no stream'],
    );
    fixture.checks.close();
  });

  it('expects no media of a source on demand that nobody watches', async () => {
    const fixture = new Fixture();
    const idle = {
      config: { sourceOnDemand: true },
      readers: { size: 0 },
      onlineAt: undefined,
      stream: undefined,
    };
    fixture.path = idle;
    fixture.checks.reload([target('a')]);
    await fixture.rounds(4);
    assert.deepEqual(fixture.told, []);
    fixture.path = { ...idle, readers: { size: 1 } };
    await fixture.rounds(3);
    assert.deepEqual(fixture.told, ['pathNotReady a']);
    fixture.checks.close();
  });

  it('does not take a slate for media', async () => {
    const fixture = new Fixture();
    if (fixture.path) fixture.path = { ...fixture.path, onlineAt: undefined };
    fixture.checks.reload([target('a')]);
    await fixture.rounds(3);
    assert.deepEqual(fixture.told, ['pathNotReady a']);
    fixture.checks.close();
  });

  it('is not delayed by a probe that never ends', async () => {
    const fixture = new Fixture();
    fixture.hanging.add('a');
    fixture.checks.reload([target('a'), target('b')]);
    await fixture.advance(0);
    assert.equal(fixture.checks.state('b')?.state, 'ready');
    await fixture.advance(10_000);
    assert.equal(fixture.checks.state('a')?.history[0]?.reason, 'no result in 10000 ms');
    for (let round = 0; round < 4; round++) await fixture.advance(15_000);
    assert.deepEqual(fixture.told, ['pathNotReady a']);
    assert.equal(fixture.checks.state('b')?.history.length, 3);
    fixture.checks.close();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('keeps nothing of a check that is over', async () => {
    const fixture = new Fixture();
    fixture.checks.reload([target('cam')]);
    await fixture.rounds(3);
    assert.ok(fixture.signals.length >= 3);
    // Signals that are not aborted would pile up behind the one that ends the monitor.
    assert.deepEqual(
      fixture.signals.map(({ aborted }) => aborted),
      fixture.signals.map(() => true),
    );
    fixture.checks.close();
  });

  it('spreads the checks over the interval', () => {
    const offsets = [0.5, 0.1];
    const fixture = new Fixture();
    const { clock, logger, probed } = fixture;
    const checks = new HealthChecks({
      ...{ clock, logger, random: () => offsets.shift() ?? 0, paths: { get: () => undefined } },
      events: { publish: () => undefined },
      probe: {
        probe: ({ name }) => {
          probed.push(`${name} ${clock.monotonicMs()}`);
          return Promise.resolve({ isAvailable: true, latencyMs: 0, reason: '' });
        },
      },
    });
    checks.reload([target('a'), target('b')]);
    clock.advance(50_000);
    assert.deepEqual(probed, ['b 3000', 'a 15000', 'b 33000', 'a 45000']);
    checks.close();
  });

  it('keeps the others as they are when paths change', async () => {
    const fixture = new Fixture();
    fixture.broken.add('a').add('b');
    fixture.checks.reload([target('a'), target('b'), target('c')]);
    await fixture.advance(0);
    await fixture.rounds(1);
    fixture.checks.reload([target('a'), target('b', { address: '10.0.0.8' }), target('d')]);
    assert.deepEqual(
      fixture.checks.states().map(({ name, failureCount }) => [name, failureCount]),
      [
        ['a', 2],
        ['b', 0],
        ['d', 0],
      ],
    );
    await fixture.rounds(1);
    assert.deepEqual(fixture.told, ['pathNotReady a']);
    assert.equal(fixture.checks.state('c'), undefined);
    fixture.checks.close();
    fixture.checks.reload([target('a')]);
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('keeps a bounded history', async () => {
    const fixture = new Fixture({ historyChecks: 2 });
    fixture.checks.reload([target('a')]);
    await fixture.advance(0);
    await fixture.rounds(3);
    const status = fixture.checks.state('a');
    const at = (seconds: number): number => Date.UTC(2026, 0, 1, 0, 0, seconds);
    const check = { isHealthy: true, latencyMs: 7, reason: 'ok' };
    assert.deepEqual(status, {
      ...{ name: 'a', state: 'ready', isHealthy: true, failureCount: 0, lastCheckAt: at(90) },
      history: [
        { at: at(60), ...check },
        { at: at(90), ...check },
      ],
    });
    fixture.checks.close();
  });

  it('tells nothing after close(), even of a probe that was running', async () => {
    const fixture = new Fixture({ failures: 1 });
    fixture.broken.add('a');
    fixture.checks.reload([target('a')]);
    fixture.clock.advance(0);
    fixture.checks.close();
    await fixture.rounds(2);
    assert.deepEqual(fixture.told, []);
    assert.deepEqual(fixture.probed, ['a']);
  });

  it('restarts a failed device, not too often', async () => {
    const dampening = { changes: 0, windowMs: 0, quietMs: 0 };
    const fixture = new Fixture({ failures: 1, dampening, rebootMinIntervalMs: 100_000 });
    fixture.checks.reload([target('a')]);
    for (let round = 0; round < 6; round++) {
      if (round % 2 === 0) fixture.broken.add('a');
      else fixture.broken.clear();
      await fixture.advance(round === 0 ? 0 : 30_000);
    }
    assert.equal(fixture.told.filter((line) => line === 'pathNotReady a').length, 3);
    assert.deepEqual(fixture.rebooted, ['10.0.0.7', '10.0.0.7']);
    fixture.checks.close();
  });
});
