// Who gets through the gate, by which carrier, with which text, and how guessing is limited.
import assert from 'node:assert/strict';
import { InternalAuthorizer } from '../../../core/auth/internal-authorizer.ts';
import type { InternalUser } from '../../../core/auth/internal-user.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { toMediaError } from '../../../core/base/media-error.ts';
import { errorReply } from '../../../core/http/error-reply.ts';
import type { AccessGate } from '../../../core/http/route.ts';
import { AppTokens, type VideoGrants } from '../../../pro/token/app-tokens.ts';
import { newToken } from '../../../pro/token/named-token.ts';
import type { NamedTokenVerdict } from '../../../pro/token/named-tokens.ts';
import { TokenGate, type Admission, type TokenQuestion } from '../../../pro/token/token-gate.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const api = [{ action: 'api', path: '' }] as const;
const users: readonly InternalUser[] = [
  { user: 'any', pass: '', ips: ['127.0.0.1'], permissions: api },
  { user: 'admin', pass: 'p4ssword', ips: [], permissions: api },
  { user: 'viewer', pass: 'p4ssword', ips: [], permissions: [{ action: 'read', path: '' }] },
];
const known = newToken();

class Rig {
  readonly clock = new FakeClock();
  readonly tokens = new AppTokens(
    { clock: this.clock },
    { appId: 'app', appSecret: 's'.repeat(32) },
  );
  verdict: NamedTokenVerdict = { type: 'valid', name: 'ci' };
  readonly gate: TokenGate;

  constructor({ isOn = true, hasGrants = false } = {}) {
    const { clock } = this;
    const authorizer = (list: readonly InternalUser[]): InternalAuthorizer =>
      new InternalAuthorizer(list, { clock, logger: silentLogger }, { maxDelayMs: 0 });
    this.gate = new TokenGate(
      {
        clock,
        appTokens: isOn ? this.tokens : undefined,
        namedTokens: {
          verify: (token) =>
            Promise.resolve(token === known ? this.verdict : { type: 'invalid', text: 'unknown' }),
        },
        users: authorizer(users),
        namedUsers: authorizer(users.filter(({ user }) => user !== 'any')),
      },
      { hasGrants },
    );
  }

  admit(question: Partial<TokenQuestion> & { header?: string } = {}): Promise<Admission> {
    const { header, ...rest } = question;
    return this.gate.access({
      action: 'api',
      path: '',
      headers: { authorization: header },
      ip: '192.0.2.1',
      requestId: 'r',
      query: '',
      signal: new AbortController().signal,
      method: 'GET',
      urlPath: '/api/v2/info',
      ...rest,
    });
  }

