// The go2rtc API over a WebSocket.
import assert from 'node:assert/strict';
import { publisherOffer, viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import { rawExchange } from '../../../support/http-client.ts';
import { Go2rtcFixture, type SocketTester } from './go2rtc-fixture.ts';

const CANDIDATE = 'candidate:1 1 UDP 2130706431 192.168.1.100 54321 typ host';

interface Connected extends AsyncDisposable {
  readonly fixture: Go2rtcFixture;
  readonly client: SocketTester;
}

async function connected(): Promise<Connected> {
  const fixture = await Go2rtcFixture.start();
  fixture.core.publish([H264]);
  const client = await fixture.socket('?src=cam');
  return { fixture, client, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

async function ended(fixture: Go2rtcFixture): Promise<void> {
  for (let turn = 0; turn < 1000 && fixture.server.stats.sockets > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const offer = { type: 'offer', sdp: viewerOffer(), ice_servers: [{ urls: ['stun:x'] }] };

describe('/api/ws', () => {
  it('answers webrtc/offer with webrtc/answer and tells its candidates', async () => {
    await using rig = await connected();
    const { fixture, client } = rig;
    client.send('webrtc/offer', viewerOffer());
    assert.match(String((await client.next('webrtc/answer', 'error'))?.value), /^v=0\r\n/u);
    const candidate = await client.next('webrtc/candidate');
    assert.match(String(candidate?.value), /^candidate:1 1 udp \d+ 127\.0\.0\.1 8189 typ host/u);
    assert.equal(fixture.core.readersOf('cam'), 1);
  });

  it('answers webrtc with webrtc, as Home Assistant asks', async () => {
    await using rig = await connected();
    const { client } = rig;
    client.send('webrtc', offer);
    const value = (await client.next('webrtc', 'error'))?.value;
    assert.ok(typeof value === 'object' && value !== null && 'type' in value && 'sdp' in value);
    assert.equal(value.type, 'answer');
    assert.match(String(value.sdp), /a=candidate:/u);
  });

  it('keeps candidates that come before the offer, the end of them included', async () => {
    await using rig = await connected();
    const { client } = rig;
    client.send('webrtc/candidate', CANDIDATE);
    client.send('webrtc/candidate', '');
    client.send('webrtc/candidate', 'nonsense');
    client.send('webrtc', offer);
    assert.ok(await client.next('webrtc'));
    const { value } = (await client.next('error')) ?? {};
    assert.equal(value, "webrtc/candidate: 'nonsense' is no ICE candidate");
    client.send('webrtc/candidate', CANDIDATE);
    client.send('mse', '');
    assert.equal((await client.next('error'))?.value, 'mse: not supported, use webrtc');
  });

  it('names the request in its errors and goes on', async () => {
    await using rig = await connected();
    const { client } = rig;
    const failure = async (type: string, value?: unknown): Promise<unknown> => {
      client.send(type, value);
      return (await client.next('error'))?.value;
    };
    assert.match(String(await failure('webrtc/offer', 'hello')), /^webrtc\/offer: .*SDP/u);
    assert.match(String(await failure('webrtc', { type: 'offer', sdp: '' })), /^webrtc: /u);
    assert.equal(await failure('webrtc', 'text'), 'webrtc: value is no offer');
    assert.equal(await failure('webrtc/offer', {}), 'webrtc/offer: value is no text');
    assert.equal(await failure('webrtc/candidate', 5), 'webrtc/candidate: value is no text');
    client.socket.send('not json');
    assert.match(String((await client.next('error'))?.value), /^message: /u);
    client.socket.send(Buffer.from([1, 2, 3]));
    client.send('something/else', { a: 1 });
    client.send('webrtc', offer);
    assert.ok(await client.next('webrtc', 'error'));
    assert.deepEqual(
      client.messages.filter(({ type }) => type === 'error'),
      [],
    );
  });

  it('says when there is no such stream, and finds one that came later', async () => {
    await using fixture = await Go2rtcFixture.start();
    const client = await fixture.socket('?src=later');
    client.send('webrtc/offer', viewerOffer());
    assert.equal((await client.next('error'))?.value, 'webrtc/offer: stream not found');
    fixture.core.publish([H264], 'later');
    client.send('webrtc/offer', viewerOffer());
    assert.ok(await client.next('webrtc/answer'));
    const nameless = await fixture.socket('');
    nameless.send('webrtc/offer', viewerOffer());
    assert.equal((await nameless.next('error'))?.value, 'webrtc/offer: stream not found');
  });

  it('makes a stream of a source URL, but of no program', async () => {
    await using fixture = await Go2rtcFixture.start();
    const source = encodeURIComponent('rtsp://u:p@192.0.2.1/a');
    const client = await fixture.socket(`?src=${source}&name=made`);
    client.send('webrtc/offer', viewerOffer());
    assert.match(String((await client.next('error'))?.value), /^webrtc\/offer: no stream/u);
    assert.deepEqual(fixture.registrar.calls, ['register made rtsp://u:p@192.0.2.1/a']);
    const bad = await fixture.socket(`?src=${encodeURIComponent('exec:sh://x')}`);
    bad.send('webrtc/offer', viewerOffer());
    assert.match(String((await bad.next('error'))?.value), /insecure producer/u);
  });

  it('takes what a client sends with dst', async () => {
    await using fixture = await Go2rtcFixture.start();
    const client = await fixture.socket('?dst=cam');
    client.send('webrtc/offer', publisherOffer());
    assert.ok(await client.next('webrtc/answer'));
    assert.equal(fixture.core.manager.counts.publishers, 1);
  });

  it('replaces the session by a new offer, and ends it with the connection', async () => {
    await using rig = await connected();
    const { fixture, client } = rig;
    for (let count = 0; count < 3; count++) {
      client.send('webrtc/offer', viewerOffer());
      assert.ok(await client.next('webrtc/answer'));
      assert.equal(fixture.core.readersOf('cam'), 1);
    }
    client.socket.terminate();
    await ended(fixture);
    assert.equal(fixture.core.readersOf('cam'), 0);
  });

  it('ends a session that is answered after the client left', async () => {
    await using fixture = await Go2rtcFixture.start();
    fixture.core.publish([H264]).close();
    const client = await fixture.socket('?src=cam');
    client.send('webrtc/offer', viewerOffer());
    client.send('webrtc/offer', viewerOffer());
    client.socket.terminate();
    await ended(fixture);
    fixture.core.publish([H264]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(fixture.core.readersOf('cam'), 0);
  });

  it('cuts off floods of messages and of pings', async () => {
    await using rig = await connected();
    const { fixture, client } = rig;
    for (let count = 0; count < 1000; count++) client.send('webrtc/candidate', CANDIDATE);
    assert.equal(await client.closed, 1008);
    const pinger = await fixture.socket('?src=cam');
    for (let count = 0; count < 1000; count++) pinger.socket.ping('x');
    assert.equal(await pinger.closed, 1008);
    const offers = await fixture.socket('?src=cam');
    for (let count = 0; count < 300; count++) offers.send('webrtc/offer', viewerOffer());
    assert.equal(await offers.closed, 1008);
    await ended(fixture);
    assert.equal(fixture.core.readersOf('cam'), 0);
  });

  it('cuts off messages that are too long', async () => {
    await using rig = await connected();
    const { client } = rig;
    client.send('webrtc/offer', 'x'.repeat(200_000));
    assert.equal(await client.closed, 1009);
  });

  it('ends whoever does not answer pings', async () => {
    await using rig = await connected();
    const { fixture, client } = rig;
    client.socket.pong = () => undefined;
    const silent = await fixture.socket('?src=cam');
    silent.socket.pause();
    fixture.core.clock.advance(30_000);
    fixture.core.clock.advance(30_000);
    await ended(fixture);
    assert.equal(fixture.server.stats.sockets, 0);
  });

  it('lets in only so many', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { maxSockets: 1 } });
    await fixture.socket('?src=cam');
    await assert.rejects(
      fixture.socket('?src=cam').then(({ closed }) => closed),
      /503|hang up/u,
    );
  });

  it('tells clients that the server goes away', async () => {
    await using rig = await connected();
    const { fixture, client } = rig;
    client.send('webrtc', offer);
    await client.next('webrtc');
    await fixture.server.close();
    assert.equal(await client.closed, 1001);
    assert.equal(fixture.core.readersOf('cam'), 0);
  });

  it('asks who does not upgrade to do so', async () => {
    await using fixture = await Go2rtcFixture.start();
    assert.equal((await fixture.call('GET', '/api/ws?src=cam')).status, 426);
    const text =
      'GET /api/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    assert.match(await rawExchange(fixture.port, text), /^HTTP\/1\.1 400/u);
  });
});
