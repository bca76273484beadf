// Tests of DESCRIBE: redirects and who gets the credentials, unusual and hostile answers.
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import {
  CAMERA_SDP,
  describeReply,
  FakeCamera,
  reply,
  type CameraAnswer,
} from '../../support/fake-camera.ts';
import { OVER_TCP, playing, pull, stopCleanly } from './client-pull.ts';

const moveTo =
  (location: string, status = 302): CameraAnswer =>
  (request) =>
    reply(request, status, { Location: location });

const demandPassword: CameraAnswer = (request) =>
  reply(request, 401, { 'WWW-Authenticate': 'Basic realm="a"' });

describe('a redirect', () => {
  for (const status of [301, 302, 307]) {
    it(`${status} is followed, the old connection closed`, async () => {
      await using camera = await FakeCamera.start();
      await using other = await FakeCamera.start();
      camera.answers['DESCRIBE'] = moveTo(other.url(), status);
      const run = pull(camera, { config: OVER_TCP });
      await playing(run);
      assert.equal(camera.openConnections, 0);
      assert.deepEqual(other.methods(), ['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY']);
      await stopCleanly(run, other);
    });
  }

  it('may be relative and may come with OPTIONS', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['OPTIONS'] = (request, connection) =>
      request.url.endsWith('/cam') ? moveTo('/moved')(request, connection) : camera.answer(request);
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    assert.equal(camera.requests[1]?.url, camera.url().replace('/cam', '/moved'));
    await stopCleanly(run, camera);
  });

  it('takes the credentials along on the same host only', async () => {
    await using camera = await FakeCamera.start();
    await using other = await FakeCamera.start({ answers: { OPTIONS: demandPassword } });
    const url = camera.url('admin:secret');
    camera.answers['DESCRIBE'] = moveTo(other.url());
    const same = await pull(camera, { url }).ended;
    assert.match(same?.message ?? '', /refused user and password/u);
    assert.equal(other.requests[1]?.headers.get('Authorization'), `Basic ${btoa('admin:secret')}`);

    other.requests.length = 0;
    camera.answers['DESCRIBE'] = moveTo(other.url().replace('127.0.0.1', 'localhost'));
    const foreign = await pull(camera, { url }).ended;
    assert.match(foreign?.message ?? '', /the source URL has none/u);
    assert.equal(other.requests.length, 1);
    assert.equal(other.requests[0]?.headers.get('Authorization'), undefined);

    other.requests.length = 0;
    const own = other.url('guest:1').replace('127.0.0.1', 'localhost');
    camera.answers['DESCRIBE'] = moveTo(own);
    await pull(camera, { url }).ended;
    assert.equal(other.requests[1].headers.get('Authorization'), `Basic ${btoa('guest:1')}`);
  });

  it('is followed three times and no further', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['DESCRIBE'] = moveTo(camera.url());
    const failure = await pull(camera).ended;
    assert.equal(failure?.code, 'rtsp-redirect-refused');
    assert.equal(camera.totalConnections, 4);
    await camera.waitForNobody();
  });

  it('leads nowhere but to RTSP', async () => {
    await using camera = await FakeCamera.start();
    for (const location of ['http://127.0.0.1/', 'file:///etc/passwd', 'rtsp://']) {
      camera.answers['DESCRIBE'] = moveTo(location);
      const failure = await pull(camera).ended;
      assert.ok(['rtsp-redirect-refused', 'rtsp-source-url'].includes(failure?.code ?? ''));
    }
    await camera.waitForNobody();
    assert.equal(camera.totalConnections, 3);
  });
});