  /** The user, or the refusal as `status text`. */
  async ask(question: Partial<TokenQuestion> & { header?: string } = {}): Promise<string> {
    try {
      return (await this.admit(question)).user;
    } catch (failure) {
      const error = toMediaError(failure);
      const { status, headers } = errorReply(error, { requestId: 'r', path: '' });
      return `${status} ${error.message}|${headers['WWW-Authenticate'] ?? ''}`;
    }
  }
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const denied = '401 permissions denied|Bearer realm="mediamtx-pro"';

describe('TokenGate with tokens on', () => {
  it('fits the listener', () => {
    const gate: AccessGate = new Rig().gate.access;
    assert.equal(typeof gate, 'function');
  });

  it('takes an application token from the header or the query, and says whose it is', async () => {
    const rig = new Rig();
    const token = rig.tokens.create();
    assert.equal(await rig.ask({ header: `Bearer ${token}` }), 'app');
    assert.equal(await rig.ask({ header: `bearer  ${token}` }), 'app');
    assert.equal(await rig.ask({ query: `a=1&access_token=${token}` }), 'app');
    const named = rig.tokens.create({ identity: 'alice\n<x>' });
    assert.equal(await rig.ask({ query: `access_token=${named}` }), 'app:alice??x?');
  });

  it('takes a named token', async () => {
    const rig = new Rig();
    assert.equal(await rig.ask({ header: `Bearer ${known}` }), 'token:ci');
    rig.verdict = { type: 'forbidden', text: "token 'ci' may not GET /x" };
    assert.equal(
      await rig.ask({ query: `access_token=${known}` }),
      "403 token 'ci' may not GET /x|",
    );
  });

  it('tells until when an application token counts, leeway included', async () => {
    const rig = new Rig();
    const header = `Bearer ${rig.tokens.create({ ttlSeconds: 600 })}`;
    const { expiresAt } = await rig.admit({ header });
    assert.equal(expiresAt, rig.clock.nowMs() + 660_000);
    rig.clock.advance(659_999);
    assert.equal(await rig.ask({ header }), 'app');
    rig.clock.advance(1);
    assert.match(await rig.ask({ header }), /^401 .*jwt expired/u);
  });

  it('can ask again whether a named token counts, for connections that stay', async () => {
    const rig = new Rig();
    const { recheck = assert.fail } = await rig.admit({ header: `Bearer ${known}` });
    await recheck();
    rig.verdict = { type: 'invalid', text: 'token is revoked' };
    await assert.rejects(recheck(), { kind: 'unauthenticated', message: 'token is revoked' });
    rig.verdict = { type: 'forbidden', text: 'not here' };
    await assert.rejects(recheck(), { kind: 'permission-denied' });
    for (let times = 0; times < 9; times++) await recheck().catch(() => undefined);
    assert.equal(await rig.ask({ header: `Bearer ${rig.tokens.create()}` }), 'app');
  });

  it('lets the header win over the query', async () => {
    const rig = new Rig();
    const query = `access_token=${rig.tokens.create()}`;
    assert.match(
      await rig.ask({ header: 'Bearer x.y.z', query }),
      /^401 invalid authorization token/u,
    );
    assert.equal(
      await rig.ask({ header: 'Token abc', query }),
      '401 invalid authorization header. Must start with Bearer |Bearer realm="mediamtx-pro", error="invalid_token"',
    );
  });

  it('asks for a token when there is none, also of this machine', async () => {
    const rig = new Rig();
    assert.equal(await rig.ask(), denied);
    assert.equal(await rig.ask({ ip: '127.0.0.1' }), denied);
    assert.equal(await rig.ask({ header: 'Bearer ' }), denied);
    assert.equal(await rig.ask({ query: 'access_token=' }), denied);
  });

  it('accepts users of the core that have a name and the action', async () => {
    const rig = new Rig();
    for (const ip of ['192.0.2.1', '127.0.0.1']) {
      assert.equal(await rig.ask({ ip, header: basic('admin:p4ssword') }), 'admin');
      assert.equal(await rig.ask({ ip, header: 'Bearer admin:p4ssword' }), 'admin');
      assert.match(await rig.ask({ ip, header: basic('viewer:p4ssword') }), /^403 /u);
    }
  });

  it('lets no wrong password in, not even where `any` may', async () => {
    const rig = new Rig();
    const header = basic('nobody:wrong');
    assert.match(await rig.ask({ ip: '127.0.0.1', header }), /^401 /u);
  });

  it('never repeats a token', async () => {
    const rig = new Rig();
    const token = new AppTokens(
      { clock: rig.clock },
      { appId: 'app', appSecret: 'x'.repeat(32) },
    ).create();
    const text = await rig.ask({ header: `Bearer ${token}` });
    assert.match(text, /^401 invalid token: \*\*\*, error: invalid signature/u);
    assert.equal(text.includes(token.slice(0, 12)), false);
  });

  it('limits wrong guesses of one network, and no other', async () => {
    const rig = new Rig();
    const guess = (index: number): string =>
      new AppTokens({ clock: rig.clock }, { appId: 'app', appSecret: `guess ${index}` }).create();
    for (let index = 0; index < 5; index++) {
      assert.match(await rig.ask({ header: `Bearer ${guess(index)}` }), /^401 /u);
    }
    const right = rig.tokens.create();
    assert.match(await rig.ask({ header: `Bearer ${guess(5)}` }), /^429 /u);
    assert.match(await rig.ask({ header: `Bearer ${right}` }), /^429 /u);
    assert.equal(await rig.ask({ ip: '192.0.2.2', header: `Bearer ${right}` }), 'app');
    rig.clock.advance(12_000);
    assert.equal(await rig.ask({ header: `Bearer ${right}` }), 'app');
  });

  it('does not lock out who was right before', async () => {
    const rig = new Rig();
    const right = rig.tokens.create();
    await rig.ask({ header: `Bearer ${right}` });
    for (let index = 0; index < 9; index++) await rig.ask({ header: `Bearer a.b.${index}` });
    assert.match(await rig.ask({ header: 'Bearer a.b.x' }), /^429 /u);
    assert.equal(await rig.ask({ header: `Bearer ${right}` }), 'app');
    // Until it ends.
    rig.clock.advance(7 * 3_600_000);
    assert.match(await rig.ask({ header: `Bearer ${right}` }), /^401 .*jwt expired/u);
  });

  it('counts the same stale token of one client apart', async () => {
    const rig = new Rig();
    for (let index = 0; index < 9; index++) await rig.ask({ header: 'Bearer a.b.c' });
    assert.equal(await rig.ask({ header: `Bearer ${rig.tokens.create()}` }), 'app');
  });

  it('ignores grants unless they are to count', async () => {
    const rig = new Rig();
    const header = `Bearer ${rig.tokens.create({ video: { roomJoin: false } })}`;
    assert.equal(await rig.ask({ header, method: 'POST', urlPath: '/api/v2/file/del' }), 'app');
  });
});

describe('TokenGate with tokens off', () => {
  it('asks the users of the core and ignores tokens in the query', async () => {
    const rig = new Rig({ isOn: false });
    assert.equal(await rig.ask({ ip: '127.0.0.1', query: 'access_token=x' }), '');
    assert.equal(await rig.ask({ header: basic('admin:p4ssword') }), 'admin');
    assert.equal(await rig.ask(), '401 authentication error|Basic realm="mediamtx"');
  });
});

describe('TokenGate with grants', () => {
  const rig = new Rig({ hasGrants: true });
  const ask = (video: VideoGrants | undefined, question: Partial<TokenQuestion>): Promise<string> =>
    rig.ask({
      header: `Bearer ${rig.tokens.create(video === undefined ? {} : { video })}`,
      ...question,
    });
  const record = { method: 'POST', urlPath: '/api/v2/record/start' };
  const picture = { urlPath: '/api/v2/snapshot' };
  const remove = { method: 'POST', urlPath: '/api/v2/file/del' };
  const publish = { action: 'publish', path: 'cam', method: 'POST', urlPath: '/cam/whip' } as const;
  const watch = { action: 'read', path: 'cam', method: 'POST', urlPath: '/cam/whep' } as const;
  const join = { roomJoin: true, room: 'cam' };
  const cases: readonly (readonly [
    string,
    VideoGrants | undefined,
    Partial<TokenQuestion>,
    RegExp,
  ])[] = [
    ['reading without grants', undefined, {}, /^app$/u],
    ['recording with roomRecord', { roomRecord: true }, record, /^app$/u],
    ['recording with roomAdmin', { roomAdmin: true }, record, /^app$/u],
    ['recording without', undefined, record, /^403 token does not grant roomRecord/u],
    [
      'deleting with roomRecord',
      { roomRecord: true },
      remove,
      /^403 token does not grant roomAdmin/u,
    ],
    ['deleting with roomAdmin', { roomAdmin: true }, remove, /^app$/u],
    [
      'a page of a device without grants',
      undefined,
      { urlPath: '/api/v2/proxy/device/reboot' },
      /^403 token does not grant roomAdmin/u,
    ],
    [
      'a page of a device with roomAdmin',
      { roomAdmin: true },
      { urlPath: '/api/v2/proxy/device/reboot' },
      /^app$/u,
    ],
    [
      'a picture that is shown',
      undefined,
      { ...picture, query: 'name=a&fileType=stream' },
      /^app$/u,
    ],
    [
      'a picture that is kept',
      undefined,
      { ...picture, query: 'name=a&fileType=&fileType=url' },
      /^403 token does not grant roomRecord/u,
    ],
    [
      'a picture of a stream that is kept',
      undefined,
      { urlPath: '/api/v2/publish/snapshot', query: 'fileType=file' },
      /^403 /u,
    ],
    [
      'a picture that is kept with roomRecord',
      { roomRecord: true },
      { ...picture, query: 'fileType=url' },
      /^app$/u,
    ],
    ['publishing into the room', join, publish, /^app$/u],
    ['publishing when it is taken away', { ...join, canPublish: false }, publish, /^403 /u],
    ['publishing into another room', { ...join, room: 'x' }, publish, /^403 .*'cam'/u],
    ['watching in the room', { ...join, canPublish: false }, watch, /^app$/u],
    ['watching when it is taken away', { ...join, canSubscribe: false }, watch, /^403 /u],
    ['watching without roomJoin', { room: 'cam' }, watch, /^403 /u],
  ];
  for (const [what, grants, question, outcome] of cases) {
    it(`judges ${what}`, async () => assert.match(await ask(grants, question), outcome));
  }
});
