// Forwards with targets that a test plays: when they run, what the API sees, and what a reload does.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { ForwardManager } from '../../../core/forward/forward-manager.ts';
import type { ForwardContext } from '../../../core/path/forward-target.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { PublishLease } from '../../../core/path/path.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];

interface Run {
  readonly context: ForwardContext;
  readonly end: (failure?: MediaError) => void;
}

/** Paths, their forwards, and the runs of targets so far. */
class Site implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly runs: Run[] = [];
  readonly paths: PathManager;
  readonly forwards: ForwardManager;

  constructor(yml: string) {
    const { clock, logger } = this;
    this.paths = new PathManager(
      {
        ...{ clock, logger, sourceFactories: [], random: () => 0 },
        authorizer: { authorize: () => Promise.resolve({ user: '' }) },
      },
      loadConfig({ text: yml, env: {} }),
    );
    const run = (context: ForwardContext): Promise<void> =>
      new Promise((resolve, reject) => {
        const end = (failure?: MediaError): void => (failure ? reject(failure) : resolve());
        context.signal.addEventListener('abort', () => resolve(), { once: true });
        this.runs.push({ context, end });
      });
    const factories = [{ schemes: ['rtsp'], create: () => ({ run }) }];
    const parts = { clock, logger, factories, pathManager: this.paths, random: () => 0 };
    this.forwards = new ForwardManager(parts);
    this.paths.start();
    this.forwards.start();
  }

  publish(name = 'cam'): PublishLease {
    const publisher = { id: 'p', type: 'test', onPathClosed: () => undefined };
    const grant = this.paths.grant(name, { user: '' });
    return this.paths.publish(grant, { publisher, tracks: TRACKS });
  }

  reload(yml: string): void {
    this.paths.reconfigure(loadConfig({ text: yml, env: {} }));
  }

  run(index: number): Run {
    const run = this.runs[index];
    assert.ok(run, `run ${index} of ${this.runs.length}`);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forwards.close();
    await this.paths.close();
  }
}

