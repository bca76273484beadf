// Tests of authMethod jwt: where the token may stand, what it allows, how long.
import assert from 'node:assert/strict';
import type { AccessRequest, Credentials } from '../../../core/auth/access-request.ts';
import { JwtAuthorizer, type JwtAuthorizerOptions } from '../../../core/auth/jwt-authorizer.ts';
import type { JwtVerdict } from '../../../core/auth/jwt-verifier.ts';
import { LoginGuard } from '../../../core/auth/login-guard.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const none: Credentials = { type: 'none' };
const GOOD = 'good';

function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    ...{ action: 'read', path: 'cam/1', credentials: { type: 'bearer', token: GOOD } },
    ...{ ip: '10.0.0.5', protocol: 'webrtc', id: 'test', query: '', userAgent: '' },
    ...changes,
  };
}

class Rig {
  readonly logger = new RecordingLogger();
  readonly tokens: string[] = [];
  claims: Readonly<Record<string, unknown>> = { mediamtx_permissions: [{ action: 'read' }] };
  verify: (token: string) => JwtVerdict | Promise<JwtVerdict> = (token) =>
    token === GOOD
      ? { type: 'valid', claims: this.claims, subject: 'ann', expiresAt: 1234 }
      : { type: 'invalid', reason: 'its signature is wrong' };
  readonly authorizer: JwtAuthorizer;

  constructor(options: Partial<JwtAuthorizerOptions> = {}) {
    const { logger } = this;
    const guard = new LoginGuard({ clock: new FakeClock(), logger }, { maxDelayMs: 0 });
    const verifier = {
      verify: (token: string) => {
        this.tokens.push(token);
        return Promise.resolve(this.verify(token));
      },
    };
    this.authorizer = new JwtAuthorizer(
      { logger, guard, verifier },
      { claimKey: 'mediamtx_permissions', exclude: [], isInHttpQuery: false, ...options },
    );
  }

  /** 'granted' or the code of the refusal. */
  async ask(changes: Partial<AccessRequest> = {}): Promise<string> {
    try {
      await this.authorizer.authorize(request(changes));
      return 'granted';
    } catch (thrown) {
      return thrown instanceof MediaError ? thrown.code : String(thrown);
    }
  }
}

