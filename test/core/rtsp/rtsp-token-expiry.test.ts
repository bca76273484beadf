// Tests of RTSP sessions whose token expires: they end, whatever they do, and open nothing new.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RtspFixture } from '../../support/rtsp-fixture.ts';

const LIFETIME_MS = 30_000;

interface Scene extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly fixture: RtspFixture;
  /** Tokens expire this long after they are shown; undefined = never. */
  lifetimeMs: number | undefined;
  isRefusing: boolean;
}

async function start(): Promise<Scene> {
  const clock = new FakeClock();
  const fixture = await RtspFixture.start({
    clock,
    authorize: () => {
      const { lifetimeMs, isRefusing } = scene;
      if (isRefusing) {
        const context = { hadCredentials: true };
        const refusal = new MediaError('unauthenticated', 'token-expired', 'expired', { context });
        return Promise.reject(refusal);
      }
      const expiresAt = lifetimeMs === undefined ? undefined : clock.nowMs() + lifetimeMs;
      return Promise.resolve({ user: 'ann', expiresAt });
    },
  });
  const scene: Scene = {
    ...{ clock, fixture, lifetimeMs: undefined, isRefusing: false },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
  return scene;
}

function reasons({ fixture }: Scene): string[] {
  return fixture.logger.lines
    .filter(({ level, message }) => level === 'info' && message.startsWith('closed: '))
    .map(({ message }) => message);
}

describe('an RTSP session whose token expires', () => {
  it('ends when it reads, and its publisher stays', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('cam');
    scene.lifetimeMs = LIFETIME_MS;
    await using reader = await scene.fixture.read('cam');
    scene.clock.advance(LIFETIME_MS - 1);
    assert.equal(scene.fixture.sessions.count, 2);
    scene.clock.advance(1000);
    await reader.waitForClose();
    assert.equal(scene.fixture.sessions.count, 1);
    assert.equal(publisher.isClosed, false);
    assert.deepEqual(reasons(scene), ['closed: the token has expired']);
  });

  it('ends when it publishes', async () => {
    await using scene = await start();
    scene.lifetimeMs = LIFETIME_MS;
    await using publisher = await scene.fixture.publish('cam');
    scene.clock.advance(LIFETIME_MS + 1000);
    await publisher.waitForClose();
    assert.equal(scene.fixture.sessions.count, 0);
    assert.deepEqual(reasons(scene), ['closed: the token has expired']);
  });

  it('is not opened by a right that was granted before on the connection', async () => {
    await using scene = await start();
    await using publisher = await scene.fixture.publish('cam');
    scene.lifetimeMs = LIFETIME_MS;
    await using client = await scene.fixture.connect();
    const url = scene.fixture.url('cam');
    assert.equal((await client.request('DESCRIBE', url)).statusCode, 200);
    assert.equal((await client.request('DESCRIBE', url)).statusCode, 200);
    const { length } = scene.fixture.requests;
    scene.clock.advance(LIFETIME_MS);
    scene.isRefusing = true;
    const headers = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
    const answer = await client.request('SETUP', `${url}/trackID=0`, { headers });
    assert.equal(answer.statusCode, 401);
    assert.equal(scene.fixture.requests.length, length + 1);
    assert.equal(publisher.isClosed, false);
  });
});
