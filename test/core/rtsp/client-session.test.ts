// Tests of how a pull ends: in every way named, and with nothing left open.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { CAMERA_SDP, FakeCamera, reply } from '../../support/fake-camera.ts';
import {
  audio,
  OVER_TCP,
  OVER_UDP,
  packetsOf,
  playing,
  pull,
  stopCleanly,
  video,
} from './client-pull.ts';

describe('the end of a pull', () => {
  it('comes after 10 s without RTP, reports do not count', async () => {
    await using camera = await FakeCamera.start();
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    run.clock.advance(9000);
    camera.sendRtp(0, video(1));
    const stream = await run.published;
    run.clock.advance(9000);
    camera.sendRtp(1, audio(1));
    await packetsOf(stream, 1, 1);
    run.clock.advance(9999);
    assert.equal(camera.openConnections, 1);
    run.clock.advance(1);
    const failure = await run.ended;
    assert.equal(failure?.kind, 'unavailable');
    assert.match(failure.message, /^127\.0\.0\.1:\d+ sent no media for 10 s$/u);
    assert.equal(run.clock.pendingTimers, 0);
  });

  it('does not wait for a frozen camera to answer TEARDOWN', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['TEARDOWN'] = () => undefined;
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    run.clock.advance(10_000);
    await camera.waitForRequests('TEARDOWN');
    run.clock.advance(500);
    assert.equal((await run.ended)?.code, 'rtsp-source-silent');
    assert.equal(run.clock.pendingTimers, 0);
  });

  const ends: Readonly<Record<string, readonly [(camera: FakeCamera) => unknown, string]>> = {
    'a reset': [(camera) => camera.goAway(), 'rtsp-connection-failed'],
    'a closed connection': [(camera) => camera.connection.socket.end(), 'rtsp-source-closed'],
    'bytes that are no RTSP': [
      (camera) => camera.connection.socket.write('\u0001\u0002\u0003'),
      'rtsp-source-malformed',
    ],
    'TEARDOWN by the camera': [(camera) => camera.ask('TEARDOWN'), 'rtsp-source-closed'],
  };
  for (const [title, [act, code]] of Object.entries(ends)) {
    it(`is named after ${title}`, async () => {
      await using camera = await FakeCamera.start();
      const run = pull(camera, { config: OVER_TCP });
      await playing(run);
      await act(camera);
      const failure = await run.ended;
      assert.equal(failure?.code, code);
      assert.equal(failure.kind, 'unavailable');
      assert.equal(run.clock.pendingTimers, 0);
    });
  }

  it('is named when every track said goodbye', async () => {
    await using camera = await FakeCamera.start({
      sdp: CAMERA_SDP.slice(0, CAMERA_SDP.indexOf('m=audio')),
    });
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    camera.sendRtp(0, video(1));
    await run.published;
    camera.sendRtcp(0, Buffer.from([0x81, 203, 0, 1, 0, 0, 0x12, 0x34]));
    // The answer shows that the goodbye has been read.
    camera.ask('OPTIONS');
    await camera.waitUntil(() => camera.responses > 0);
    run.clock.advance(1000);
    assert.equal((await run.ended)?.code, 'rtsp-source-goodbye');
  });

  it('passes on why the path does not want the stream', async () => {
    await using camera = await FakeCamera.start();
    const refusal = new MediaError('failed-precondition', 'path-closed', 'the path is closed');
    const publish = (): never => {
      throw refusal;
    };
    const run = pull(camera, { config: OVER_TCP, publish });
    await playing(run);
    camera.sendRtp(0, video(1));
    assert.equal(await run.ended, refusal);
    await camera.waitForNobody();
  });

  it('lets the next run succeed: 404 and then 200, wrong password and then right', async () => {
    await using camera = await FakeCamera.start();
    for (const [status, kind] of [
      [404, 'not-found'],
      [403, 'permission-denied'],
      [503, 'unavailable'],
    ] as const) {
      camera.answers['DESCRIBE'] = (request) => reply(request, status);
      assert.equal((await pull(camera).ended)?.kind, kind);
    }
    delete camera.answers['DESCRIBE'];
    const run = pull(camera);
    await playing(run);
    await stopCleanly(run, camera);
  });

  const stages = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'playing'] as const;
  for (const config of [OVER_TCP, OVER_UDP]) {
    for (const stage of stages) {
      it(`frees everything when stopped at ${stage} over ${config.rtspTransport}`, async () => {
        await using camera = await FakeCamera.start();
        if (stage !== 'playing') camera.answers[stage] = () => undefined;
        const run = pull(camera, { config });
        if (stage === 'playing') await playing(run);
        else await camera.waitForRequests(stage);
        const isSetUp = stage === 'PLAY' || stage === 'playing';
        await stopCleanly(run, camera);
        assert.equal(camera.methods().includes('TEARDOWN'), isSetUp);
      });
    }
  }

  it('frees everything when stopped at any turn of the event loop', async () => {
    await using camera = await FakeCamera.start();
    for (let turns = 0; turns < 60; turns++) {
      const run = pull(camera, { config: turns % 2 === 0 ? OVER_TCP : OVER_UDP });
      for (let turn = 0; turn < turns; turn++) await new Promise((next) => setImmediate(next));
      await stopCleanly(run, camera);
    }
    assert.ok(camera.methods().includes('PLAY'), 'the last ones got far');
  });

  it('leaves no handle behind in a hundred reboots', async () => {
    await using camera = await FakeCamera.start();
    const handlesBefore = process.getActiveResourcesInfo().length;
    for (let reboot = 0; reboot < 100; reboot++) {
      const run = pull(camera, { config: reboot % 2 === 0 ? OVER_TCP : OVER_UDP });
      await playing(run);
      camera.connection.socket.resetAndDestroy();
      assert.equal((await run.ended)?.code, 'rtsp-connection-failed');
      await camera.waitForNobody();
      assert.equal(run.clock.pendingTimers, 0);
    }
    // Handles go in the closing phase of the event loop, which comes after the first of these.
    for (let turn = 0; turn < 2; turn++) await new Promise((next) => setImmediate(next));
    assert.ok(process.getActiveResourcesInfo().length <= handlesBefore + 1);
  });

  it('names a camera that is not there, without the credentials', async () => {
    await using camera = await FakeCamera.start();
    const url = camera.url('admin:se#cret');
    await camera.goAway();
    const failure = await pull(camera, { url }).ended;
    assert.equal(failure?.code, 'rtsp-connect-failed');
    assert.match(failure.message, /can't be reached: connect ECONNREFUSED/u);
    assert.doesNotMatch(failure.message, /admin|cret/u);
  });

  it('never tells the credentials, whatever the camera says', async () => {
    const secret = 'pa@ss:w#rd?1';
    for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']) {
      await using camera = await FakeCamera.start();
      camera.answers[method] = (request) => reply(request, 404);
      const run = pull(camera, { url: camera.url(`admin:${secret}`), config: OVER_TCP });
      await Promise.race([run.ended, playing(run)]);
      const failure = await run.stop();
      const texts = [failure?.message ?? '', ...run.logger.lines.map(({ message }) => message)];
      assert.ok(texts.every((text) => !text.includes(secret) && !text.includes('admin')));
      assert.ok(camera.requests.every(({ url }) => !url.includes('@')));
    }
  });
});