describe('JwtAuthorizer', () => {
  it('tells who it is and until when', async () => {
    const principal = await new Rig().authorizer.authorize(request());
    assert.deepEqual(principal, { user: 'ann', expiresAt: 1234 });
  });

  it('takes the token of Bearer, then of the password, then of the query of RTSP', async () => {
    const rig = new Rig();
    const password: Credentials = { type: 'password', user: 'x', password: GOOD };
    const empty: Credentials = { type: 'password', user: 'x', password: '' };
    const rtsp = { protocol: 'rtsp', credentials: none } as const;
    assert.equal(await rig.ask({ credentials: password, query: 'jwt=bad' }), 'granted');
    assert.equal(await rig.ask({ ...rtsp, query: 'a=b&jwt=good' }), 'granted');
    assert.equal(await rig.ask({ ...rtsp, query: 'token=good' }), 'granted');
    assert.equal(await rig.ask({ ...rtsp, credentials: empty, query: 'jwt=good' }), 'granted');
    assert.deepEqual(new Set(rig.tokens), new Set([GOOD]));
    for (const query of ['jwt=good&jwt=good', 'jwt=', 'JWT=good', '']) {
      assert.equal(await rig.ask({ ...rtsp, query }), 'authentication-required', query);
    }
  });

  it('takes the token of an HTTP query only when that is switched on', async () => {
    for (const protocol of ['webrtc', 'http'] as const) {
      const asked: Partial<AccessRequest> = { protocol, credentials: none, query: 'jwt=good' };
      assert.equal(await new Rig().ask(asked), 'authentication-required');
      assert.equal(await new Rig({ isInHttpQuery: true }).ask(asked), 'granted');
    }
  });

  it('asks for a token where none is, and challenges nobody who showed something else', async () => {
    const rig = new Rig();
    assert.equal(await rig.ask({ credentials: none }), 'authentication-required');
    const digest: Credentials = { type: 'digest', user: 'ann', matches: () => true };
    assert.equal(await rig.ask({ credentials: digest }), 'authentication-failed');
    assert.deepEqual(rig.tokens, []);
  });

  it('needs no token for what is excluded', async () => {
    const rig = new Rig({ exclude: [{ action: 'api', path: '' }] });
    assert.equal(await rig.ask({ action: 'api', path: '', credentials: none }), 'granted');
    assert.equal(await rig.ask({ credentials: none }), 'authentication-required');
  });

  const cases: readonly (readonly [claim: unknown, path: string, isAllowed: boolean])[] = [
    [[{ action: 'read' }], 'any', true],
    [[{ action: 'read', path: '' }], 'any', true],
    [[{ action: 'read', path: 'cam/1' }], 'cam/1', true],
    [[{ action: 'read', path: 'cam/1' }], 'cam/12', false],
    [[{ action: 'read', path: '~^cam/[0-9]$' }], 'cam/1', true],
    [[{ action: 'read', path: '~^cam/[0-9]$' }], 'cam/12', false],
    [[{ action: 'publish' }], 'any', false],
    [[{ action: 'publish' }, { action: 'read', path: 'x' }], 'x', true],
    [JSON.stringify([{ action: 'read', path: 'x' }]), 'x', true],
    ['not json', 'x', false],
    [[{ action: 'read', path: '~(' }], 'x', false],
    [
      [
        { action: 'read', path: '~(' },
        { action: 'read', path: 'x' },
      ],
      'x',
      true,
    ],
    [[{ action: 'everything' }, 5, null, { path: 'x' }], 'x', false],
    [[{ action: 'read', path: 5 }], '5', false],
    [{ action: 'read' }, 'x', false],
    [[], 'x', false],
    [Array(1001).fill({ action: 'read' }), 'x', false],
    [undefined, 'x', false],
    [null, 'x', false],
  ];
  for (const [claim, path, isAllowed] of cases) {
    const shown = claim === undefined ? 'no claim' : JSON.stringify(claim).slice(0, 70);
    it(`${isAllowed ? 'allows' : 'denies'} '${path}' by ${shown}`, async () => {
      const rig = new Rig();
      rig.claims = { mediamtx_permissions: claim };
      assert.equal(await rig.ask({ path }), isAllowed ? 'granted' : 'permission-denied');
    });
  }

  it('finds the claim by its name, dots included, else inside of others', async () => {
    const list = [{ action: 'read' }];
    const found = async (claimKey: string, claims: Record<string, unknown>): Promise<string> => {
      const rig = new Rig({ claimKey });
      rig.claims = claims;
      return await rig.ask();
    };
    assert.equal(await found('https://x.y/perms', { 'https://x.y/perms': list }), 'granted');
    assert.equal(await found('realm.media', { realm: { media: list } }), 'granted');
    assert.equal(await found('realm.media', { realm: [list] }), 'permission-denied');
    assert.equal(await found('__proto__.x', {}), 'permission-denied');
    assert.equal(await found('constructor', {}), 'permission-denied');
  });

  it('refuses a token outside its time at once, as often as it comes', async () => {
    const rig = new Rig();
    rig.verify = () => ({ type: 'expired' });
    for (let turn = 0; turn < 50; turn++) assert.equal(await rig.ask(), 'token-expired');
    rig.verify = () => ({ type: 'early' });
    assert.equal(await rig.ask(), 'token-expired');
    assert.deepEqual(rig.logger.lines, []);
  });

  it('stops looking at the tokens of a network that shows forged ones', async () => {
    const rig = new Rig();
    for (let turn = 0; turn < 5; turn++) {
      const credentials = { type: 'bearer', token: `bad ${turn}` } as const;
      assert.equal(await rig.ask({ credentials }), 'authentication-failed');
    }
    assert.equal(await rig.ask(), 'too-many-failed-logins');
    assert.equal(await rig.ask({ ip: '10.0.0.6' }), 'granted');
  });

  it('passes on that keys are missing, and counts no guess', async () => {
    const rig = new Rig();
    const missing = new MediaError('unavailable', 'auth-unavailable', 'no keys');
    rig.verify = () => Promise.reject(missing);
    for (let turn = 0; turn < 20; turn++) assert.equal(await rig.ask(), 'auth-unavailable');
  });

  it('logs no token', async () => {
    const rig = new Rig();
    await rig.ask({ credentials: { type: 'bearer', token: 'canary' } });
    assert.ok(rig.logger.lines.length >= 2);
    assert.doesNotMatch(JSON.stringify(rig.logger.lines), /canary/u);
  });
});
