// Tests of keeping a session alive, by the clock.
import assert from 'node:assert/strict';
import {
  CAMERA_SDP,
  FakeCamera,
  reply,
  type FakeCameraOptions,
} from '../../support/fake-camera.ts';
import { OVER_TCP, playing, pull, stopCleanly, type Pull } from './client-pull.ts';

/** A camera whose sessions last so many seconds. */
function withTimeout(
  session: string,
  answers: FakeCameraOptions['answers'] = {},
): FakeCameraOptions {
  return {
    sdp: CAMERA_SDP.slice(0, CAMERA_SDP.indexOf('m=audio')),
    answers: {
      SETUP: (request) =>
        reply(request, 200, {
          ...(session !== '' && { Session: session }),
          Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1',
        }),
      ...answers,
    },
  };
}

async function keptAlive(camera: FakeCamera): Promise<Pull> {
  const run = pull(camera, { config: OVER_TCP });
  await playing(run);
  return run;
}

describe('keep-alive', () => {
  it('comes at half of the time-out, with GET_PARAMETER and the session', async () => {
    await using camera = await FakeCamera.start(withTimeout('77;timeout=12'));
    const run = await keptAlive(camera);
    run.clock.advance(5999);
    assert.ok(!camera.methods().includes('GET_PARAMETER'));
    run.clock.advance(1);
    await camera.waitForRequests('GET_PARAMETER');
    assert.equal(camera.requests.at(-1)?.headers.get('Session'), '77');
    assert.equal(camera.requests.at(-1)?.url, `${camera.url()}/`);
    await stopCleanly(run, camera);
  });

  it('uses OPTIONS when the camera has no GET_PARAMETER, or refuses it', async () => {
    const answers = [
      { OPTIONS: (request: Parameters<typeof reply>[0]) => reply(request, 200) },
      { GET_PARAMETER: (request: Parameters<typeof reply>[0]) => reply(request, 501) },
    ];
    for (const [index, answer] of answers.entries()) {
      await using camera = await FakeCamera.start(withTimeout('77;timeout=4', answer));
      const run = await keptAlive(camera);
      const asked = run.logger.waitFor(/(?:OPTIONS|to keep the session was) answered/u);
      run.clock.advance(2000);
      await asked;
      run.clock.advance(2000);
      await camera.waitForRequests('OPTIONS', 2);
      assert.equal(camera.methods().filter((method) => method === 'GET_PARAMETER').length, index);
      await stopCleanly(run, camera);
    }
  });

  it('goes on while answers are missing, and ignores them when they come late', async () => {
    const late: string[] = [];
    const answers: FakeCameraOptions['answers'] = {
      GET_PARAMETER: (request) => {
        late.push(reply(request, 454));
        return undefined;
      },
    };
    await using camera = await FakeCamera.start(withTimeout('77;timeout=4', answers));
    const run = await keptAlive(camera);
    run.clock.advance(4000);
    await camera.waitForRequests('GET_PARAMETER', 2);
    // The first one was given up when the second was sent.
    camera.connection.socket.write(late[0] ?? '');
    camera.ask('OPTIONS');
    await camera.waitUntil(() => camera.responses > 0);
    await stopCleanly(run, camera);
    assert.ok(run.logger.lines.some(({ message }) => message.endsWith('1 responses to nothing')));
  });

  it('ends the run when the camera has forgotten the session', async () => {
    const answers: FakeCameraOptions['answers'] = {
      GET_PARAMETER: (request) => reply(request, 454),
    };
    await using camera = await FakeCamera.start(withTimeout('77;timeout=1', answers));
    const run = await keptAlive(camera);
    run.clock.advance(1000);
    const failure = await run.ended;
    assert.equal(failure?.code, 'rtsp-session-lost');
    assert.match(failure.message, /454 Session Not Found/u);
    assert.equal(run.clock.pendingTimers, 0);
  });

  it('ends the run when the password is not taken any more', async () => {
    const answers: FakeCameraOptions['answers'] = {
      GET_PARAMETER: (request) => reply(request, 401, { 'WWW-Authenticate': 'Basic realm="a"' }),
    };
    await using camera = await FakeCamera.start(withTimeout('77;timeout=4', answers));
    const run = await keptAlive(camera);
    run.clock.advance(2000);
    assert.equal((await run.ended)?.kind, 'unauthenticated');
  });

  it('does without a session and takes the time-out of the PLAY answer', async () => {
    const answers: FakeCameraOptions['answers'] = {
      PLAY: (request) => reply(request, 200, { Session: '78;timeout=6' }),
    };
    await using camera = await FakeCamera.start(withTimeout('', answers));
    const run = await keptAlive(camera);
    run.clock.advance(3000);
    await camera.waitForRequests('GET_PARAMETER');
    await stopCleanly(run, camera);
  });
});
