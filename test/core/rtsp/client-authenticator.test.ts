// Tests of the client's credentials in whole dialogues with a camera that checks them.
import assert from 'node:assert/strict';
import {
  createDigestChallenge,
  parseAuthorizationHeader,
  verifyDigestResponse,
  type DigestAlgorithm,
} from '../../../core/auth/digest.ts';
import type { RtspRequest } from '../../../core/rtsp/rtsp-message.ts';
import { FakeCamera, reply, type CameraAnswer } from '../../support/fake-camera.ts';
import { OVER_TCP, playing, pull, stopCleanly } from './client-pull.ts';

const PASSWORD = 'p@ss:"w\\rd';
const USER_INFO = encodeURIComponent('admin') + ':' + encodeURIComponent(PASSWORD);

/** What the camera's lock lets in. */
interface Lock {
  readonly algorithm: DigestAlgorithm;
  nonce: string;
  readonly challenges?: readonly string[];
}

function isOpen(request: RtspRequest, lock: Lock): boolean {
  const header = request.headers.get('Authorization');
  if (header === undefined) return false;
  const shown = parseAuthorizationHeader(header);
  if (shown.type !== 'digest' || shown.nonce !== lock.nonce) return false;
  assert.equal(shown.uri, request.url);
  assert.equal(shown.algorithm, lock.algorithm);
  return verifyDigestResponse(shown, { password: PASSWORD, method: request.method });
}

function unauthorized(request: RtspRequest, challenges: readonly string[]): string {
  const lines = challenges.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join('');
  return reply(request, 401).replace(/\r\n\r\n$/u, `\r\n${lines}\r\n`);
}

/** Locks every method of a camera. */
function lockUp(camera: FakeCamera, lock: Lock): void {
  const guard: CameraAnswer = (request) => {
    if (isOpen(request, lock)) return camera.answer(request);
    const challenge = createDigestChallenge({ realm: 'cam', ...lock, qop: 'auth' });
    return unauthorized(request, lock.challenges ?? [challenge]);
  };
  for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'GET_PARAMETER', 'TEARDOWN']) {
    camera.answers[method] = guard;
  }
}

describe('credentials of a source', () => {
  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    it(`answer Digest ${algorithm}, the nonce asked for once`, async () => {
      await using camera = await FakeCamera.start();
      lockUp(camera, { algorithm, nonce: 'n1' });
      const run = pull(camera, { url: camera.url(USER_INFO), config: OVER_TCP });
      await playing(run);
      await stopCleanly(run, camera);
      assert.deepEqual(camera.methods(), [
        ...['OPTIONS', 'OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN'],
      ]);
      const counts = camera.requests.map(
        ({ headers }) => /nc=([0-9a-f]+)/u.exec(headers.get('Authorization') ?? '')?.[1],
      );
      assert.deepEqual(
        counts.slice(1),
        [1, 2, 3, 4, 5, 6].map((n) => `0000000${n}`),
      );
    });
  }

  it('answer the strongest of several challenges, unreadable ones left out', async () => {
    await using camera = await FakeCamera.start();
    const lock = { realm: 'cam', nonce: 'n1' };
    const strong = createDigestChallenge({ ...lock, algorithm: 'SHA-256' });
    const weak = createDigestChallenge({ ...lock, algorithm: 'MD5' });
    const challenges = ['Basic realm="cam"', 'Digest realm="unfinished', weak, strong];
    lockUp(camera, { algorithm: 'SHA-256', nonce: 'n1', challenges });
    const run = pull(camera, { url: camera.url(USER_INFO), config: OVER_TCP });
    await playing(run);
    await stopCleanly(run, camera);
  });

  it('follow a nonce that expires, whether the camera says stale or not', async () => {
    for (const stale of [true, false]) {
      await using camera = await FakeCamera.start();
      const lock: Lock = { algorithm: 'MD5', nonce: 'n1' };
      lockUp(camera, lock);
      const guard = camera.answers['PLAY'];
      camera.answers['PLAY'] = (request, connection) => {
        if (lock.nonce === 'n2') return guard?.(request, connection);
        lock.nonce = 'n2';
        const next = createDigestChallenge({ realm: 'cam', ...lock, qop: 'auth', stale });
        return unauthorized(request, [next]);
      };
      const run = pull(camera, { url: camera.url(USER_INFO), config: OVER_TCP });
      await playing(run);
      await stopCleanly(run, camera);
      assert.equal(camera.methods().filter((method) => method === 'PLAY').length, 2);
    }
  });

  it('are shown to a Basic camera', async () => {
    await using camera = await FakeCamera.start();
    camera.answers['DESCRIBE'] = (request) =>
      request.headers.get('Authorization') ===
      `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`
        ? camera.answer(request)
        : unauthorized(request, ['Basic realm="cam"']);
    const run = pull(camera, { url: camera.url(USER_INFO), config: OVER_TCP });
    await playing(run);
    await stopCleanly(run, camera);
  });

  it('are shown once when they are wrong, and work once they are right', async () => {
    await using camera = await FakeCamera.start();
    // A camera that changes its nonce with every refusal.
    let count = 0;
    const lock: Lock = { algorithm: 'MD5', nonce: 'n0' };
    lockUp(camera, lock);
    const guard = camera.answers['OPTIONS'];
    camera.answers['OPTIONS'] = (request, connection) => {
      const answer = isOpen(request, lock) ? undefined : `n${++count}`;
      if (answer !== undefined) lock.nonce = answer;
      return guard?.(request, connection);
    };
    const wrong = await pull(camera, { url: camera.url('admin:wrong'), config: OVER_TCP }).ended;
    assert.equal(wrong?.kind, 'unauthenticated');
    assert.match(wrong.message, /refused user and password \(401\)$/u);
    assert.equal(camera.requests.length, 2);
    await camera.waitForNobody();
    const run = pull(camera, { url: camera.url(USER_INFO), config: OVER_TCP });
    await playing(run);
    await stopCleanly(run, camera);
  });

  it('are missed by name', async () => {
    await using camera = await FakeCamera.start();
    lockUp(camera, { algorithm: 'MD5', nonce: 'n1' });
    const failure = await pull(camera).ended;
    assert.equal(failure?.kind, 'unauthenticated');
    assert.match(failure.message, /asks for user and password, but the source URL has none/u);
    assert.equal(camera.requests.length, 1);
  });

  it('are not shown to a camera that asks for something unknown', async () => {
    await using camera = await FakeCamera.start();
    for (const challenges of [['Bearer'], ['Digest algorithm=MD5-sess, realm=a, nonce=b'], []]) {
      lockUp(camera, { algorithm: 'MD5', nonce: 'n1', challenges });
      const failure = await pull(camera, { url: camera.url(USER_INFO) }).ended;
      assert.equal(failure?.code, 'unsupported-auth-challenge');
    }
    assert.ok(camera.requests.every(({ headers }) => headers.get('Authorization') === undefined));
  });
});
