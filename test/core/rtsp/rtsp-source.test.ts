// Tests of the pulled source: media over TCP and UDP, the choice between them, and which tracks.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { MediaError } from '../../../core/base/media-error.ts';
import { CAMERA_SDP, FakeCamera, reply } from '../../support/fake-camera.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  audio,
  createSource,
  OVER_TCP,
  OVER_UDP,
  packetsOf,
  playing,
  pull,
  stopCleanly,
  video,
} from './client-pull.ts';

describe('RtspSource over TCP', () => {
  it('plays every track and publishes them with the first packet', async () => {
    await using camera = await FakeCamera.start();
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    assert.deepEqual(camera.methods(), ['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY']);
    assert.equal(camera.requests[1]?.headers.get('Accept'), 'application/sdp');
    assert.equal(camera.requests[3]?.headers.get('Session'), '12345678');
    assert.equal(camera.requests[4]?.headers.get('Range'), 'npt=0.000-');
    assert.equal(run.streams.length, 0);
    camera.sendRtp(0, video(1));
    const stream = await run.published;
    camera.sendRtp(1, audio(1));
    await packetsOf(stream, 0, 1);
    await packetsOf(stream, 1, 1);
    await stopCleanly(run, camera);
    assert.equal(camera.methods().at(-1), 'TEARDOWN');
  });

  it('sends receiver reports on the RTCP channels every 5 s and keeps the sender report', async () => {
    await using camera = await FakeCamera.start();
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    camera.sendRtp(0, video(1));
    const stream = await run.published;
    const report = Buffer.alloc(28);
    report.writeUInt32BE(0x80c80006, 0);
    report.writeUInt32BE(0x1234, 4);
    report.writeUInt32BE(3_900_000_000, 8);
    camera.sendRtcp(0, report);
    camera.sendRtp(1, audio(1));
    await packetsOf(stream, 1, 1);
    run.clock.advance(5000);
    await camera.waitUntil(() => camera.frames.length >= 2);
    assert.deepEqual(
      camera.frames.map(([channel]) => channel),
      [1, 3],
    );
    const receiverReport = camera.frames[0]?.[1];
    assert.equal(receiverReport?.[1], 201);
    assert.equal(receiverReport.readUInt32BE(8), 0x1234);
    assert.notEqual(receiverReport.readUInt32BE(24), 0, 'middle of the NTP time');
    await stopCleanly(run, camera);
  });

  it('takes the channels of the answer, and those that the camera really uses', async () => {
    await using camera = await FakeCamera.start();
    let next = 10;
    camera.answers['SETUP'] = (request) => {
      next += 2;
      const Transport = `RTP/AVP/TCP;unicast;interleaved=${next}-${next + 1}`;
      return reply(request, 200, { Session: '1', Transport });
    };
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    const { targets } = camera.connection;
    targets[0] = { type: 'tcp', channels: { rtp: 12, rtcp: 13 } };
    // Agreed on 14, sent on 20: known by its payload type.
    targets[1] = { type: 'tcp', channels: { rtp: 20, rtcp: 21 } };
    camera.sendRtp(0, video(1));
    const stream = await run.published;
    camera.sendRtp(1, audio(1));
    camera.sendRtp(1, audio(2));
    await packetsOf(stream, 1, 2);
    assert.equal(stream.tracks[1]?.ring.packetsWritten, 2);
    await stopCleanly(run, camera);
    assert.ok(run.logger.lines.some(({ message }) => message.startsWith('1 frames on wrong')));
  });

  it('leaves out an audio track that the camera refuses', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['SETUP'] = (request) =>
      request.url.endsWith('trackID=1') ? reply(request, 400) : camera.answer(request);
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    camera.sendRtp(0, video(1));
    assert.equal((await run.published).tracks.length, 1);
    await stopCleanly(run, camera);
  });

  it('sends Range and Scale as configured', async () => {
    await using camera = await FakeCamera.start();
    const range = { rtspRangeType: 'npt', rtspRangeStart: '1m30s', rtspScale: '2' } as const;
    const run = pull(camera, { config: { ...OVER_TCP, ...range } });
    await playing(run);
    const headers = camera.requests.at(-1)?.headers;
    assert.equal(headers?.get('Range'), 'npt=90.000-');
    assert.equal(headers.get('Scale'), '2');
    await stopCleanly(run, camera);
  });
});

