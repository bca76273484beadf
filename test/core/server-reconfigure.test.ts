// A running server whose configuration changes: what starts again, and who notices.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { ConfigStore } from '../../core/config/config-store.ts';
import { diffConfig } from '../../core/config/diff-config.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { systemClock } from '../../core/base/clock.ts';
import { MediaServer } from '../../core/server.ts';
import { httpRequest } from '../support/http-client.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { GENERIC_SDP } from '../support/rtsp-fixture.ts';

const LISTENERS = {
  rtspAddress: '127.0.0.1:0',
  rtspTransports: '[tcp]',
  webrtcAddress: '127.0.0.1:0',
  webrtcLocalUDPAddress: '127.0.0.1:0',
  webrtcLocalTCPAddress: "''",
  webrtcIPsFromInterfaces: 'no',
  webrtcAdditionalHosts: '[127.0.0.1]',
  apiAddress: '127.0.0.1:0',
  paths: '{all_others: {}}',
};

type Changes = Readonly<Record<string, string>>;

function textOf(changes: Changes): string {
  const lines = Object.entries({ ...LISTENERS, ...changes });
  return lines.map(([key, value]) => `${key}: ${value}`).join('\n');
}

class Fixture implements AsyncDisposable {
  readonly logger = new RecordingLogger();
  readonly store: ConfigStore;
  readonly server: MediaServer;

  private constructor(text: string) {
    const { logger } = this;
    const config = loadConfig({ text, env: {} });
    this.store = new ConfigStore({ clock: systemClock, logger }, { config, text, env: {} });
    const components = { logger, configStore: this.store };
    this.server = new MediaServer(components, { config, searchPath: '' });
  }

  static async start(changes: Changes = {}): Promise<Fixture> {
    const fixture = new Fixture(textOf(changes));
    await fixture.server.start();
    await fixture.server.openApi({ parts: [] });
    return fixture;
  }

