// kvs:// targets: from a URL to a sink, what is counted, and what is left when they end.
import assert from 'node:assert/strict';
import type { Closable } from '../../../core/base/lifetime.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { ForwardContext } from '../../../core/path/forward-target.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { FragmentRequest } from '../../../pro/put-media/open-fragment-source.ts';
import { PutMediaForwardFactory } from '../../../pro/put-media/put-media-target.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EPOCH_MS, testFragment } from './put-media-media.ts';
import { PutMediaSink } from './put-media-sink.ts';
import { until } from './until.ts';

/** A factory, and what its targets asked for. */
class Site implements AsyncDisposable {
  readonly clock = new FakeClock(EPOCH_MS);
  readonly abort = new AbortController();
  readonly asked: string[] = [];
  readonly sources: FragmentRequest[] = [];
  readonly sink: PutMediaSink;
  readonly factory: PutMediaForwardFactory;
  closedSources = 0;
  sentBytes: (() => number) | undefined;
  openFailure: MediaError | undefined;

  constructor(sink: PutMediaSink) {
    this.sink = sink;
    this.factory = new PutMediaForwardFactory({
      ...{ clock: this.clock, random: () => 0 },
      openSource: (request) => this.#openSource(request),
      services: (region, endpoint) => {
        this.asked.push(`${region} ${endpoint ?? '-'}`);
        return {
          prepare: ({ retentionHours }) => Promise.resolve({ retentionHours }),
          dataEndpoint: () => Promise.resolve(sink.url),
          ...{ forget: () => undefined, forgetCredentials: () => undefined },
          sign: ({ headers }) => Promise.resolve(headers),
        };
      },
    });
  }

  static async open(): Promise<Site> {
    return new Site(await new PutMediaSink().listen());
  }

  run(url: string): Promise<void> {
    const config = loadConfig({ text: 'paths: {cam: {}}', env: {} }).paths.get('cam');
    assert.ok(config);
    const stream = new Stream([], { clock: this.clock });
    const context: ForwardContext = {
      ...{ pathName: 'cam', config, url, fingerprint: '', bearerToken: '' },
      ...{ logger: silentLogger, signal: this.abort.signal },
      lease: { path: 'cam', stream, close: () => undefined },
      onForwarding: (sentBytes) => void (this.sentBytes = sentBytes),
    };
    return this.factory.create().run(context);
  }

  get url(): string {
    return `kvs://us-west-2/cam?audio=none&endpoint=${encodeURIComponent(this.sink.url.href)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort(new MediaError('canceled', 'test', 'over'));
    await this.sink[Symbol.asyncDispose]();
  }

  #openSource(request: FragmentRequest): Closable {
    if (this.openFailure) throw this.openFailure;
    this.sources.push(request);
    return {
      close: () => {
        this.closedSources++;
      },
    };
  }
}

describe('PutMediaForwardFactory', () => {
  it('forwards the stream of a path, and counts it', async () => {
    await using site = await Site.open();
    assert.deepEqual(site.factory.schemes, ['kvs']);
    const finished = site.run(site.url);
    const [source] = site.sources;
    assert.deepEqual([source?.pathName, source?.audio], ['cam', 'none']);
    assert.deepEqual(site.asked, [`us-west-2 ${site.sink.url.href}`]);
    for (const index of [0, 1]) source?.listener.fragment(testFragment(index));
    await until(() => site.factory.list()[0]?.stats.fragmentsPersisted === 2, {
      ...{ clock: site.clock, stepMs: 1 },
    });
    const [item] = site.factory.list();
    assert.deepEqual([item?.pathName, item?.region, item?.stream], ['cam', 'us-west-2', 'cam']);
    assert.equal(site.sentBytes?.(), item?.stats.sentBytes);
    assert.ok((site.sentBytes?.() ?? 0) > 50);
    site.abort.abort(new MediaError('canceled', 'test', 'stopped'));
    await finished;
    assert.deepEqual([site.closedSources, site.factory.list()], [1, []]);
    assert.equal(site.clock.pendingTimers, 0);
  });

  it('fails with what is wrong with the URL, before anything is opened', async () => {
    await using site = await Site.open();
    await assert.rejects(site.run('kvs://us-west-2/cam?audio=opus'), { code: 'kvs-url-invalid' });
    assert.deepEqual([site.asked, site.sources], [[], []]);
  });

  it('fails with what the stream lacks, and leaves nothing', async () => {
    await using site = await Site.open();
    site.openFailure = new MediaError('unsupported', 'test', 'no H264');
    await assert.rejects(site.run(site.url), { message: 'no H264' });
    assert.deepEqual([site.factory.list(), site.clock.pendingTimers], [[], 0]);
  });

  it('paces the connections of all paths to one stream together', async () => {
    await using site = await Site.open();
    const runs = Array.from({ length: 4 }, () => site.run(site.url));
    for (const { listener } of site.sources) listener.fragment(testFragment(0));
    for (const count of [1, 2, 3, 4]) {
      await until(() => site.sink.connections.length === count);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(site.sink.connections.length, count);
      site.clock.advance(250);
    }
    site.abort.abort(new MediaError('canceled', 'test', 'stopped'));
    await Promise.all(runs);
  });
});
