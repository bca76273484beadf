// Hooks of paths, driven by a real path manager: which command begins and ends when, and what it is told.
import assert from 'node:assert/strict';
import { silentLogger } from '../../../core/base/logger.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { PathHooks } from '../../../core/hooks/path-hooks.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import type { PublishLease, ReadLease } from '../../../core/path/path.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { CommandList } from './command-list.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
];
const NOBODY = { user: '' };
const HOSTILE = `a b;$(touch x)'"`;
const HOSTILE_ENCODED = 'a+b%3B%24%28touch+x%29%27%22';
const EVERY_HOOK = `
  runOnAvailable: available
  runOnAvailableRestart: yes
  runOnUnavailable: unavailable
  runOnOnline: online
  runOnOffline: offline
  runOnRead: read
  runOnUnread: unread
`;
const FIXED = '{cam: {runOnInit: init}}';
const ON_DEMAND = `
  runOnDemand: demand
  runOnUnDemand: undemand
  runOnDemandStartTimeout: 7s
  runOnDemandCloseAfter: 3s
  publisherHoldTime: 0s
`;

class Site {
  readonly clock = new FakeClock();
  readonly commands = new CommandList();
  readonly manager: PathManager;

  constructor(pathDefaults: string, paths = '{all_others: {}}') {
    this.manager = new PathManager(
      {
        ...{ clock: this.clock, logger: silentLogger, random: () => 0, sourceFactories: [] },
        authorizer: { authorize: () => Promise.resolve(NOBODY) },
      },
      configOf(pathDefaults, paths),
    );
    const hooks = new PathHooks({
      ...{ clock: this.clock, launcher: this.commands, pathManager: this.manager },
      queryOf: (id) => (id === 'hostile' ? HOSTILE : ''),
      rtspPort: () => '8554',
    });
    this.manager.observe(hooks);
    this.manager.start();
  }

  readonly publish = (id = 'p'): PublishLease => {
    const publisher = { id, type: 'rtspSession', onPathClosed: () => undefined };
    return this.manager.publish(this.manager.grant('cam', NOBODY), { publisher, tracks: TRACKS });
  };

  readonly read = (id: string, type = 'webRTCSession'): ReadLease =>
    this.manager.read(this.manager.grant('cam', NOBODY), { id, type });

  /** A viewer who waits; resolves to how it ended. */
  readonly wait = (query = ''): Promise<string> =>
    this.manager.waitForStream(this.manager.grant('cam', NOBODY, query)).then(
      () => 'stream',
      () => 'nothing',
    );
}

function configOf(pathDefaults: string, paths: string): ReturnType<typeof loadConfig> {
  return loadConfig({
    text: `pathDefaults:\n  maxReaders: 0${pathDefaults}\npaths: ${paths}`,
    env: {},
  });
}

describe('PathHooks', () => {
  it('runs commands through the life of a path, in order', async () => {
    const { manager, commands, publish, read } = new Site(EVERY_HOOK);
    const publisher = publish();
    assert.deepEqual(await commands.take(), [
      'begin runOnAvailable available again and again',
      'begin runOnOnline online',
    ]);
    const reader = read('r');
    assert.deepEqual(await commands.take(), ['begin runOnRead read']);
    reader.close();
    assert.deepEqual(await commands.take(), ['end runOnRead', 'launch runOnUnread unread']);
    publisher.close();
    assert.deepEqual(await commands.take(), [
      ...['end runOnOnline', 'launch runOnOffline offline'],
      ...['end runOnAvailable', 'launch runOnUnavailable unavailable'],
    ]);
    assert.deepEqual(manager.list(), []);
  });

  it('goes offline and online, but stays available, while a held publisher restarts', async () => {
    const { commands, publish, read } = new Site(EVERY_HOOK);
    const publisher = publish();
    read('r');
    await commands.take();
    publisher.close();
    assert.deepEqual(await commands.take(), ['end runOnOnline', 'launch runOnOffline offline']);
    publish();
    assert.deepEqual(await commands.take(), ['begin runOnOnline online']);
  });

  it('tells source, reader, groups and query by variables, encoded', async () => {
    const paths = '{"~^c(a)(m)$": {}}';
    const { commands, publish, read } = new Site(EVERY_HOOK, paths);
    const publisher = publish('hostile');
    await commands.take();
    const path = { MTX_PATH: 'cam', RTSP_PATH: 'cam', RTSP_PORT: '8554', G1: 'a', G2: 'm' };
    const source = { MTX_SOURCE_TYPE: 'rtspSession', MTX_SOURCE_ID: 'hostile' };
    const ofSource = { ...path, ...source, MTX_QUERY: HOSTILE_ENCODED };
    assert.deepEqual(commands.variablesOf('runOnAvailable'), ofSource);
    assert.deepEqual(commands.variablesOf('runOnOnline'), ofSource);
    const reader = read('r2');
    reader.close();
    publisher.close();
    await commands.take();
    const ofReader = { ...path, MTX_READER_TYPE: 'webRTCSession', MTX_READER_ID: 'r2' };
    assert.deepEqual(commands.variablesOf('runOnUnread'), { ...ofReader, MTX_QUERY: '' });
    assert.deepEqual(commands.variablesOf('runOnUnavailable'), ofSource);
  });

  it('tells webhooks of everything, also without a command', async () => {
    const { commands, publish, read } = new Site('', '{"~^c(am)$": {}}');
    const publisher = publish();
    const reader = read('r');
    await commands.take();
    reader.close();
    publisher.close();
    assert.deepEqual(await commands.take(), []);
    assert.deepEqual(commands.told, [
      ...['runOnInit', 'runOnAvailable', 'runOnOnline', 'runOnRead'],
      ...['runOnUnread', 'runOnOffline', 'runOnUnavailable'],
    ]);
    assert.equal(commands.variablesOf('runOnUnread')?.['G1'], 'am');
  });

  it('takes no notice of readers of the server itself', async () => {
    const { commands, publish, read } = new Site('\n  runOnRead: read');
    publish();
    for (const type of ['recorder', 'snapshot', 'forward']) read(type, type).close();
    assert.deepEqual(await commands.take(), []);
  });

  it('ends everything with the server', async () => {
    const { manager, commands, publish, read } = new Site(EVERY_HOOK, FIXED);
    assert.deepEqual(await commands.take(), ['begin runOnInit init']);
    publish();
    read('r');
    await commands.take();
    await manager.close();
    assert.deepEqual([...(await commands.take())].sort(), [
      ...['end runOnAvailable', 'end runOnInit', 'end runOnOnline', 'end runOnRead'],
      ...['launch runOnOffline offline', 'launch runOnUnavailable unavailable'],
      'launch runOnUnread unread',
    ]);
  });

  it('replaces commands that a reload changed, and no other', async () => {
    const site = new Site(EVERY_HOOK, FIXED);
    const { manager, commands } = site;
    site.publish();
    site.read('r');
    await commands.take();
    const changed = EVERY_HOOK.replace(': online', ': other').replace(': read', ': listen');
    manager.reconfigure(configOf(changed, FIXED));
    assert.deepEqual(await commands.take(), [
      ...['end runOnOnline', 'begin runOnOnline other'],
      ...['end runOnRead', 'begin runOnRead listen'],
    ]);
  });
});

