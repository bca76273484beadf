// Tests of what time ends: idle clients, half requests, silent publishers, forgotten sessions.
import assert from 'node:assert/strict';
import { FakeClock } from '../../support/fake-clock.ts';
import type { RtspClient } from '../../support/rtsp-client.ts';
import {
  GENERIC_SDP,
  RtspFixture,
  rtpPacket,
  VIDEO_AUDIO_SDP,
  vp8Payload,
} from '../../support/rtsp-fixture.ts';

interface Scene extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly fixture: RtspFixture;
}

async function start(): Promise<Scene> {
  const clock = new FakeClock();
  const fixture = await RtspFixture.start({ clock });
  return { clock, fixture, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

/** A round trip: everything that was sent before has been handled. */
async function settle(client: RtspClient): Promise<void> {
  assert.equal((await client.request('OPTIONS', '*')).statusCode, 200);
}

async function publishUdp({ fixture }: Scene): Promise<RtspClient> {
  const client = await fixture.connect();
  const url = fixture.url('udp');
  await client.request('ANNOUNCE', url, { body: GENERIC_SDP });
  const headers = { Transport: 'RTP/AVP/UDP;unicast;client_port=47200-47201' };
  await client.request('SETUP', `${url}/streamid=0`, { headers });
  assert.equal((await client.request('RECORD', url)).statusCode, 200);
  return client;
}

/** What the server has read from its only client, once that stands still. */
async function settledInboundBytes({ fixture }: Scene): Promise<number> {
  let bytes = 0;
  let stillTurns = 0;
  for (let turn = 0; turn < 100_000 && stillTurns < 200; turn++) {
    const now = fixture.server.connections[0]?.inboundBytes ?? 0;
    stillTurns = now === bytes ? stillTurns + 1 : 0;
    bytes = now;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return bytes;
}

describe('RtspServer time-outs', () => {
  it('closes an idle connection after 60 s, not before', async () => {
    await using scene = await start();
    await using client = await scene.fixture.connect();
    await settle(client);
    scene.clock.advance(60_000);
    await settle(client);
    scene.clock.advance(62_000);
    await client.waitForClose();
  });

  it('answers 408 to a request that is not complete within readTimeout', async () => {
    await using scene = await start();
    await using client = await scene.fixture.connect();
    await settle(client);
    const before = scene.fixture.server.connections[0]?.inboundBytes;
    client.sendRaw('OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n');
    for (let turn = 0; turn < 1000; turn++) {
      if (scene.fixture.server.connections[0]?.inboundBytes !== before) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    scene.clock.advance(12_000);
    assert.equal((await client.nextResponse()).statusCode, 408);
    await client.waitForClose();
  });

  it('ends a session that was set up and never played', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live');
    await using client = await scene.fixture.connect();
    const headers = { Transport: 'RTP/AVP/TCP;interleaved=0-1' };
    await client.request('SETUP', `${scene.fixture.url('live')}/trackID=0`, { headers });
    assert.equal(scene.fixture.sessions.count, 2);
    for (let turn = 0; turn < 2; turn++) {
      publisher.sendFrame(0, rtpPacket({ sequenceNumber: turn, payload: Buffer.of(1) }));
      await settle(publisher);
      scene.clock.advance(31_000);
    }
    await client.waitForClose();
    assert.equal(scene.fixture.sessions.count, 1);
  });

  it('ends a reader over UDP without keep-alive after 60 s and keeps one with', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live');
    const readers: RtspClient[] = [];
    for (const port of [47_300, 47_302]) {
      const client = await scene.fixture.connect();
      const headers = { Transport: `RTP/AVP;unicast;client_port=${port}-${port + 1}` };
      await client.request('SETUP', `${scene.fixture.url('live')}/trackID=0`, { headers });
      assert.equal((await client.request('PLAY', scene.fixture.url('live'))).statusCode, 200);
      readers.push(client);
    }
    for (let turn = 0; turn < 3; turn++) {
      scene.clock.advance(25_000);
      publisher.sendFrame(0, rtpPacket({ sequenceNumber: turn, payload: Buffer.of(1) }));
      await settle(publisher);
      await readers[0]?.request('GET_PARAMETER', scene.fixture.url('live'));
    }
    const states = scene.fixture.sessions.list().map(({ state }) => state);
    assert.deepEqual(states, ['publish', 'read']);
    for (const reader of readers) await reader.close();
  });

  it('keeps a reader over TCP that sends nothing', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live');
    await using reader = await scene.fixture.read('live');
    for (let turn = 0; turn < 5; turn++) {
      scene.clock.advance(50_000);
      publisher.sendFrame(0, rtpPacket({ sequenceNumber: turn, payload: Buffer.of(1) }));
      await settle(publisher);
    }
    assert.equal(reader.isClosed, false);
  });

  it('ends a publisher over TCP after 60 s of silence; its RTP counts as life', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live');
    for (let turn = 0; turn < 3; turn++) {
      scene.clock.advance(50_000);
      publisher.sendFrame(0, rtpPacket({ sequenceNumber: turn, payload: Buffer.of(1) }));
      await settle(publisher);
    }
    scene.clock.advance(62_000);
    await publisher.waitForClose();
  });

  it('ends a publisher over UDP after readTimeout of silence', async () => {
    await using scene = await start();
    await using publisher = await publishUdp(scene);
    scene.clock.advance(9000);
    await settle(publisher);
    assert.equal(scene.fixture.sessions.count, 1);
    scene.clock.advance(2000);
    assert.equal(scene.fixture.sessions.count, 0);
    const reason = scene.fixture.logger.lines.find(({ message }) =>
      message.startsWith('closed: no'),
    );
    assert.equal(reason?.message, 'closed: no packet from the publisher for 10 s');
  });

  it('sends receiver reports to publishers and sender reports to readers every 5 s', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live');
    publisher.sendFrame(0, rtpPacket({ sequenceNumber: 1, payload: Buffer.of(1) }));
    await settle(publisher);
    await using reader = await scene.fixture.read('live');
    const isReport = ({ channel }: { readonly channel: number }): boolean => channel === 1;
    await reader.waitFor(() => reader.frames.filter(isReport).length === 1, 'the first report');
    scene.clock.advance(6000);
    await publisher.waitFor(() => publisher.frames.filter(isReport).length === 1, 'a report');
    await reader.waitFor(() => reader.frames.filter(isReport).length === 2, 'the second report');
    assert.equal(publisher.frames.find(isReport)?.payload[1], 201);
    assert.equal(reader.frames.find(isReport)?.payload[1], 200);
  });

  it('drops frames for a reader that stops reading, closes it after 5 s, and delays nobody', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('live', VIDEO_AUDIO_SDP);
    await using stuck = await scene.fixture.read('live', [0]);
    await using other = await scene.fixture.read('live', [0]);
    stuck.socket.pause();
    let sent = 0;
    const isRtp = ({ channel }: { readonly channel: number }): boolean => channel === 0;
    const isGone = (): boolean => scene.fixture.sessions.count === 2;
    for (let index = 0; index < 600 && !isGone(); index++) {
      const payload = vp8Payload(index % 10 === 0, 60_000);
      publisher.sendFrame(0, rtpPacket({ payloadType: 96, sequenceNumber: index, payload }));
      await settle(publisher);
      scene.clock.advance(40);
      sent += Math.ceil(60_000 / 1188);
    }
    assert.equal(isGone(), true);
    await other.waitFor(() => other.frames.filter(isRtp).length >= sent, 'every packet');
    const messages = scene.fixture.logger.lines.map(({ message }) => message);
    assert.ok(messages.some((text) => /^reader is too slow, discarding \d+ frames$/u.test(text)));
    assert.ok(messages.some((text) => text.startsWith('closed: reader is too slow: ')));
  });

  it('takes no more requests from a client that does not read the answers', async () => {
    await using scene = await start();
    await using client = await scene.fixture.connect();
    await using publisher = await scene.fixture.publish('live');
    await settle(client);
    const count = 10_000;
    // The host is echoed: more than the buffers of the system take.
    const request = `DESCRIBE rtsp://${'h'.repeat(2000)}/live RTSP/1.0\r\nCSeq: 7\r\n\r\n`;
    client.socket.pause();
    client.sendRaw(request.repeat(count));
    const taken = await settledInboundBytes(scene);
    assert.ok(taken < request.length * count * 0.8, `${taken} bytes of requests were taken`);
    client.socket.resume();
    await client.waitFor(() => client.responses.length === count, 'all answers');
    assert.equal(publisher.isClosed, false);
  });

  it('leaves no timer and no connection behind', async () => {
    const { clock, fixture } = await start();
    const publisher = await fixture.publish('live');
    const reader = await fixture.read('live');
    await fixture.server.close();
    await Promise.all([publisher.waitForClose(), reader.waitForClose()]);
    await fixture.pathManager.close();
    assert.equal(clock.pendingTimers, 0);
  });
});