/** Promises that are settled have been handled. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const yml = (forward: string, keys = ''): string => `paths: {cam: {forward: [${forward}]${keys}}}`;
const A = '{dest: "rtsp://u:p@a/x", whipBearerToken: tok}';
const B = '{dest: "rtsp://b/$MTX_PATH"}';
const gone = new MediaError('unavailable', 'gone', 'rtsp://u:p@a/x is gone');

describe('ForwardManager', () => {
  it('waits for the stream, then runs each target with its own settings', async () => {
    await using site = new Site(yml(`${A}, ${B}`));
    assert.deepEqual(
      site.forwards.list('cam').map(({ pos, state }) => [pos, state]),
      [
        [0, 'idle'],
        [1, 'idle'],
      ],
    );
    site.publish();
    await settle();
    assert.deepEqual(
      site.runs.map(({ context }) => [context.url, context.bearerToken]),
      [
        ['rtsp://u:p@a/x', 'tok'],
        ['rtsp://b/cam', ''],
      ],
    );
    const types = [...(site.paths.get('cam')?.readers ?? [])].map(({ type }) => type);
    assert.deepEqual(types, ['forward', 'forward']);
  });

  it('tells the API state, bytes and errors, and no secret', async () => {
    await using site = new Site(yml(A));
    site.publish();
    await settle();
    let sentBytes = 5;
    site.run(0).context.onForwarding(() => sentBytes);
    sentBytes = 7;
    const [item] = site.forwards.list('cam');
    assert.deepEqual([item?.state, item?.outboundBytes, item?.lastError], ['forwarding', 7, '']);
    assert.equal(item?.protocol, 'rtsp');
    assert.deepEqual(item.conf, {
      ...{ dest: 'rtsp://***@a/x', destFingerprint: '', whipBearerToken: '***' },
    });
    site.run(0).end(gone);
    await settle();
    const [after] = site.forwards.list('cam');
    assert.deepEqual([after?.id, after?.state], [item.id, 'error']);
    assert.deepEqual([after?.lastError, after?.outboundBytes], ['rtsp://***@a/x is gone', 7]);
    assert.equal(site.paths.get('cam')?.traffic.totals(undefined).departedOutboundBytes, 7);
    assert.ok(site.logger.lines.every(({ message }) => !message.includes('u:p@')));
  });

  it('sends a path to more targets than its configuration names, over reloads, until told not to', async () => {
    await using site = new Site(yml(A));
    const dests = (): string[] => site.forwards.list('cam').map(({ conf }) => conf.dest);
    site.forwards.add('cam', 'rtsp://c/x');
    site.forwards.add('cam', 'rtsp://c/x');
    site.forwards.add('later', 'rtsp://d/x');
    assert.deepEqual(dests(), ['rtsp://***@a/x', 'rtsp://c/x']);
    site.publish();
    await settle();
    assert.deepEqual(
      site.runs.map(({ context }) => context.url),
      ['rtsp://u:p@a/x', 'rtsp://c/x'],
    );
    site.reload('paths: {cam: {}, later: {}}');
    assert.deepEqual(dests(), ['rtsp://c/x']);
    assert.equal(site.run(1).context.signal.aborted, false);
    assert.equal(site.forwards.list('later').length, 1);
    site.forwards.remove('cam', 'rtsp://c/x');
    site.forwards.remove('cam', 'rtsp://nobody/x');
    assert.deepEqual([dests(), site.run(1).context.signal.aborted], [[], true]);
    assert.throws(() => site.forwards.add('cam', 'srt://c'), {
      code: 'forward-scheme-unsupported',
    });
  });

  it('tells trouble that a target mends by itself, until it is over', async () => {
    await using site = new Site(yml(A));
    site.publish();
    await settle();
    const { context } = site.run(0);
    const shown = (): unknown => {
      const [item] = site.forwards.list('cam');
      return [item?.state, item?.lastError, item?.outboundBytes];
    };
    context.onForwarding(() => 5);
    context.onTrouble?.(gone);
    assert.deepEqual(shown(), ['error', 'rtsp://***@a/x is gone', 5]);
    context.onForwarding(() => 6);
    assert.deepEqual(shown(), ['forwarding', '', 6]);
    const told = site.logger.lines.filter(({ message }) => message.includes('is forwarding to'));
    assert.deepEqual([told.length, site.runs.length], [1, 1]);
  });

  it('tries again with growing pauses, and one dead target leaves the other alone', async () => {
    await using site = new Site(yml(`${A}, ${B}`));
    site.publish();
    await settle();
    for (const pauseMs of [1000, 2000, 2000]) {
      const before = site.runs.length;
      site.runs.findLast(({ context }) => context.url.includes('@a/'))?.end(gone);
      await settle();
      site.clock.advance(pauseMs - 1);
      await settle();
      assert.equal(site.runs.length, before);
      site.clock.advance(1);
      await settle();
      assert.equal(site.runs.length, before + 1);
    }
    assert.equal(site.run(1).context.signal.aborted, false);
  });

  it('goes idle when the stream ends, and runs again at once with the next one', async () => {
    await using site = new Site(yml(B));
    const lease = site.publish();
    await settle();
    lease.close();
    site.clock.advance(5000);
    site.run(0).end();
    await settle();
    assert.equal(site.forwards.list('cam')[0]?.state, 'idle');
    site.publish();
    await settle();
    assert.equal(site.runs.length, 2);
  });

  it('keeps what stays the same through a reload, and ends the rest', async () => {
    await using site = new Site(yml(`${A}, ${B}`));
    site.publish();
    await settle();
    const [a, b] = site.forwards.list('cam');
    site.reload(yml(`${B}, {dest: "rtsp://c/"}`));
    await settle();
    const [kept, added] = site.forwards.list('cam');
    assert.deepEqual([kept?.id, kept?.pos], [b?.id, 0]);
    assert.notEqual(added?.id, a?.id);
    assert.deepEqual(
      site.runs.map(({ context }) => context.signal.aborted),
      [true, false, false],
    );
    site.reload('paths: {}');
    await settle();
    assert.deepEqual(site.forwards.list('cam'), []);
    assert.equal(site.runs.filter(({ context }) => !context.signal.aborted).length, 0);
  });

  it('fills in groups of the expression, and forgets dynamic paths', async () => {
    const text = 'paths: {"~^(\\\\w+)/live$": {forward: [{dest: "rtsp://b/$G1/$G9"}]}}';
    await using site = new Site(text);
    const lease = site.publish('front/live');
    await settle();
    assert.equal(site.run(0).context.url, 'rtsp://b/front/$G9');
    lease.close();
    site.clock.advance(5000);
    site.run(0).end();
    await settle();
    await settle();
    assert.deepEqual(site.forwards.list('front/live'), []);
  });

  it('is no viewer where viewers are counted', async () => {
    await using site = new Site(yml(B, ', maxReaders: 1'));
    site.publish();
    await settle();
    assert.equal(site.runs.length, 1);
    assert.equal(site.paths.get('cam')?.readers.size, 0);
  });

  it('says that a scheme is not available', async () => {
    await using site = new Site(yml('{dest: "srt://h:1"}'));
    await settle();
    const [item] = site.forwards.list('cam');
    assert.equal(item?.state, 'error');
    assert.match(item.lastError, /'srt:' is not available/u);
  });

  it('leaves nothing behind', async () => {
    const site = new Site(yml(`${A}, ${B}`));
    site.publish();
    await settle();
    site.run(0).end(gone);
    await settle();
    await site[Symbol.asyncDispose]();
    assert.equal(site.run(1).context.signal.aborted, true);
    assert.equal(site.clock.pendingTimers, 0);
  });
});