describe('PathHooks with runOnDemand', () => {
  it('begins with the first viewer, and ends after the linger time of the last', async () => {
    const { clock, commands, wait, publish, read } = new Site(ON_DEMAND);
    const waiting = [wait(HOSTILE), wait('other=1')];
    assert.deepEqual(await commands.take(), ['begin runOnDemand demand']);
    assert.equal(commands.variablesOf('runOnDemand')?.['MTX_QUERY'], HOSTILE_ENCODED);
    publish();
    assert.deepEqual(await Promise.all(waiting), ['stream', 'stream']);
    const readers = [read('1'), read('2')];
    for (const reader of readers) reader.close();
    clock.advance(2999);
    assert.deepEqual(await commands.take(), []);
    clock.advance(1);
    assert.deepEqual(await commands.take(), ['end runOnDemand', 'launch runOnUnDemand undemand']);
  });

  it('goes on when a viewer comes back within the linger time', async () => {
    const { clock, commands, wait, publish, read } = new Site(ON_DEMAND);
    const waiting = wait();
    publish();
    await waiting;
    read('1').close();
    clock.advance(2000);
    const second = read('2');
    clock.advance(60_000);
    assert.deepEqual(await commands.take(), ['begin runOnDemand demand']);
    second.close();
    clock.advance(3000);
    assert.equal((await commands.take()).length, 2);
  });

  it('ends a command that brought no stream with the last viewer who waited', async () => {
    const { clock, commands, wait } = new Site(ON_DEMAND);
    const waiting = wait();
    clock.advance(6999);
    assert.deepEqual(await commands.take(), ['begin runOnDemand demand']);
    clock.advance(1);
    assert.equal(await waiting, 'nothing');
    assert.deepEqual(await commands.take(), ['end runOnDemand', 'launch runOnUnDemand undemand']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('begins again for the next viewer', async () => {
    const { clock, commands, wait } = new Site(ON_DEMAND);
    const first = wait();
    clock.advance(7000);
    await first;
    await commands.take();
    const second = wait();
    assert.deepEqual(await commands.take(), ['begin runOnDemand demand']);
    clock.advance(7000);
    await second;
  });

  it('begins anew for viewers who come after its time, though others still wait', async () => {
    const { clock, commands, wait, publish } = new Site(ON_DEMAND);
    const first = wait();
    await commands.take();
    clock.advance(4000);
    const second = wait();
    commands.exit('runOnDemand');
    assert.deepEqual(await commands.take(), []);
    clock.advance(3000);
    assert.equal(await first, 'nothing');
    const third = wait();
    assert.deepEqual(await commands.take(), [
      ...['end runOnDemand', 'launch runOnUnDemand undemand', 'begin runOnDemand demand'],
    ]);
    publish();
    assert.deepEqual(await Promise.all([second, third]), ['stream', 'stream']);
  });

  it('begins anew at once when it ended, with its stream, within the linger time', async () => {
    const { clock, commands, wait, publish, read } = new Site(ON_DEMAND, '{cam: {}}');
    const waiting = wait();
    const publisher = publish();
    await waiting;
    const reader = read('1');
    clock.advance(8000);
    reader.close();
    commands.exit('runOnDemand');
    publisher.close();
    await commands.take();
    clock.advance(1000);
    const next = wait();
    assert.deepEqual(await commands.take(), [
      ...['end runOnDemand', 'launch runOnUnDemand undemand', 'begin runOnDemand demand'],
    ]);
    publish();
    assert.equal(await next, 'stream');
  });

  it('gives a command that goes on its time to bring the stream back', async () => {
    const { clock, commands, wait, publish } = new Site(ON_DEMAND);
    const waiting = wait();
    const publisher = publish();
    await waiting;
    clock.advance(60_000);
    await commands.take();
    const before = wait();
    publisher.close();
    assert.equal(await before, 'stream');
    const first = wait();
    await commands.take();
    clock.advance(6000);
    const second = wait();
    assert.deepEqual(await commands.take(), []);
    publish();
    assert.deepEqual(await Promise.all([first, second]), ['stream', 'stream']);
  });
});