  /** URLs by name of the listener. */
  get urls(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.server.listeners.map(({ name, url }) => [name, url]));
  }

  change(changes: Changes): Promise<void> {
    const config = loadConfig({ text: textOf(changes), env: {} });
    return this.server.reconfigure({ config, diff: diffConfig(this.server.config, config) });
  }

  port(name: string): number {
    return Number(new URL((this.urls[name] ?? '').replace('<path>', '')).port);
  }

  async publish(path: string): Promise<RtspClient> {
    const client = await RtspClient.connect(this.port('RTSP'));
    const url = `rtsp://127.0.0.1:${this.port('RTSP')}/${path}`;
    const headers = { 'Content-Type': 'application/sdp' };
    const { statusCode } = await client.request('ANNOUNCE', url, { headers, body: GENERIC_SDP });
    assert.equal(statusCode, 200);
    const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record' };
    await client.request('SETUP', `${url}/streamid=0`, { headers: transport });
    assert.equal((await client.request('RECORD', url)).statusCode, 200);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

describe('MediaServer.reconfigure()', () => {
  it('keeps sessions when users change; the new users count for the next one', async () => {
    await using fixture = await Fixture.start();
    await using publisher = await fixture.publish('cam');
    const before = fixture.urls;
    const authInternalUsers = '[{user: u, pass: p, permissions: [{action: read}]}]';
    await fixture.change({ authInternalUsers, logLevel: 'debug', readTimeout: '20s' });
    assert.deepEqual(fixture.urls, before);
    assert.equal((await publisher.request('OPTIONS', '*')).statusCode, 200);
    assert.equal(fixture.server.pathManager.get('cam')?.stream?.isOnline, true);
    await using next = await RtspClient.connect(fixture.port('RTSP'));
    const url = `rtsp://127.0.0.1:${fixture.port('RTSP')}/cam`;
    assert.equal((await next.request('DESCRIBE', url)).statusCode, 401);
  });

  it('starts the part again whose address changed, and no other', async () => {
    await using fixture = await Fixture.start({ api: 'yes' });
    const before = fixture.urls;
    const manager = fixture.server.webRtcSessions;
    await fixture.change({ api: 'yes', rtspAddress: '0.0.0.0:0' });
    assert.notEqual(fixture.urls['RTSP'], before['RTSP']);
    assert.equal(fixture.urls['API'], before['API']);
    assert.equal(fixture.server.webRtcSessions, manager);
  });

  it('moves pages and signaling without ending WebRTC sessions', async () => {
    await using fixture = await Fixture.start();
    const { RTSP, 'WebRTC media': media, 'Player and WHIP/WHEP': http } = fixture.urls;
    const manager = fixture.server.webRtcSessions;
    await fixture.change({ webrtcAllowOrigins: '[https://example.org]' });
    const { RTSP: nextRtsp, 'WebRTC media': nextMedia } = fixture.urls;
    assert.deepEqual([nextRtsp, nextMedia], [RTSP, media]);
    assert.notEqual(fixture.urls['Player and WHIP/WHEP'], http);
    assert.equal(fixture.server.webRtcSessions, manager);
    const headers = { origin: 'https://example.org' };
    const port = fixture.port('Player and WHIP/WHEP');
    const reply = await httpRequest({ port, path: '/cam', headers });
    assert.equal(reply.headers['access-control-allow-origin'], 'https://example.org');
  });

  it('turns protocols off and on', async () => {
    await using fixture = await Fixture.start();
    await fixture.change({ webrtc: 'no', rtsp: 'no' });
    assert.deepEqual(fixture.urls, {});
    assert.equal(fixture.server.webRtcSessions, undefined);
    await fixture.change({});
    assert.equal(Object.keys(fixture.urls).length, 3);
    await using publisher = await fixture.publish('cam');
    assert.equal(publisher.isClosed, false);
  });

  it('goes on with the old address when the new one is taken, and applies the rest', async () => {
    await using fixture = await Fixture.start();
    await using other = await occupyPort();
    const rtspAddress = `127.0.0.1:${other.port}`;
    const changed = fixture.change({ rtspAddress, paths: '{all_others: {}, cam7: {}}' });
    await assert.rejects(changed, { code: 'config-not-applied', message: /rtspAddress/u });
    assert.notEqual(fixture.port('RTSP'), other.port);
    assert.notEqual(fixture.server.pathManager.get('cam7'), undefined);
    await using publisher = await fixture.publish('cam');
    assert.equal(publisher.isClosed, false);
  });

  it('answers a request that moves the very listener it came through', async () => {
    await using fixture = await Fixture.start({ api: 'yes' });
    const port = fixture.port('API');
    const reply = await httpRequest({
      ...{ port, method: 'PATCH', path: '/v3/config/global/patch?persist=no' },
      headers: { 'content-type': 'application/json' },
      body: '{"apiAllowOrigins": ["https://example.org"]}',
    });
    assert.equal(reply.status, 200);
    assert.deepEqual(fixture.store.config.global.apiAllowOrigins, ['https://example.org']);
    const deadline = AbortSignal.timeout(4000);
    while (fixture.urls['API'] === undefined && !deadline.aborted) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const headers = { origin: 'https://example.org' };
    const next = await httpRequest({ port: fixture.port('API'), path: '/v3/info', headers });
    assert.equal(next.headers['access-control-allow-origin'], 'https://example.org');
  });

  it('names what counts from the next start only', async () => {
    await using fixture = await Fixture.start();
    await fixture.change({ webrtcHandshakeTimeout: '3s', udpReadBufferSize: '1000000' });
    const lines = fixture.logger.lines.map(({ message }) => message);
    const line = 'counts from the next start: udpReadBufferSize, webrtcHandshakeTimeout';
    assert.ok(lines.includes(line), lines.join('\n'));
  });
});

async function occupyPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { port, [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) };
}