describe('an unusual answer', () => {
  const usual = (camera: FakeCamera, change: (text: string) => string): void => {
    for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']) {
      camera.answers[method] = (request) => change(camera.answer(request));
    }
  };
  const changes: Readonly<Record<string, (text: string) => string>> = {
    'with LF alone': (text) => {
      const end = text.indexOf('\r\n\r\n') + 4;
      return text.slice(0, end).replaceAll('\r\n', '\n') + text.slice(end);
    },
    'with blanks everywhere': (text) =>
      text.replace(/^(RTSP\S+) /u, '$1   ').replace(/^([\w-]+): (.*)$/gmu, '$1 :   $2  '),
    'without CSeq': (text) => text.replace(/^CSeq: .*\r\n/mu, ''),
    'with a wrong CSeq': (text) => text.replace(/^CSeq: .*$/mu, 'CSeq: 4711'),
    'after 100 Continue': (text) => `RTSP/1.0 100 Continue\r\n\r\n${text}`,
    'without a reason phrase': (text) => text.replace(/^(RTSP\S+ \d+).*$/mu, '$1'),
    'after blank lines': (text) => `\r\n\r\n${text}`,
  };
  for (const [title, change] of Object.entries(changes)) {
    it(`${title} is understood`, async () => {
      await using camera = await FakeCamera.start();
      usual(camera, change);
      const run = pull(camera, { config: OVER_TCP });
      await playing(run);
      await stopCleanly(run, camera);
    });
  }

  it('in single bytes is understood', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['DESCRIBE'] = (request, { socket }) => {
      for (const byte of describeReply(request, CAMERA_SDP)) socket.write(byte, 'latin1');
      return undefined;
    };
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    await stopCleanly(run, camera);
  });

  it('with a big description is understood, with a huge one refused', async () => {
    const padding = (count: number): string => 'a=x-nothing:1234567890123456\r\n'.repeat(count);
    await using camera = await FakeCamera.start({ sdp: CAMERA_SDP + padding(2000) });
    const run = pull(camera, { config: OVER_TCP });
    await playing(run);
    await stopCleanly(run, camera);
    await using huge = await FakeCamera.start({ sdp: CAMERA_SDP + padding(3000) });
    const failure = await pull(huge).ended;
    assert.match(failure?.message ?? '', /sends no RTSP: body of \d+ bytes is longer than 65536/u);
  });

  it('without a description is refused by name', async () => {
    await using camera = await FakeCamera.start({ sdp: 'hello' });
    const failure = await pull(camera).ended;
    assert.equal(failure?.code, 'sdp-empty');
    assert.match(failure.message, /^127\.0\.0\.1:\d+: DESCRIBE: /u);
  });

  it('that does not come ends the run after 10 s', async () => {
    await using camera = await FakeCamera.start({ answers: { DESCRIBE: () => undefined } });
    const run = pull(camera);
    await camera.waitForRequests('DESCRIBE');
    run.clock.advance(10_000);
    const failure = await run.ended;
    assert.equal(failure?.code, 'rtsp-response-timeout');
    assert.match(failure.message, /did not answer DESCRIBE within 10 s/u);
    assert.equal(run.clock.pendingTimers, 0);
  });

  it('that breaks off in the middle ends the run', async () => {
    await using camera = await FakeCamera.start();
    for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']) {
      camera.answers[method] = (request, { socket }) => {
        const text = camera.answer(request);
        socket.end(text.slice(0, text.length - 3));
        return undefined;
      };
      const run = pull(camera, { config: OVER_TCP });
      assert.equal((await run.ended)?.code, 'rtsp-source-closed', method);
      assert.equal(run.clock.pendingTimers, 0);
      camera.answers[method] = undefined;
    }
    await camera.waitForNobody();
  });

  it('of random bytes ends the run with a named reason', async () => {
    await using camera = await FakeCamera.start();
    for (let round = 0; round < 40; round++) {
      const garbage = randomFillSync(Buffer.alloc(1 + round * 20)).toString('latin1');
      const method = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'][round % 4] ?? '';
      camera.answers[method] = (_request, { socket }) => {
        socket.end(garbage, 'latin1');
        return undefined;
      };
      const run = pull(camera, { config: OVER_TCP });
      const failure = await run.ended;
      assert.notEqual(failure?.kind, 'internal');
      assert.equal(run.clock.pendingTimers, 0);
      camera.answers[method] = undefined;
    }
    await camera.waitForNobody();
  });
});
