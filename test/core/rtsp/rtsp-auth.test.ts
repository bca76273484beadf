// Tests of authentication over RTSP: which proof is taken, which is challenged, which ends the connection.
import assert from 'node:assert/strict';
import type { AccessRequest, Principal } from '../../../core/auth/access-request.ts';
import {
  formatBasicAuthorization,
  formatDigestAuthorization,
  parseAuthenticateHeader,
  type DigestChallenge,
} from '../../../core/auth/digest.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { RtspResponse } from '../../../core/rtsp/rtsp-message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { RtspClient } from '../../support/rtsp-client.ts';
import { GENERIC_SDP, RtspFixture } from '../../support/rtsp-fixture.ts';

const USER = 'alice';
const PASSWORD = 'secret';

function authorize({ credentials }: AccessRequest): Promise<Principal> {
  const isRight =
    (credentials.type === 'password' && credentials.password === PASSWORD) ||
    (credentials.type === 'digest' && credentials.matches(PASSWORD)) ||
    (credentials.type === 'bearer' && credentials.token === PASSWORD);
  if (isRight) return Promise.resolve({ user: USER });
  const hadCredentials = credentials.type !== 'none';
  return Promise.reject(
    new MediaError('unauthenticated', 'authentication-failed', 'authentication error', {
      context: { hadCredentials },
    }),
  );
}

function start(methods: string, clock?: FakeClock): Promise<RtspFixture> {
  return RtspFixture.start({
    authorize,
    yml: [`rtspAuthMethods: [${methods}]`],
    ...(clock && { clock }),
  });
}

function digestsOf(response: RtspResponse): DigestChallenge[] {
  return parseAuthenticateHeader(response.headers.getAll('WWW-Authenticate')).filter(
    (challenge) => challenge.type === 'digest',
  );
}

interface Announcement {
  readonly fixture: RtspFixture;
  readonly client: RtspClient;
  readonly authorization?: string;
}

function announce({ fixture, client, authorization }: Announcement): Promise<RtspResponse> {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return client.request('ANNOUNCE', fixture.url('cam'), { headers, body: GENERIC_SDP });
}

function answerOf(
  challenge: DigestChallenge,
  fixture: RtspFixture,
  changes: { readonly password?: string; readonly method?: string; readonly uri?: string } = {},
): string {
  return formatDigestAuthorization({
    ...{ challenge, user: USER, password: PASSWORD, method: 'ANNOUNCE', uri: fixture.url('cam') },
    ...changes,
  });
}

