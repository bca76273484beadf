// Listing, adding and removing streams as clients of go2rtc do it.
import assert from 'node:assert/strict';
import { preferredUrl } from '../../../../core/path/source-entries.ts';
import { managedPaths } from '../../../../pro/signaling/go2rtc/managed-paths.ts';
import { H264, OPUS, PCMA } from '../../../core/webrtc/sample-stream.ts';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import type { TestReply } from '../../../support/http-client.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

const RTSP = 'rtsp://user:secret@192.0.2.1/stream';
const MASKED = 'rtsp://***@192.0.2.1/stream';

const json = ({ body }: TestReply): unknown => JSON.parse(body);

describe('streams of the go2rtc API', () => {
  it('tells a version that clients accept, and no file names', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { rtspAddress: ':8554' } });
    const reply = await fixture.call('GET', '/api');
    assert.deepEqual(json(reply), {
      config_path: '',
      host: `127.0.0.1:${fixture.port}`,
      revision: '',
      rtsp: { listen: ':8554', default_query: 'video&audio' },
      version: '1.9.14',
    });
  });

  it('lists nothing as {} and configured paths by their names', async () => {
    await using empty = await Go2rtcFixture.start({ paths: '{ all_others: {} }' });
    assert.equal((await empty.call('GET', '/api/streams')).body, '{}');
    await using fixture = await Go2rtcFixture.start();
    const idle = { producers: null, consumers: null };
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const reply = await fixture.call(method, '/api/streams');
      assert.deepEqual([reply.status, json(reply)], [200, { cam: idle, other: idle }]);
    }
  });

  it('prints one stream on several lines, and 404 without text for none', async () => {
    await using fixture = await Go2rtcFixture.start();
    const known = await fixture.call('GET', '/api/streams?src=cam');
    assert.equal(known.body, '{\n  "producers": null,\n  "consumers": null\n}');
    const unknown = await fixture.call('GET', '/api/streams?src=nothing');
    assert.deepEqual([unknown.status, unknown.body], [404, '']);
  });

  it('prints codecs, senders and watchers of a stream that runs', async () => {
    await using fixture = await Go2rtcFixture.start();
    fixture.core.publish([H264, OPUS, PCMA]);
    const body = JSON.stringify({ type: 'offer', sdp: viewerOffer() });
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'watcher' };
    await fixture.call('POST', '/api/webrtc?src=cam', { body, headers });
    const text = (await fixture.call('GET', '/api/streams?src=cam')).body;
    const { producers, consumers } = JSON.parse(text) as Record<string, Record<string, unknown>[]>;
    assert.equal(producers?.[0]?.['url'], 'publisher');
    assert.deepEqual(producers[0]['medias'], [
      'video, recvonly, H264',
      'audio, recvonly, OPUS/48000/2',
      'audio, recvonly, PCMA/8000',
    ]);
    assert.equal(consumers?.[0]?.['format_name'], 'webrtc/json');
    assert.equal(consumers[0]['user_agent'], 'watcher');
  });

  it('adds a stream, masks its credentials, and removes it', async () => {
    await using fixture = await Go2rtcFixture.start();
    const added = await fixture.put('door', RTSP, 'ffmpeg:door#audio=opus');
    assert.deepEqual([added.status, added.body], [200, '']);
    assert.deepEqual(fixture.registrar.calls, [`register door ${RTSP}`]);
    const list = json(await fixture.call('GET', '/api/streams')) as Record<string, unknown>;
    assert.deepEqual(list['door'], {
      producers: [{ url: MASKED }, { url: 'ffmpeg:door#audio=opus' }],
      consumers: null,
    });
    assert.equal((await fixture.call('DELETE', '/api/streams?src=door')).status, 200);
    assert.equal((await fixture.call('GET', '/api/streams?src=door')).status, 404);
    assert.equal((await fixture.call('DELETE', '/api/streams?src=door')).status, 200);
    assert.deepEqual(fixture.registrar.calls.slice(1), ['unregister door']);
  });

  it('names a stream after its source when nobody gives a name', async () => {
    await using fixture = await Go2rtcFixture.start();
    const path = `/api/streams?src=${encodeURIComponent('rtsp://192.0.2.1/a')}`;
    assert.equal((await fixture.call('PUT', path)).status, 200);
    assert.equal((await fixture.call('GET', path)).status, 200);
  });

  it('changes nothing when the sources are those that it has, masked or not', async () => {
    await using fixture = await Go2rtcFixture.start();
    const pseudo = 'ffmpeg:door#audio=opus#query=log_level=debug';
    await fixture.put('door', RTSP, pseudo);
    await Promise.all(Array.from({ length: 20 }, () => fixture.put('door', RTSP, pseudo)));
    await fixture.put('door', MASKED, pseudo);
    await fixture.put('door', RTSP, pseudo, 'ffmpeg:door#video=mjpeg');
    assert.equal(fixture.registrar.calls.length, 1);
    await fixture.put('door', 'rtsp://192.0.2.2/stream');
    assert.deepEqual(fixture.registrar.calls.slice(1), ['register door rtsp://192.0.2.2/stream']);
  });

  it('leaves a stream as it is when its new source is refused', async () => {
    await using fixture = await Go2rtcFixture.start({
      paths: '{ cam: {} }',
      registrar: managedPaths,
    });
    await fixture.put('door', RTSP);
    for (const wrong of ['rtsp://', 'rtsp://[zz', 'rtsp://a:99999/x']) {
      assert.equal((await fixture.put('door', wrong)).status, 400, wrong);
      const { status, body } = await fixture.call('GET', '/api/streams?src=door');
      assert.deepEqual([status, body.includes(MASKED)], [200, true], wrong);
      const { config } = fixture.core.pathManager.grant('door', { user: '' });
      assert.equal(preferredUrl(config), RTSP);
    }
    await fixture.put('door', 'rtsp://192.0.2.2/stream');
    const { config } = fixture.core.pathManager.grant('door', { user: '' });
    assert.equal(preferredUrl(config), 'rtsp://192.0.2.2/stream');
  });

  it('changes or makes a stream by PATCH, which needs a name', async () => {
    await using fixture = await Go2rtcFixture.start();
    const src = encodeURIComponent('rtsp://192.0.2.1/a');
    assert.equal((await fixture.call('PATCH', `/api/streams?name=x&src=${src}`)).status, 200);
    assert.equal((await fixture.call('PATCH', `/api/streams?src=${src}`)).status, 400);
    assert.equal((await fixture.call('PATCH', '/api/streams?name=x&src=exec:x')).status, 400);
    assert.equal(fixture.registrar.sources.get('x'), 'rtsp://192.0.2.1/a');
  });

  it('refuses sources in the words of go2rtc and adds nothing', async () => {
    await using fixture = await Go2rtcFixture.start();
    const faults: readonly (readonly [string, string])[] = [
      ['exec:sh', 'streams: source from insecure producer'],
      ['rtsp://a/b c', 'streams: source with spaces may be insecure'],
      ['nothing://x', 'streams: source not supported'],
      ['ffmpeg:stranger#audio=opus', 'streams: source not supported'],
      ['ffmpeg:x', 'streams: source not supported'],
      ['rtsp://u:p@refused/x', "source 'rtsp://***@refused/x' is refused"],
    ];
    for (const [source, text] of faults) {
      const { status, body } = await fixture.put('x', source);
      assert.deepEqual([status, body], [400, text]);
    }
    assert.equal((await fixture.call('GET', '/api/streams?src=x')).status, 404);
  });

  it('gives a stream of ours a second name', async () => {
    await using fixture = await Go2rtcFixture.start();
    fixture.core.publish([H264]);
    assert.equal((await fixture.put('alias', 'ffmpeg:cam#audio=opus')).status, 200);
    const { status } = await fixture.call('POST', '/api/webrtc?src=alias', { body: viewerOffer() });
    assert.equal(status, 200);
    assert.equal(fixture.core.readersOf('cam'), 1);
  });

  it('leaves paths of the configuration as they are', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.equal((await fixture.put('cam', RTSP)).status, 400);
    assert.equal((await fixture.put('cam', 'ffmpeg:cam#audio=opus')).status, 200);
    assert.equal((await fixture.call('DELETE', '/api/streams?src=cam')).status, 400);
    assert.deepEqual(fixture.registrar.calls, []);
  });

  it('takes any name that can be seen, and never makes a path of a strange one', async () => {
    await using fixture = await Go2rtcFixture.start();
    const names = [
      '../../etc/passwd',
      'Kamera Tür 🚪',
      'a//b',
      '/x/',
      'all_others',
      '~^.*$',
      '__proto__',
    ];
    for (const name of names) {
      assert.equal((await fixture.put(name, 'rtsp://192.0.2.1/a')).status, 200, name);
      const path = `/api/streams?src=${encodeURIComponent(name)}`;
      assert.equal((await fixture.call('GET', path)).status, 200, name);
    }
    for (const name of fixture.registrar.sources.keys()) {
      assert.match(name, /^go2rtc\/[0-9a-f]{24}$/u);
    }
    assert.equal(fixture.registrar.sources.size, names.length);
    assert.ok((await fixture.call('GET', '/api/streams')).body.includes('"__proto__"'));
    assert.equal((await fixture.put('a\nb', 'rtsp://192.0.2.1/a')).status, 400);
    assert.equal((await fixture.put('x'.repeat(3000), 'rtsp://192.0.2.1/a')).status, 400);
  });

  it('ends in a whole state after additions and removals at the same time', async () => {
    await using fixture = await Go2rtcFixture.start();
    const calls = Array.from({ length: 60 }, (_, index) =>
      index % 3 === 2
        ? fixture.call('DELETE', '/api/streams?src=x')
        : fixture.put('x', `rtsp://192.0.2.${index}/a`),
    );
    for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
    const known = await fixture.call('GET', '/api/streams?src=x');
    assert.equal(fixture.registrar.sources.size, known.status === 200 ? 1 : 0);
    const shown = fixture.registrar.sources.get('x') ?? 'nothing';
    assert.equal(known.body.includes(shown), known.status === 200);
  });

  it('adds only so many streams, of so many sources', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { maxStreams: 2 } });
    for (const name of ['a', 'b']) await fixture.put(name, 'rtsp://192.0.2.1/a');
    assert.equal((await fixture.put('c', 'rtsp://192.0.2.1/a')).status, 400);
    assert.equal((await fixture.put('a', 'rtsp://192.0.2.9/a')).status, 200);
    const many = Array.from({ length: 17 }, (_, index) => `rtsp://192.0.2.1/${index}`);
    assert.equal((await fixture.put('a', ...many)).status, 400);
  });

  it('knows the statuses of sending and playing without anything that sends', async () => {
    await using fixture = await Go2rtcFixture.start();
    const statusOf = async (query: string): Promise<number> =>
      (await fixture.call('POST', `/api/streams?${query}`)).status;
    assert.equal(await statusOf('src=cam'), 400);
    assert.equal(await statusOf('src=x&dst=y'), 404);
    assert.equal(await statusOf('src=cam&dst=y'), 400);
    assert.equal(await statusOf('src=cam&dst=rtsp://192.0.2.1/x'), 400);
  });

  it('probes before it prints when kinds are named', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.equal((await fixture.call('GET', '/api/streams?src=cam&video=all')).status, 500);
    fixture.core.publish([H264]);
    const { status, body } = await fixture.call('GET', '/api/streams?src=cam&video=all');
    assert.equal(status, 200);
    assert.match(body, /video, recvonly, H264/u);
  });

  it('lists only schemes that it takes', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.deepEqual(json(await fixture.call('GET', '/api/schemes')), ['ffmpeg', 'rtsp', 'rtsps']);
  });

  it('keeps a preloaded stream read until it is taken back', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.equal((await fixture.call('PUT', '/api/preload?src=cam')).status, 500);
    assert.equal((await fixture.call('PUT', '/api/preload?src=nobody')).status, 500);
    const lease = fixture.core.publish([H264]);
    for (let count = 0; count < 2; count++) {
      assert.equal((await fixture.call('PUT', '/api/preload?src=cam&video=h264&x=y')).status, 200);
      assert.equal(fixture.core.readersOf('cam'), 1);
    }
    const list = json(await fixture.call('GET', '/api/preload')) as Record<
      string,
      { query: string }
    >;
    assert.equal(list['cam']?.query, 'video=h264');
    lease.close();
    fixture.core.clock.advance(10_000);
    fixture.core.publish([H264]);
    fixture.core.clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(fixture.core.readersOf('cam'), 1);
    assert.equal((await fixture.call('DELETE', '/api/preload?src=cam')).status, 200);
    assert.equal(fixture.core.readersOf('cam'), 0);
    assert.equal((await fixture.call('DELETE', '/api/preload?src=cam')).status, 500);
  });

  it('answers 404 for everything else', async () => {
    await using fixture = await Go2rtcFixture.start();
    for (const path of ['/', '/api/', '/api/config', '/api/exit', '/api/restart', '/api/log']) {
      assert.equal((await fixture.call('GET', path)).status, 404, path);
      assert.equal((await fixture.call('POST', path)).status, 404, path);
    }
  });
});
