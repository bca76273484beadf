// Smart recording of a capture box: five pictures and three ways to be unplugged, recorded exactly when it should be.
import assert from 'node:assert/strict';
import sharp from 'sharp';
import { z } from 'zod';
import { ApiClient, eventually } from './support/api-client.ts';
import { CaptureBox, MAIN_PICTURE, SNAP_PICTURE, type BoxState } from './support/capture-box.ts';
import type { Card } from './support/card-camera.ts';
import { EventTap, type TappedEvent } from './support/event-tap.ts';
import { probeFile } from './support/file-probe.ts';
import { reportLines } from './support/report-lines.ts';
import { ServerProcess } from './support/server-process.ts';

const THRESHOLD = 60;
/** Checks that have to agree that a picture is nothing to record. */
const QUIET_CHECKS = 6;

const scoreSchema = z.object({ score: z.number(), sum: z.number(), recording: z.boolean() });
const startedSchema = z.object({ filePath: z.string(), auto: z.boolean() });
const stateSchema = z.array(
  z.object({
    ...{ name: z.string(), score: z.number().nullable(), sum: z.number(), threshold: z.number() },
    ...{ window: z.array(z.number()), state: z.string(), reason: z.string() },
    lastCheck: z.string().nullable(),
  }),
);
const healthSchema = z.array(
  z.object({
    ...{ name: z.string(), state: z.string(), deviceHealthy: z.boolean() },
    failureCount: z.number(),
    history: z.array(z.object({ healthy: z.boolean(), latencyMs: z.number(), reason: z.string() })),
  }),
);
const replaySchema = z.object({
  duration: z.number(),
  scores: z.array(z.object({ at: z.number(), score: z.number(), sum: z.number() })),
  recordings: z.array(z.object({ from: z.number(), to: z.number() })),
});
const fileListSchema = z.object({
  files: z.array(
    z.object({ filePath: z.string(), fullPath: z.string(), isRecording: z.boolean() }),
  ),
});

const ofBox = ({ type, members }: TappedEvent): boolean =>
  type === 'remark' || members['name'] === 'box';
const isScore = (event: TappedEvent): boolean => event.type === 'smartScore' && ofBox(event);

/** Scores of the same value in a row are one line. */
function timeline(events: readonly TappedEvent[]): string[] {
  const lines: string[] = [];
  let scores = '';
  for (const event of events.filter(ofBox)) {
    const { atMs, text, type, members } = event;
    const at = `${(atMs / 1000).toFixed(1).padStart(5)} s `;
    if (type === 'smartScore') {
      const { score, sum, recording } = scoreSchema.parse(members);
      if (scores === '') lines.push('');
      const start = scores === '' ? `${at} score ` : `${scores}, `;
      scores = `${start}${score}/${sum}${recording ? 'r' : ''}`;
      lines[lines.length - 1] = scores.replace(/(, 0\/0r?)(\1)+/gu, '$1, ...');
      continue;
    }
    scores = '';
    const reason = typeof members['reason'] === 'string' ? `: ${members['reason']}` : '';
    lines.push(`${at} ${type === 'remark' ? `--- ${text}` : `${type}${reason}`}`);
  }
  return lines;
}

/** Each start directly follows three checks whose sum is above the threshold, and each such sum a start. */
function assertEveryStartIsDue(events: readonly TappedEvent[]): void {
  let isRecording = false;
  let last: readonly z.output<typeof scoreSchema>[] = [];
  for (const event of events.filter(ofBox)) {
    const { sum = 0 } = last.at(-1) ?? {};
    const inARow = last.slice(-3).reduce((total, { score }) => total + score, 0);
    const isDue: boolean = !isRecording && last.length >= 3 && sum > THRESHOLD && sum === inARow;
    if (event.type === 'recordStarted') {
      assert.ok(isDue, `started at ${event.atMs} ms, sum ${sum}`);
      isRecording = true;
    } else if (event.type === 'smartScore') {
      assert.ok(!isDue, `not started before ${event.atMs} ms, sum ${sum}`);
      last = [...last, scoreSchema.parse(event.members)].slice(-3);
    } else if (event.type === 'recordStopped') {
      isRecording = false;
      last = [];
    }
  }
}

