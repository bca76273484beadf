// Tests of the RTSP server with real sockets: publish, read, reports, sessions, limits.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  GENERIC_SDP,
  RtspFixture,
  rtpPacket,
  VIDEO_AUDIO_SDP,
  vp8Payload,
} from '../../support/rtsp-fixture.ts';

function payloadOf(frame: { readonly payload: Buffer } | undefined): string {
  return frame?.payload.subarray(12).toString() ?? '';
}

async function openUdp(): Promise<{ rtp: Socket; rtcp: Socket; ports: string }> {
  const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const [rtp, rtcp] = sockets;
  return { rtp, rtcp, ports: `${rtp.address().port}-${rtcp.address().port}` };
}

describe('RtspServer', () => {
  it('hands packets of a format it does not know to readers byte by byte', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live');
    await using reader = await fixture.read('live');
    const payloads = Array.from({ length: 20 }, (_, index) => Buffer.alloc(index * 50 + 1, index));
    for (const [sequenceNumber, payload] of payloads.entries()) {
      publisher.sendFrame(0, rtpPacket({ sequenceNumber, payload }));
    }
    const isRtp = ({ channel }: { channel: number }): boolean => channel === 0;
    await reader.waitFor(() => reader.frames.filter(isRtp).length >= 20, '20 packets');
    const received = reader.frames.filter(isRtp).map(({ payload }) => payload.subarray(12));
    assert.deepEqual(received, payloads);
  });

  it('describes the stream and answers PLAY with RTP-Info, without Range', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('a/b', VIDEO_AUDIO_SDP);
    const key = rtpPacket({ payloadType: 96, sequenceNumber: 1, payload: vp8Payload(true) });
    publisher.sendFrame(0, key);
    assert.equal((await publisher.request('OPTIONS', '*')).statusCode, 200);
    await using reader = await fixture.connect();
    const url = fixture.url('a/b');
    const described = await reader.request('DESCRIBE', `${url}?x=1`);
    assert.equal(described.headers.get('Content-Base'), `${url}/`);
    assert.equal(described.headers.get('Content-Type'), 'application/sdp');
    const sdp = Buffer.from(described.body).toString();
    assert.match(sdp, /a=rtpmap:96 VP8\/90000\r\n/u);
    assert.match(sdp, /a=control:trackID=1\r\n/u);
    const headers = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
    const setup = await reader.request('SETUP', `${url}/trackID=0`, { headers });
    assert.match(
      setup.headers.get('Transport') ?? '',
      /^RTP\/AVP\/TCP;unicast;interleaved=0-1;ssrc=/u,
    );
    assert.match(setup.headers.get('Session') ?? '', /^[0-9a-f-]{36};timeout=60$/u);
    const play = await reader.request('PLAY', `${url}/`);
    assert.equal(play.headers.get('Range'), undefined);
    assert.match(
      play.headers.get('RTP-Info') ?? '',
      new RegExp(`^url=${url}/trackID=0;seq=\\d+;rtptime=3000$`, 'u'),
    );
    await reader.waitForFrames(2);
    // The sender report comes first, so that players know the time of the first packet.
    assert.deepEqual(
      reader.frames.map(({ channel }) => channel),
      [1, 0],
    );
    assert.equal(reader.frames[0]?.payload[1], 200);
  });

  it('takes packets over UDP, sorts them, and sends them over UDP', async () => {
    await using fixture = await RtspFixture.start();
    const url = fixture.url('udp');
    await using publisher = await fixture.connect();
    await publisher.request('ANNOUNCE', url, { body: GENERIC_SDP });
    const from = await openUdp();
    const setup = await publisher.request('SETUP', `${url}/streamid=0`, {
      headers: { Transport: `RTP/AVP/UDP;unicast;client_port=${from.ports};mode=record` },
    });
    const [, serverPort] = /server_port=(\d+)-/u.exec(setup.headers.get('Transport') ?? '') ?? [];
    assert.equal((await publisher.request('RECORD', url)).statusCode, 200);
    await using reader = await fixture.connect();
    const to = await openUdp();
    const received: string[] = [];
    const done = Promise.withResolvers<undefined>();
    to.rtp.on('message', (bytes) => {
      received.push(bytes.subarray(12).toString());
      if (received.length === 4) done.resolve(undefined);
    });
    const headers = { Transport: `RTP/AVP;unicast;client_port=${to.ports}` };
    assert.equal((await reader.request('SETUP', `${url}/trackID=0`, { headers })).statusCode, 200);
    assert.equal((await reader.request('PLAY', url)).statusCode, 200);
    for (const sequenceNumber of [1, 3, 2, 4]) {
      const payload = Buffer.from(`packet ${sequenceNumber}`);
      from.rtp.send(rtpPacket({ sequenceNumber, payload }), Number(serverPort), '127.0.0.1');
    }
    await done.promise;
    assert.deepEqual(received, ['packet 1', 'packet 2', 'packet 3', 'packet 4']);
    const [published, read] = fixture.sessions.list();
    assert.equal(published?.stats()['inboundRTPPackets'], 4);
    assert.equal(read?.stats()['outboundRTPPackets'], 4);
    for (const { rtp, rtcp } of [from, to]) {
      rtp.close();
      rtcp.close();
    }
  });

  it('refuses client ports that another track uses', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live');
    const headers = { Transport: 'RTP/AVP;unicast;client_port=47000-47001' };
    const url = `${fixture.url('live')}/trackID=0`;
    await using first = await fixture.connect();
    assert.equal((await first.request('SETUP', url, { headers })).statusCode, 200);
    await using second = await fixture.connect();
    assert.equal((await second.request('SETUP', url, { headers })).statusCode, 400);
    assert.equal(fixture.sessions.count, 2);
    await first.request('TEARDOWN', url);
    assert.equal((await second.request('SETUP', url, { headers })).statusCode, 200);
    assert.equal(publisher.isClosed, false);
  });

  it('answers 461 to UDP when only TCP is allowed, and the other way round', async () => {
    for (const [allowed, transport] of [
      ['tcp', 'RTP/AVP;unicast;client_port=5000-5001'],
      ['udp', 'RTP/AVP/TCP;unicast;interleaved=0-1'],
    ] as const) {
      await using fixture = await RtspFixture.start({ yml: [`rtspTransports: [${allowed}]`] });
      await using client = await fixture.connect();
      const url = fixture.url('live');
      await client.request('ANNOUNCE', url, { body: GENERIC_SDP });
      const headers = { Transport: transport };
      assert.equal(
        (await client.request('SETUP', `${url}/streamid=0`, { headers })).statusCode,
        461,
      );
    }
  });

  it('answers 454 to a session of another connection', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live');
    await using thief = await fixture.connect();
    thief.session = publisher.session;
    for (const method of ['TEARDOWN', 'PAUSE', 'GET_PARAMETER', 'RECORD']) {
      assert.equal((await thief.request(method, fixture.url('live'))).statusCode, 454, method);
    }
    assert.equal(fixture.sessions.list()[0]?.state, 'publish');
    assert.notEqual(fixture.sessions.list()[0]?.id, publisher.session);
  });

  it('lets a UDP session live on without its connection and takes keep-alives from another', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live');
    const reader = await fixture.connect();
    const headers = { Transport: 'RTP/AVP;unicast;client_port=47100-47101' };
    await reader.request('SETUP', `${fixture.url('live')}/trackID=0`, { headers });
    await reader.request('PLAY', fixture.url('live'));
    await reader.close();
    await using other = await fixture.connect();
    other.session = reader.session;
    assert.equal((await other.request('GET_PARAMETER', fixture.url('live'))).statusCode, 200);
    assert.equal((await other.request('TEARDOWN', fixture.url('live'))).statusCode, 200);
    assert.equal(fixture.sessions.count, 1);
    assert.equal(publisher.isClosed, false);
  });

  it('closes readers when the stream ends, and keeps them while a publisher may come back', async () => {
    await using fixture = await RtspFixture.start({
      paths: [
        '  all_others:',
        '    publisherHoldTime: 10s',
        '  gone:',
        '    publisherHoldTime: 0s',
      ],
    });
    const publisher = await fixture.publish('gone');
    await using reader = await fixture.read('gone');
    await publisher.close();
    await reader.waitForClose();
    const first = await fixture.publish('held');
    await using patient = await fixture.read('held');
    first.sendFrame(0, rtpPacket({ sequenceNumber: 7, payload: Buffer.from('one') }));
    await patient.waitFor(() => patient.frames.some(({ channel }) => channel === 0), 'one');
    await first.close();
    await using second = await fixture.publish('held');
    second.sendFrame(0, rtpPacket({ sequenceNumber: 9000, ssrc: 5, payload: Buffer.from('two') }));
    await patient.waitFor(() => payloadOf(patient.frames.at(-1)) === 'two', 'two');
  });

  it('replaces a publisher and tells why', async () => {
    await using fixture = await RtspFixture.start();
    await using first = await fixture.publish('live');
    await using second = await fixture.publish('live');
    await first.waitForClose();
    assert.equal(second.isClosed, false);
    const line = fixture.logger.lines.find(({ message }) => message.startsWith('closed: '));
    assert.equal(line?.message, 'closed: another publisher took over the path');
  });

  it('logs with the words that people search for', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live', VIDEO_AUDIO_SDP);
    await using reader = await fixture.read('live', [0, 1]);
    const messages = fixture.logger.lines.map(({ message }) => message);
    assert.ok(messages.includes("is publishing to path 'live', 2 tracks (VP8, G711)"));
    assert.ok(messages.includes("is reading from path 'live', with TCP, 2 tracks (VP8, G711)"));
    const types = fixture.sessions.list().map(({ type, state }) => `${type} ${state}`);
    assert.deepEqual(types, ['rtspSession publish', 'rtspSession read']);
    assert.equal(publisher.isClosed || reader.isClosed, false);
  });

  it('sends a report at once when a read ends inside a video frame', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live', VIDEO_AUDIO_SDP);
    const begun = {
      payloadType: 96,
      sequenceNumber: 5,
      isMarked: false,
      payload: vp8Payload(true),
    };
    publisher.sendFrame(0, rtpPacket(begun));
    await publisher.waitForFrames(1);
    const [report] = publisher.frames;
    assert.equal(report?.channel, 1);
    assert.equal(report.payload[1], 201);
    assert.equal(report.payload.readUInt32BE(8), 0x1234);
    assert.equal(report.payload.readUInt16BE(18), 5);
    publisher.sendFrame(
      0,
      rtpPacket({ payloadType: 96, sequenceNumber: 6, payload: vp8Payload(false) }),
    );
    assert.equal((await publisher.request('OPTIONS', '*')).statusCode, 200);
    assert.equal(publisher.frames.length, 1);
  });

  it('refuses more connections than allowed, and takes new ones when some are gone', async () => {
    await using fixture = await RtspFixture.start({
      limits: { maxConnections: 10, maxConnectionsPerIp: 2 },
    });
    const first = await fixture.connect();
    await using second = await fixture.connect();
    await using third = await fixture.connect();
    await third.waitForClose();
    await first.close();
    for (let turn = 0; turn < 100 && fixture.server.connections.length > 1; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await using fourth = await fixture.connect();
    assert.equal((await fourth.request('OPTIONS', '*')).statusCode, 200);
    assert.equal(second.isClosed, false);
  });

  it('refuses more sessions than allowed, also when their connections are gone', async () => {
    await using fixture = await RtspFixture.start({
      limits: { maxConnections: 10, maxConnectionsPerIp: 3 },
    });
    await using publisher = await fixture.publish('live');
    const url = fixture.url('live');
    const statuses: number[] = [];
    for (const port of [47_400, 47_402, 47_404]) {
      const client = await fixture.connect();
      const headers = { Transport: `RTP/AVP;unicast;client_port=${port}-${port + 1}` };
      statuses.push((await client.request('SETUP', `${url}/trackID=0`, { headers })).statusCode);
      if (client.session !== undefined) await client.request('PLAY', url);
      await client.close();
    }
    assert.deepEqual(statuses, [200, 200, 400]);
    assert.equal(fixture.sessions.count, 3);
    assert.equal(publisher.isClosed, false);
  });

  it('ends a session that is kicked', async () => {
    await using fixture = await RtspFixture.start();
    await using publisher = await fixture.publish('live');
    fixture.sessions.kick(fixture.sessions.list()[0]?.id ?? '');
    await publisher.waitForClose();
    assert.equal(fixture.sessions.count, 0);
    assert.equal(fixture.pathManager.get('live'), undefined);
  });

  it('closes with everything it holds', async () => {
    const fixture = await RtspFixture.start();
    const publisher = await fixture.publish('live');
    const reader = await fixture.read('live');
    await fixture.server.close();
    await fixture.server.close();
    await Promise.all([publisher.waitForClose(), reader.waitForClose()]);
    assert.equal(fixture.sessions.count, 0);
    assert.deepEqual(fixture.server.connections, []);
    await fixture.pathManager.close();
  });

  it('names the key and the port when it can not listen, and leaves nothing open', async () => {
    await using fixture = await RtspFixture.start();
    const blocked = new RtspFixture({ rtspAddress: `127.0.0.1:${fixture.port}` });
    await assert.rejects(blocked.server.start(), {
      kind: 'unavailable',
      code: 'rtsp-listen-failed',
      message: new RegExp(
        `^rtspAddress: can't listen on TCP port ${fixture.port}: .*EADDRINUSE`,
        'u',
      ),
    });
    assert.deepEqual(blocked.server.udpPorts, { rtp: 0, rtcp: 0 });
    assert.deepEqual(blocked.server.listenAddresses, []);
    await blocked[Symbol.asyncDispose]();
  });
});
