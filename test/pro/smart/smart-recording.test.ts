// Tests of SmartRecording: pictures, devices and recorder are the test's own, time is turned by hand.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { defaultColorRule } from '../../../pro/smart/color-score.ts';
import { SmartRecording } from '../../../pro/smart/smart-recording.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { PICTURES } from './pictures.ts';

const INTERVAL_MS = 5000;

class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly bus = new EventBus(silentLogger);
  readonly events: ProEvent[] = [];
  readonly calls: string[] = [];
  readonly online = new Set(['cam']);
  picture: keyof typeof PICTURES = 'colorBars';
  unavailable: string | undefined;
  pictureFailure: MediaError | undefined;
  startFailure: MediaError | undefined;
  decodes = 0;
  #frame = 0;
  frameId: string | undefined;
  readonly smart: SmartRecording;

  constructor(names: readonly string[] = ['cam']) {
    this.bus.subscribe((event) => void this.events.push(event));
    this.smart = new SmartRecording({
      ...{ clock: this.clock, logger: this.logger, events: this.bus },
      streams: { isOnline: (name) => this.online.has(name) },
      device: { whyUnavailable: () => Promise.resolve(this.unavailable) },
      pictures: {
        grab: () => {
          if (this.pictureFailure) return Promise.reject(this.pictureFailure);
          const id = this.frameId ?? String(this.#frame++);
          return Promise.resolve({
            id,
            ageMs: 0,
            content: { type: 'jpeg', jpeg: new Uint8Array(0) },
          });
        },
        decode: () => {
          this.decodes++;
          return Promise.resolve(PICTURES[this.picture]);
        },
      },
      recorder: {
        startAutomatic: (name) => {
          this.calls.push(`start ${name}`);
          return this.startFailure ? Promise.reject(this.startFailure) : Promise.resolve();
        },
        stopAutomatic: (name, reason) => {
          this.calls.push(`stop ${name} ${reason}`);
          return Promise.resolve();
        },
      },
    });
    this.smart.start();
    this.smart.setPaths(names.map((name) => ({ name, threshold: 60, rule: defaultColorRule })));
  }

  get facts(): ReturnType<SmartRecording['scores']>[number] {
    const [facts] = this.smart.scores();
    assert.ok(facts);
    return facts;
  }

  /** Lets `count` checks happen. */
  async check(count = 1): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.clock.advance(INTERVAL_MS);
      // A check is a chain of promises without timers.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.smart.close();
    assert.equal(this.clock.pendingTimers, 0);
  }
}