describe('a capture box', function () {
  this.timeout(120_000);
  let box: CaptureBox;
  let server: ServerProcess;
  let api: ApiClient;
  let tap: EventTap;

  before(async () => {
    box = await CaptureBox.start('grey');
    const device = { deviceType: 'network_capture', deviceAddress: box.address };
    server = await ServerProcess.start({
      settings: { api: true, readTimeout: '4s' },
      paths: {
        box: { ...device, source: box.mainUrl, record: true, recordMinThreshold: THRESHOLD },
        side: { ...device, source: box.sideUrl, sourceOnDemand: true },
      },
      pro: {
        proxyAllowedDevices: ['127.0.0.1'],
        smart: { interval: '400ms' },
        health: { interval: '800ms', probeTimeout: '700ms', dampening: { changes: 0 } },
      },
    });
    api = new ApiClient(server.apiUrl(''));
    tap = await EventTap.open(server.apiUrl('/ws'));
  });

  after(async () => {
    reportLines(timeline(tap.events));
    await tap[Symbol.asyncDispose]();
    await server.stop();
    await box[Symbol.asyncDispose]();
  });

  const show = async (card: Card): Promise<number> => {
    const remark = tap.remark(`the picture is: ${card}`);
    await box.show(card);
    return remark;
  };

  const scores = async (): Promise<z.output<typeof stateSchema>[number]> => {
    const [state] = stateSchema.parse(await api.get('smart/scores'));
    assert.ok(state);
    return state;
  };

  for (const card of ['grey', 'black', 'blue'] as const) {
    it(`is not recorded while it shows a ${card} picture`, async () => {
      const from = await show(card);
      let last = from;
      for (let check = 0; check < QUIET_CHECKS; check++) {
        last = await tap.waitFor(isScore, { after: last });
        const { score, sum, recording } = scoreSchema.parse(tap.events[last]?.members);
        assert.deepEqual([score, sum, recording], [0, 0, false]);
      }
      const { name, score, state, threshold, reason, lastCheck } = await scores();
      assert.deepEqual([name, score, threshold], ['box', 0, THRESHOLD]);
      assert.notEqual(state, 'recording');
      assert.ok(lastCheck !== null);
      const why = card === 'blue' ? 'the picture is a single plain color' : 'sum 0 of more than 60';
      // The first checks may have seen the picture before.
      assert.equal(reason, why);
      assert.ok(!tap.events.some(({ type }) => type === 'recordStarted'));
    });
  }

  it('is recorded from the test picture on, and on through a grey one', async () => {
    const from = await show('test');
    const started = await tap.waitForType('recordStarted', from);
    assert.equal(startedSchema.parse(tap.events[started]?.members).auto, true);
    const { state, window, sum } = await scores();
    assert.equal(state, 'recording');
    assert.ok(sum > THRESHOLD && window.length === 3, JSON.stringify({ window, sum }));
    // Only the loss of the stream ends a recording.
    const grey = await show('grey');
    await tap.waitFor((event) => isScore(event) && event.members['sum'] === 0, { after: grey });
    const later = await show('test');
    await tap.waitFor((event) => isScore(event) && Number(event.members['sum']) > 150, {
      after: later,
    });
    assert.ok(!tap.events.some(({ type }) => type === 'recordStopped'));
  });

  const unplugged: readonly (readonly [BoxState, RegExp])[] = [
    ['noInput', /^0 of 2 inputs have a signal$/u],
    ['wrong', /^RPC answer is not understood$/u],
    ['silent', /./u],
  ];
  for (const [state, reason] of unplugged) {
    it(`is no longer recorded when its interface says '${state}', and again when it is back`, async () => {
      const from = tap.remark(`the interface says: ${state}`);
      box.state = state;
      const lost = await tap.waitForType('pathNotReady', from);
      const { sourceReady, reason: told } = tap.events[lost]?.members ?? {};
      assert.equal(sourceReady, false);
      assert.match(String(told), reason);
      const stopped = await tap.waitForType('recordStopped', lost);
      assert.equal(tap.events[stopped]?.members['reason'], 'noSignal');
      const [health] = healthSchema.parse(await api.get('device/health?name=box'));
      assert.deepEqual([health?.state, health?.deviceHealthy], ['notReady', false]);
      assert.ok((health?.failureCount ?? 0) >= 3);
      const failed = health?.history.slice(-3) ?? [];
      assert.ok(failed.every(({ healthy }) => !healthy));
      assert.match(failed[0]?.reason ?? '', reason);
      assert.equal((await api.send('/api/v2/record/task/box')).status, 404);
      const back = tap.remark('the interface says: signal');
      box.state = 'signal';
      const ready = await tap.waitForType('pathReady', back);
      assert.equal(tap.events[ready]?.members['sourceReady'], true);
      const started = await tap.waitForType('recordStarted', ready);
      const checks = tap.events.slice(ready, started).filter(isScore);
      assert.ok(checks.length >= 3, `${checks.length} checks before it is recorded again`);
      await eventually(async () => {
        const [now] = healthSchema.parse(await api.get('device/health?name=box'));
        return now?.state === 'ready' && now.failureCount === 0 ? true : undefined;
      });
    });
  }

  it('is no longer recorded when its stream is gone, and again when it is back', async () => {
    const from = tap.remark('the stream is unplugged');
    await box.unplugStream();
    const stopped = await tap.waitForType('recordStopped', from);
    assert.equal(tap.events[stopped]?.members['reason'], 'streamLost');
    await tap.waitForType('streamOffline', from);
    const lost = await tap.waitForType('pathNotReady', from);
    assert.equal(tap.events[lost]?.members['reason'], 'no stream');
    assert.match((await scores()).reason, /no stream|stream was lost|not ready/u);
    tap.remark('the stream is plugged in');
    await box.plugStream('test');
    const online = await tap.waitForType('streamOnline', stopped);
    const ready = await tap.waitForType('pathReady', lost);
    const started = await tap.waitForType('recordStarted', online);
    assert.ok(started > ready);
    assert.ok(tap.events.slice(online, started).filter(isScore).length >= 3);
  });

  it('was recorded exactly when it should be', async () => {
    const stop = tap.remark('a client stops the recording');
    await api.post('record/stop', { name: 'box' });
    let last = await tap.waitForType('recordStopped', stop);
    for (let check = 0; check < QUIET_CHECKS; check++) {
      last = await tap.waitFor(isScore, { after: last });
    }
    assertEveryStartIsDue(tap.events.slice(0, stop));
    const types = tap.events.filter(({ type }) => /^record|^path/u.test(type));
    const loss = ['pathNotReady', 'recordStopped', 'pathReady', 'recordStarted'];
    const cut = ['recordStopped', 'pathNotReady', 'pathReady', 'recordStarted'];
    assert.deepEqual(
      types.filter(ofBox).map(({ type }) => type),
      ['recordStarted', ...loss, ...loss, ...loss, ...cut, 'recordStopped'],
      timeline(tap.events).join('\n'),
    );
  });

  it('has playable files, and a dry run finds in the first what the checks saw', async () => {
    const { files } = fileListSchema.parse(await api.get('record/date/files?fileType=video'));
    assert.equal(files.length, 5);
    for (const { fullPath } of files) {
      const report = await probeFile(fullPath);
      assert.equal(report.decodeWarnings, '', fullPath);
      assert.match(report.firstVideoFlags, /^K/u);
      assert.equal(report.decodedFrames, report.videoFrames);
    }
    const started = tap.events.find(({ type }) => type === 'recordStarted');
    const { filePath } = startedSchema.parse(started?.members);
    const replay = async (more: object): Promise<z.output<typeof replaySchema>> =>
      replaySchema.parse(await api.post('smart/replay', { fullPath: filePath, ...more }));
    const seen = await replay({ interval: 0.5 });
    const values = new Set(seen.scores.map(({ score }) => score));
    const live = tap.events.filter(isScore).map(({ members }) => scoreSchema.parse(members).score);
    const color = Math.max(...live);
    // The test picture at both ends, the grey one between.
    assert.ok(values.has(0) && [...values].some((score) => Math.abs(score - color) <= 2));
    // The third check is the first that can start it.
    assert.deepEqual(seen.recordings, [{ from: 1, to: seen.duration }]);
    const never = await replay({ interval: 0.5, threshold: 300 });
    assert.deepEqual(never.recordings, []);
    assert.deepEqual(never.scores, seen.scores);
  });

  it('gives its own pictures, and a decoded one when it gives none', async () => {
    const sizeOf = async (name: string): Promise<unknown> => {
      const { status, type, bytes } = await api.send(`/api/v2/snapshot?name=${name}`);
      assert.deepEqual([status, type], [200, 'image/jpeg']);
      const { width, height } = await sharp(bytes).metadata();
      return { width, height };
    };
    assert.deepEqual(await sizeOf('box'), MAIN_PICTURE);
    assert.deepEqual(await sizeOf('side'), SNAP_PICTURE);
    assert.ok(box.requests.includes('RPC enc.getJPG'), box.requests.slice(-9).join('\n'));
    box.state = 'silent';
    assert.deepEqual(await sizeOf('box'), { width: 320, height: 240 });
    box.state = 'signal';
  });

  it('shows its web interface through the proxy, by name and by address', async () => {
    for (const device of ['name=box', `deviceAddr=${box.address}`]) {
      const reply = await api.send(`/api/v2/proxy/device/status.html?${device}&a=1`);
      assert.equal(reply.status, 200);
      assert.equal(reply.bytes.toString(), 'box at /iw/status.html?a=1');
    }
    assert.doesNotMatch(server.log, / ERR /u);
  });
});