describe('RtspSource over UDP', () => {
  it('is tried first, opens the way and reports back', async () => {
    await using camera = await FakeCamera.start();
    const run = pull(camera);
    await playing(run);
    await camera.waitUntil(() => camera.datagrams.length >= 4);
    assert.deepEqual(camera.datagrams.map(({ isRtcp, bytes }) => [isRtcp, bytes.length]).sort(), [
      [false, 12],
      [false, 12],
      [true, 8],
      [true, 8],
    ]);
    camera.sendRtp(1, audio(1));
    const stream = await run.published;
    camera.sendRtp(1, audio(3));
    camera.sendRtp(1, audio(2));
    await packetsOf(stream, 1, 3);
    assert.equal(stream.tracks[1]?.ring.packetsWritten, 3);
    run.clock.advance(5000);
    await camera.waitUntil(() => camera.datagrams.some(({ bytes }) => bytes.length > 12));
    await stopCleanly(run, camera);
    assert.equal(camera.totalConnections, 1);
  });

  for (const rtspAnyPort of [false, true]) {
    it(`${rtspAnyPort ? 'takes' : 'drops'} packets from another port with rtspAnyPort ${rtspAnyPort}`, async () => {
      await using camera = await FakeCamera.start();
      const run = pull(camera, { config: { ...OVER_UDP, rtspAnyPort } });
      await playing(run);
      const target = camera.connection.targets[0];
      assert.ok(target?.type === 'udp');
      const stranger = createSocket('udp4');
      stranger.bind(0, '127.0.0.1');
      await once(stranger, 'listening');
      await new Promise((resolve) =>
        stranger.send(video(7), target.ports.rtp, '127.0.0.1', resolve),
      );
      if (rtspAnyPort) await run.published;
      camera.sendRtp(0, video(1));
      const stream = await run.published;
      await packetsOf(stream, 0, 1);
      run.clock.advance(200);
      stranger.close();
      await stopCleanly(run, camera);
      assert.equal(stream.tracks[0]?.stats.packetsInError, 0);
    });
  }

  it('falls back to TCP when the camera refuses UDP in any way', async () => {
    const refusals: readonly number[] = [461, 500, 501];
    for (const status of refusals) {
      await using camera = await FakeCamera.start();
      camera.answers['SETUP'] = (request) =>
        request.headers.get('Transport')?.includes('TCP') === true
          ? camera.answer(request)
          : reply(request, status);
      const run = pull(camera);
      await playing(run);
      assert.equal(camera.transport, 'tcp', `${status}`);
      await stopCleanly(run, camera);
    }
  });

  it('falls back to TCP when the camera hangs up on SETUP or answers with TCP', async () => {
    for (const behaviour of ['hangs up', 'answers with TCP'] as const) {
      await using camera = await FakeCamera.start();
      camera.answers['SETUP'] = (request, { socket }) => {
        if (request.headers.get('Transport')?.includes('TCP') === true)
          return camera.answer(request);
        if (behaviour === 'hangs up') socket.destroy();
        return reply(request, 200, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
      };
      const run = pull(camera);
      await playing(run);
      assert.equal(camera.transport, 'tcp', behaviour);
      await stopCleanly(run, camera);
    }
  });

  it('falls back to TCP after 3 s of silence and begins with TCP the next time', async () => {
    await using camera = await FakeCamera.start();
    const clock = new FakeClock();
    const source = createSource(clock);
    const run = pull(camera, { source, clock });
    await playing(run);
    clock.advance(2999);
    assert.equal(camera.transport, 'udp');
    const again = playing(run);
    clock.advance(1);
    await again;
    assert.equal(camera.methods().filter((method) => method === 'TEARDOWN').length, 1);
    assert.equal(camera.transport, 'tcp');
    camera.sendRtp(0, video(1));
    await run.published;
    await stopCleanly(run, camera);

    const next = pull(camera, { source, clock });
    await playing(next);
    assert.equal(camera.totalConnections, 3);
    assert.equal(camera.transport, 'tcp');
    await stopCleanly(next, camera);
  });

  it('stays with UDP when it is configured', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['SETUP'] = (request) => reply(request, 461);
    const failure = await pull(camera, { config: OVER_UDP }).ended;
    assert.equal(failure?.code, 'rtsp-transport-refused');
    assert.match(failure.message, /refused SETUP over UDP: 461 Unsupported Transport/u);
    assert.equal(camera.totalConnections, 1);
  });

  it('is not tried for H264 with whole NAL units as packets', async () => {
    const sdp = CAMERA_SDP.replace('packetization-mode=1', 'packetization-mode=0');
    await using camera = await FakeCamera.start({ sdp });
    const run = pull(camera);
    await playing(run);
    assert.equal(camera.transport, 'tcp');
    assert.equal(camera.totalConnections, 1);
    await stopCleanly(run, camera);
  });

  it('refuses multicast by name', async () => {
    await using camera = await FakeCamera.start();
    const failure = await pull(camera, { config: { rtspTransport: 'multicast' } }).ended;
    assert.equal(failure?.code, 'rtsp-multicast-unsupported');
    assert.equal(camera.totalConnections, 0);
  });
});

describe('tracks of a source', () => {
  const sdpOf = (...lines: string[]): string => ['v=0', 's=x', ...lines, ''].join('\r\n');

  /** The controls that are set up, or why there is none. */
  async function controlsOf(sdp: string): Promise<readonly string[] | MediaError> {
    await using camera = await FakeCamera.start({ sdp });
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    const failure = await run.stop();
    if (failure) return failure;
    const setups = camera.requests.filter(({ method }) => method === 'SETUP');
    return setups.map(({ url }) => url.split('/').at(-1) ?? '');
  }

  it('are those that can be used, metadata included', async () => {
    const sdp = sdpOf(
      ...['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:v'],
      ...['m=audio 0 RTP/AVP 0', 'a=sendonly', 'a=control:back'],
      ...['m=video 0 RTP/AVP 33', 'a=control:ts'],
      ...['m=audio 0 RTP/SAVP 0', 'a=control:srtp'],
      ...['m=application 0 RTP/AVP 107', 'a=rtpmap:107 vnd.onvif.metadata/90000', 'a=control:m'],
    );
    assert.deepEqual(await controlsOf(sdp), ['v', 'm']);
  });

  it('are missed by name when none can be used', async () => {
    const failure = await controlsOf(sdpOf('m=video 0 RTP/AVP 33', 'a=control:ts'));
    assert.ok(failure instanceof MediaError);
    assert.equal(failure.code, 'rtsp-no-tracks');
    assert.match(failure.message, /MPEG-TS inside RTP is not supported/u);
  });
});