describe('SmartRecording', () => {
  it('records after three checks in a row above the threshold', async () => {
    await using bench = new Bench();
    await bench.check(2);
    assert.deepEqual(bench.calls, []);
    assert.deepEqual([bench.facts.state, bench.facts.window], ['window', [85, 85]]);
    await bench.check();
    assert.deepEqual(bench.calls, ['start cam']);
    assert.deepEqual([bench.facts.state, bench.facts.sum], ['recording', 255]);
    assert.deepEqual(
      bench.events.map((event) => event.type === 'smartScore' && event.sum),
      [85, 170, 255],
    );
  });

  it('needs a sum above the threshold, not one that equals it', async () => {
    await using bench = new Bench();
    bench.smart.setPaths([{ name: 'cam', threshold: 255, rule: defaultColorRule }]);
    await bench.check(6);
    assert.deepEqual(bench.calls, []);
    bench.smart.setPaths([{ name: 'cam', threshold: 254, rule: defaultColorRule }]);
    await bench.check();
    assert.deepEqual(bench.calls, ['start cam']);
  });

  it('does not record plain, grey and black pictures, and says why', async () => {
    await using bench = new Bench();
    for (const name of ['blueCard', 'grey', 'black'] as const) {
      bench.picture = name;
      await bench.check(4);
    }
    assert.deepEqual(bench.calls, []);
    assert.equal(bench.facts.reason, 'sum 0 of more than 60');
  });

  it('begins to add up anew after a check that failed', async () => {
    await using bench = new Bench();
    await bench.check(2);
    bench.unavailable = 'no input has a signal';
    await bench.check();
    const { score, window, reason, state } = bench.facts;
    assert.deepEqual(
      [score, window, reason, state],
      [undefined, [], 'no input has a signal', 'idle'],
    );
    bench.unavailable = undefined;
    await bench.check(2);
    assert.deepEqual(bench.calls, []);
    await bench.check();
    assert.deepEqual(bench.calls, ['start cam']);
  });

  it('does not count a check during which the device was lost', async () => {
    await using bench = new Bench();
    await bench.check(3);
    bench.clock.advance(INTERVAL_MS);
    const lost = { type: 'pathNotReady', name: 'cam', sourceReady: false, reason: 'x' } as const;
    bench.bus.publish(lost);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assert.deepEqual([bench.facts.window, bench.facts.reason], [[], 'the device is not ready: x']);
    bench.bus.publish({ ...lost, type: 'pathReady', sourceReady: true });
    await bench.check(2);
    assert.deepEqual(bench.calls, ['start cam', 'stop cam noSignal']);
    await bench.check();
    assert.deepEqual(bench.calls.slice(2), ['start cam']);
  });

  it('stops when the stream is lost, and starts again when it is back', async () => {
    await using bench = new Bench();
    await bench.check(3);
    bench.online.clear();
    bench.bus.publish({ type: 'streamOffline', name: 'cam' });
    assert.deepEqual(bench.calls, ['start cam', 'stop cam streamLost']);
    await bench.check(3);
    assert.equal(bench.facts.reason, 'no stream');
    bench.online.add('cam');
    await bench.check(3);
    assert.deepEqual(bench.calls.slice(2), ['start cam']);
  });

  it('rests from pathNotReady until pathReady', async () => {
    await using bench = new Bench();
    await bench.check(3);
    bench.bus.publish({ type: 'pathNotReady', name: 'cam', sourceReady: false, reason: 'timeout' });
    assert.deepEqual(bench.calls, ['start cam', 'stop cam noSignal']);
    await bench.check(4);
    assert.equal(bench.calls.length, 2);
    bench.bus.publish({ type: 'pathReady', name: 'cam', sourceReady: true, reason: 'ok' });
    await bench.check(3);
    assert.deepEqual(bench.calls.slice(2), ['start cam']);
  });

  it('arms again when a recording ended by itself', async () => {
    await using bench = new Bench();
    await bench.check(3);
    bench.bus.publish({
      ...{ type: 'recordStopped', name: 'cam', id: '1', fileName: 'a', filePath: '/a' },
      ...{ reason: 'timeout', sizeBytes: 1, durationMs: 1 },
    });
    assert.deepEqual([bench.facts.state, bench.facts.window], ['idle', []]);
    await bench.check(3);
    assert.deepEqual(bench.calls, ['start cam', 'start cam']);
  });

  it('stops a recording that went on in another file', async () => {
    await using bench = new Bench();
    await bench.check(3);
    const file = { name: 'cam', fileName: 'a', filePath: '/a' };
    bench.bus.publish({ type: 'recordStarted', ...file, id: '1', isAutomatic: true });
    bench.bus.publish({ type: 'recordStarted', ...file, id: '2', isAutomatic: true });
    bench.bus.publish({
      ...{ type: 'recordStopped', ...file, id: '1' },
      ...{ reason: 'timeout', sizeBytes: 1, durationMs: 1 },
    });
    assert.equal(bench.facts.state, 'recording');
    bench.bus.publish({ type: 'pathNotReady', name: 'cam', sourceReady: false, reason: 'timeout' });
    assert.deepEqual(bench.calls, ['start cam', 'stop cam noSignal']);
  });

  it('leaves a path alone that a client stopped, until the stream was lost', async () => {
    await using bench = new Bench();
    await bench.check(3);
    bench.bus.publish({
      ...{ type: 'recordStopped', name: 'cam', id: '1', fileName: 'a', filePath: '/a' },
      ...{ reason: 'stopped', sizeBytes: 1, durationMs: 1 },
    });
    await bench.check(6);
    assert.deepEqual(bench.calls, ['start cam']);
    bench.bus.publish({ type: 'streamOffline', name: 'cam' });
    await bench.check(3);
    assert.deepEqual(bench.calls, ['start cam', 'start cam']);
  });

  it('does not decode the same key frame twice', async () => {
    await using bench = new Bench();
    bench.frameId = 'only one';
    await bench.check(3);
    assert.deepEqual([bench.decodes, bench.calls], [1, ['start cam']]);
  });

  it('says of the same plain picture the same again', async () => {
    await using bench = new Bench();
    bench.frameId = 'only one';
    bench.picture = 'blueCard';
    await bench.check(2);
    assert.equal(bench.facts.reason, 'the picture is a single plain color');
  });

  it('records without checks when ffmpeg is missing, with one warning', async () => {
    await using bench = new Bench();
    bench.pictureFailure = new MediaError('unavailable', 'ffmpeg-missing', 'ffmpeg not available');
    await bench.check(4);
    assert.deepEqual(bench.calls, ['start cam']);
    assert.equal(bench.logger.lines.filter(({ level }) => level === 'warn').length, 1);
    assert.doesNotMatch(bench.logger.lines.map(({ message }) => message).join(), /is above/u);
  });

  it('tries again when the recording could not start', async () => {
    await using bench = new Bench();
    bench.startFailure = new MediaError('unavailable', 'disk-full', 'the disk is full');
    await bench.check(3);
    assert.match(bench.facts.reason, /the disk is full/u);
    bench.startFailure = undefined;
    await bench.check(3);
    assert.equal(bench.facts.state, 'recording');
  });

  it('spreads the checks of many paths over the interval', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `cam${index}`);
    await using bench = new Bench(names);
    for (const name of names) bench.online.add(name);
    const perSlice: number[] = [];
    for (let slice = 0; slice < 5; slice++) {
      const before = bench.decodes;
      bench.clock.advance(INTERVAL_MS / 5);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      perSlice.push(bench.decodes - before);
    }
    assert.equal(
      perSlice.reduce((sum, count) => sum + count),
      50,
    );
    assert.ok(Math.max(...perSlice) <= 20, perSlice.join());
  });

  it('keeps a bounded history', async () => {
    await using bench = new Bench();
    await bench.check(130);
    assert.equal(bench.smart.historyOf('cam')?.length, 120);
    assert.equal(bench.smart.historyOf('other'), undefined);
  });

  it('forgets a path that is no longer watched while its check runs', async () => {
    await using bench = new Bench();
    bench.clock.advance(INTERVAL_MS);
    bench.smart.setPaths([]);
    await bench.check(3);
    assert.deepEqual([bench.smart.scores(), bench.calls], [[], []]);
  });
});