describe('RtspServer authentication', () => {
  it('challenges with the methods that are enabled, MD5 last', async () => {
    for (const [methods, expected] of [
      ['basic', ['Basic']],
      ['digest', ['Digest SHA-256', 'Digest MD5']],
      ['basic, digest', ['Basic', 'Digest SHA-256', 'Digest MD5']],
    ] as const) {
      await using fixture = await start(methods);
      await using client = await fixture.connect();
      const response = await announce({ fixture, client });
      assert.equal(response.statusCode, 401);
      const challenges = response.headers.getAll('WWW-Authenticate').map((value) => {
        assert.match(value, /realm="ipcam"/u);
        const algorithm = /algorithm=(\S+)/u.exec(value)?.[1];
        const scheme = value.split(' ', 1)[0] ?? '';
        return algorithm === undefined ? scheme : `${scheme} ${algorithm}`;
      });
      assert.deepEqual(challenges, expected);
      assert.equal(client.isClosed, false);
    }
  });

  it('takes Basic and asks only once for the same right', async () => {
    await using fixture = await start('basic');
    await using client = await fixture.connect();
    const authorization = formatBasicAuthorization(USER, PASSWORD);
    assert.equal((await announce({ fixture, client, authorization })).statusCode, 200);
    assert.equal(fixture.sessions.list()[0]?.user, USER);
    const [request] = fixture.requests;
    assert.equal(request?.action, 'publish');
    assert.equal(request.path, 'cam');
    assert.equal(request.ip, '127.0.0.1');
    await client.request('TEARDOWN', fixture.url('cam'));
    client.session = undefined;
    assert.equal((await announce({ fixture, client })).statusCode, 200);
    assert.equal(fixture.requests.length, 1);
  });

  it('takes a bearer token', async () => {
    await using fixture = await start('basic');
    await using client = await fixture.connect();
    const response = await announce({ fixture, client, authorization: `Bearer ${PASSWORD}` });
    assert.equal(response.statusCode, 200);
  });

  it('takes Digest with either algorithm', async () => {
    await using fixture = await start('digest');
    for (const index of [0, 1]) {
      await using client = await fixture.connect();
      const challenge = digestsOf(await announce({ fixture, client }))[index];
      assert.ok(challenge);
      const authorization = answerOf(challenge, fixture);
      assert.equal((await announce({ fixture, client, authorization })).statusCode, 200);
    }
  });

  it('takes a digest made for the stream where a track of it is asked for', async () => {
    await using fixture = await start('digest');
    await using client = await fixture.connect();
    const url = `${fixture.url('cam')}/trackID=0`;
    const headers = { Transport: 'RTP/AVP/TCP;interleaved=0-1' };
    const first = await client.request('SETUP', url, { headers });
    const [challenge] = digestsOf(first);
    assert.ok(challenge);
    const Authorization = answerOf(challenge, fixture, {
      method: 'SETUP',
      uri: `${fixture.url('cam')}/`,
    });
    const second = await client.request('SETUP', url, { headers: { ...headers, Authorization } });
    assert.equal(second.statusCode, 404);
  });

  const WRONG: readonly [string, Parameters<typeof answerOf>[2]][] = [
    ['a wrong password', { password: 'wrong' }],
    ['another method', { method: 'DESCRIBE' }],
    ['another path', { uri: 'rtsp://127.0.0.1/other' }],
  ];
  for (const [what, changes] of WRONG) {
    it(`refuses a digest with ${what} and closes`, async () => {
      await using fixture = await start('digest');
      await using client = await fixture.connect();
      const [challenge] = digestsOf(await announce({ fixture, client }));
      assert.ok(challenge);
      const authorization = answerOf(challenge, fixture, changes);
      assert.equal((await announce({ fixture, client, authorization })).statusCode, 401);
      await client.waitForClose();
    });
  }

  it('refuses a wrong password with Basic and closes', async () => {
    await using fixture = await start('basic');
    await using client = await fixture.connect();
    const authorization = formatBasicAuthorization(USER, 'wrong');
    assert.equal((await announce({ fixture, client, authorization })).statusCode, 401);
    await client.waitForClose();
  });

  it('tells that a nonce is stale and takes the answer to a new one', async () => {
    const clock = new FakeClock();
    await using fixture = await start('digest', clock);
    await using client = await fixture.connect();
    const [old] = digestsOf(await announce({ fixture, client }));
    assert.ok(old);
    for (let minute = 0; minute < 6; minute++) {
      clock.advance(55_000);
      await client.request('OPTIONS', '*');
    }
    const response = await announce({ fixture, client, authorization: answerOf(old, fixture) });
    assert.equal(response.statusCode, 401);
    const [fresh] = digestsOf(response);
    assert.ok(fresh);
    assert.equal(fresh.stale, true);
    assert.notEqual(fresh.nonce, old.nonce);
    const authorization = answerOf(fresh, fixture);
    assert.equal((await announce({ fixture, client, authorization })).statusCode, 200);
  });

  it('does not take the nonce of another connection', async () => {
    await using fixture = await start('digest');
    await using first = await fixture.connect();
    const [challenge] = digestsOf(await announce({ fixture, client: first }));
    assert.ok(challenge);
    await using second = await fixture.connect();
    const authorization = answerOf(challenge, fixture);
    const response = await announce({ fixture, client: second, authorization });
    assert.equal(response.statusCode, 401);
    assert.equal(digestsOf(response)[0]?.stale, true);
  });

  const UNTAKEN: readonly [string, string, string][] = [
    ['basic', 'Digest', 'Digest username="a", realm="ipcam", nonce="n", uri="u", response="0"'],
    ['digest', 'Basic', formatBasicAuthorization(USER, PASSWORD)],
    ['basic', 'Negotiate', 'Negotiate abc'],
  ];
  for (const [methods, scheme, authorization] of UNTAKEN) {
    it(`challenges a client that shows ${scheme} where ${methods} is enabled`, async () => {
      await using fixture = await start(methods);
      await using client = await fixture.connect();
      const response = await announce({ fixture, client, authorization });
      assert.ok([400, 401].includes(response.statusCode));
      assert.equal(fixture.sessions.count, 0);
      assert.equal(client.isClosed, false);
    });
  }

  it('closes after eight challenges that were not answered', async () => {
    await using fixture = await start('basic');
    await using client = await fixture.connect();
    for (let turn = 0; turn < 8; turn++) {
      assert.equal((await announce({ fixture, client })).statusCode, 401);
    }
    await client.waitForClose();
  });

  it('answers 403 to who may not', async () => {
    await using fixture = await RtspFixture.start({
      authorize: () =>
        Promise.reject(new MediaError('permission-denied', 'permission-denied', 'not allowed')),
    });
    await using client = await fixture.connect();
    assert.equal((await announce({ fixture, client })).statusCode, 403);
  });
});
