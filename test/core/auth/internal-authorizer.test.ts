// The internal method of authentication: who is let in, who waits, who is refused.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mock } from 'node:test';
import type { AccessRequest, Credentials } from '../../../core/auth/access-request.ts';
import { InternalAuthorizer } from '../../../core/auth/internal-authorizer.ts';
import type { InternalUser } from '../../../core/auth/internal-user.ts';
import type { LoginGuardOptions } from '../../../core/auth/login-guard.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const everywhere = { ips: [], permissions: [{ action: 'read', path: '' }] } as const;
const alice: InternalUser = { user: 'alice', pass: 'wonder', ...everywhere };
const none: Credentials = { type: 'none' };

function password(user: string, secret: string): Credentials {
  return { type: 'password', user, password: secret };
}

function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    action: 'read',
    path: 'cam1',
    credentials: none,
    ip: '10.0.0.5',
    protocol: 'rtsp',
    id: 'test',
    query: '',
    userAgent: '',
    ...changes,
  };
}

function setUp(
  users: readonly InternalUser[],
  options: LoginGuardOptions = { maxDelayMs: 0 },
): { authorizer: InternalAuthorizer; clock: FakeClock; logger: RecordingLogger } {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  return { authorizer: new InternalAuthorizer(users, { clock, logger }, options), clock, logger };
}

/** 'granted' or the code of the refusal. */
async function answer(
  authorizer: InternalAuthorizer,
  changes: Partial<AccessRequest>,
): Promise<string> {
  try {
    await authorizer.authorize(request(changes));
    return 'granted';
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
}

const sha256 = (text: string): string =>
  `sha256:${crypto.createHash('sha256').update(text).digest('base64')}`;

function argon2(text: string): string {
  const nonce = Buffer.from('saltsaltsaltsalt');
  const cost = { parallelism: 1, tagLength: 32, memory: 64, passes: 1 };
  const hash = crypto.argon2Sync('argon2id', { message: text, nonce, ...cost });
  const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/u, '');
  return `argon2:$argon2id$v=19$m=64,t=1,p=1$${encode(nonce)}$${encode(hash)}`;
}

describe('InternalAuthorizer', () => {
  for (const [form, store] of [
    ['plain', (text: string) => text],
    ['sha256', sha256],
    ['argon2', argon2],
  ] as const) {
    it(`checks user and password stored as ${form}`, async () => {
      const user = { ...everywhere, user: store('alice'), pass: store('wonder') };
      const { authorizer } = setUp([user]);
      const principal = await authorizer.authorize(
        request({ credentials: password('alice', 'wonder') }),
      );
      assert.deepEqual(principal, { user: 'alice' });
      for (const [name, secret] of [
        ['alice', 'Wonder'],
        ['alice', ''],
        ['Alice', 'wonder'],
        ['alice', store('wonder') + '!'],
      ] as const) {
        const credentials = password(name, secret);
        assert.equal(await answer(authorizer, { credentials }), 'authentication-failed');
      }
    });
  }

  it('checks the argon2i hash made by the reference implementation', async () => {
    // echo -n password | argon2 somesalt -i -t 2 -k 256 -p 1 -e
    const pass =
      'argon2:$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8';
    const { authorizer } = setUp([{ ...alice, pass }]);
    const credentials = password('alice', 'password');
    assert.equal(await answer(authorizer, { credentials }), 'granted');
  });

  it('accepts any password when none is stored, but wants the name', async () => {
    const { authorizer } = setUp([{ ...alice, pass: '' }]);
    assert.equal(await answer(authorizer, { credentials: password('alice', 'x') }), 'granted');
    const bob = password('bob', 'x');
    assert.equal(await answer(authorizer, { credentials: bob }), 'authentication-failed');
    assert.equal(await answer(authorizer, {}), 'authentication-required');
  });

  describe('with an `any` entry', () => {
    const anybody: InternalUser = {
      user: 'any',
      pass: '',
      ips: ['192.168.0.0/16', '::1'],
      permissions: [
        { action: 'read', path: '' },
        { action: 'publish', path: 'open' },
        { action: 'playback', path: '~^rec/[0-9]+$' },
        { action: 'api', path: 'ignored' },
      ],
    };
    const shown: readonly Credentials[] = [
      none,
      password('bob', 'wrong'),
      { type: 'bearer', token: 'x' },
      { type: 'digest', user: 'bob', matches: () => false },
    ];
    for (const [action, path, ip, isGranted] of [
      ['read', 'cam/any', '192.168.3.4', true],
      ['read', 'cam/any', '::ffff:192.168.3.4', true],
      ['read', 'cam/any', '::1', true],
      ['read', 'cam/any', '10.0.0.1', false],
      ['read', 'cam/any', '', false],
      ['publish', 'open', '::1', true],
      ['publish', 'open2', '::1', false],
      ['publish', '', '::1', false],
      ['playback', 'rec/12', '::1', true],
      ['playback', 'rec/12/x', '::1', false],
      ['api', '', '::1', true],
      ['metrics', '', '::1', false],
    ] as const) {
      it(`${isGranted ? 'lets in' : 'refuses'} ${action} on '${path}' from '${ip}'`, async () => {
        for (const credentials of shown) {
          const { authorizer } = setUp([anybody]);
          const refused: string =
            credentials === none ? 'authentication-required' : 'authentication-failed';
          assert.equal(
            await answer(authorizer, { action, path, ip, credentials }),
            isGranted ? 'granted' : refused,
          );
        }
      });
    }
  });

  it('takes a regular expression as unanchored', async () => {
    const permissions = [{ action: 'read', path: '~yard' }] as const;
    const { authorizer } = setUp([{ user: 'any', pass: '', ips: [], permissions }]);
    assert.equal(await answer(authorizer, { path: 'back/yard2' }), 'granted');
    assert.equal(await answer(authorizer, { path: 'front' }), 'authentication-required');
  });

  it('adds up entries with one name', async () => {
    const { authorizer } = setUp([
      { ...alice, permissions: [{ action: 'read', path: 'one' }] },
      { ...alice, pass: 'other', permissions: [{ action: 'read', path: 'two' }] },
      { ...alice, permissions: [{ action: 'read', path: 'three' }] },
    ]);
    const credentials = password('alice', 'wonder');
    assert.equal(await answer(authorizer, { path: 'one', credentials }), 'granted');
    assert.equal(await answer(authorizer, { path: 'three', credentials }), 'granted');
    assert.equal(await answer(authorizer, { path: 'two', credentials }), 'permission-denied');
    const other = password('alice', 'other');
    assert.equal(await answer(authorizer, { path: 'two', credentials: other }), 'granted');
  });

  it('tells right credentials without the permission from wrong ones', async () => {
    const { authorizer } = setUp([alice]);
    const right = password('alice', 'wonder');
    const wrong = password('alice', 'wrong');
    const publish = { action: 'publish' } as const;
    const denied = await answer(authorizer, { ...publish, credentials: right });
    assert.equal(denied, 'permission-denied');
    const failed = await answer(authorizer, { ...publish, credentials: wrong });
    assert.equal(failed, 'authentication-failed');
  });

  it('does not confirm right credentials from an address where they do not count', async () => {
    const { authorizer } = setUp([{ ...alice, ips: ['127.0.0.1'] }]);
    const credentials = password('alice', 'wonder');
    assert.equal(await answer(authorizer, { credentials }), 'authentication-failed');
  });

  it('says whether credentials were shown, in the text that clients know', async () => {
    const { authorizer } = setUp([alice]);
    for (const credentials of [none, password('alice', 'no')]) {
      await assert.rejects(authorizer.authorize(request({ credentials })), {
        kind: 'unauthenticated',
        message: 'authentication error',
        context: {
          hadCredentials: credentials !== none,
          action: 'read',
          path: 'cam1',
          ip: '10.0.0.5',
        },
      });
    }
  });

  it('compares names and passwords in constant time, whatever their lengths', async () => {
    const spy = mock.method(crypto, 'timingSafeEqual');
    try {
      const { authorizer } = setUp([alice]);
      for (const secret of ['wonder', 'wonde', 'x'.repeat(5000)]) {
        spy.mock.resetCalls();
        await answer(authorizer, { credentials: password('alice', secret) });
        // Name and password for a grant; again for neither permission nor password otherwise.
        assert.equal(spy.mock.callCount(), 2, secret.slice(0, 10));
        assert(spy.mock.calls.every((call) => call.arguments[0].byteLength === 32));
      }
    } finally {
      spy.mock.restore();
    }
  });

  describe('with digest credentials', () => {
    const digest: Credentials = {
      type: 'digest',
      user: 'alice',
      matches: (candidate) => candidate === 'wonder',
    };

    it('checks them against a plain password, also under a hashed name', async () => {
      for (const user of ['alice', sha256('alice')]) {
        const { authorizer } = setUp([{ ...alice, user }]);
        assert.equal(await answer(authorizer, { credentials: digest }), 'granted');
        const wrong: Credentials = { ...digest, matches: () => false };
        assert.equal(await answer(authorizer, { credentials: wrong }), 'authentication-failed');
      }
    });

    it('refuses them for a hashed password and warns once', async () => {
      const { authorizer, logger } = setUp([{ ...alice, pass: sha256('wonder') }]);
      for (let attempt = 0; attempt < 3; attempt++) {
        const credentials: Credentials = { ...digest, matches: () => true };
        assert.equal(await answer(authorizer, { credentials }), 'authentication-failed');
      }
      const warnings = logger.lines.filter((line) => /authInternalUsers\[0\]/u.test(line.message));
      assert.equal(warnings.length, 1);
    });

    it('counts every one as a new guess, since each response differs', async () => {
      const { authorizer } = setUp([alice]);
      const credentials: Credentials = { ...digest, matches: () => false };
      for (let attempt = 0; attempt < 5; attempt++) await answer(authorizer, { credentials });
      assert.equal(await answer(authorizer, { credentials: digest }), 'too-many-failed-logins');
    });
  });

  describe('pause', () => {
    const options = { maxDelayMs: 4000 };

    it('comes before wrong credentials are refused, at most 4 s, without holding up others', async () => {
      const { authorizer, clock } = setUp([alice], options);
      let refused = 0;
      const attempts = Array.from({ length: 4 }, async (_, index) => {
        const credentials = password('alice', `wrong${index}`);
        assert.equal(await answer(authorizer, { credentials }), 'authentication-failed');
        refused++;
      });
      await settle();
      assert(clock.pendingTimers >= 3, 'a pause of 0 ms is rare');
      const credentials = password('alice', 'wonder');
      assert.equal(await answer(authorizer, { credentials }), 'granted');
      assert.equal(await answer(authorizer, {}), 'authentication-required');
      clock.advance(4000);
      await Promise.all(attempts);
      assert.equal(refused, 4);
      assert.equal(clock.pendingTimers, 0);
    });

    it('ends at once when the client leaves', async () => {
      const { authorizer, clock } = setUp([alice], { maxDelayMs: 2 ** 31 });
      const abort = new AbortController();
      const credentials = password('alice', 'wrong');
      const pending = authorizer.authorize(request({ credentials }), abort.signal);
      await settle();
      abort.abort();
      await assert.rejects(pending, { kind: 'canceled', code: 'auth-canceled' });
      assert.equal(clock.pendingTimers, 0);
    });

    it('is left out when too many are pausing already', async () => {
      const { authorizer, clock } = setUp([alice], { maxDelayMs: 2 ** 31, maxDelayed: 1 });
      const first = answer(authorizer, { credentials: password('alice', '1') });
      await settle();
      const second = await answer(authorizer, { credentials: password('alice', '2') });
      assert.equal(second, 'authentication-failed');
      assert.equal(clock.pendingTimers, 1);
      clock.advance(2 ** 31);
      assert.equal(await first, 'authentication-failed');
    });
  });

  describe('against guessing', () => {
    const attempt = (guess: number): Partial<AccessRequest> => ({
      credentials: password('alice', `guess${guess}`),
    });

    it('refuses without looking after five wrong guesses, and only that client', async () => {
      const { authorizer, clock, logger } = setUp([alice]);
      for (let guess = 0; guess < 5; guess++) {
        assert.equal(await answer(authorizer, attempt(guess)), 'authentication-failed');
      }
      const right = { credentials: password('alice', 'wonder') };
      assert.equal(await answer(authorizer, right), 'too-many-failed-logins');
      assert.equal(await answer(authorizer, { ...right, ip: '10.0.0.6' }), 'granted');
      assert.equal(logger.lines.length, 5, 'blocked attempts are not logged one by one');
      clock.advance(12_000);
      assert.equal(await answer(authorizer, right), 'granted');
    });

    it('still lets in who needs no credentials', async () => {
      const open: InternalUser = { ...everywhere, user: 'any', pass: '' };
      const publish = [{ action: 'publish', path: '' }] as const;
      const { authorizer } = setUp([open, { ...alice, permissions: publish }]);
      for (let guess = 0; guess < 6; guess++) {
        await answer(authorizer, { ...attempt(guess), action: 'publish' });
      }
      assert.equal(await answer(authorizer, { ...attempt(9), action: 'read' }), 'granted');
    });

    it('does not let guesses that run at the same time slip through', async () => {
      const { authorizer } = setUp([{ ...alice, pass: argon2('wonder') }]);
      const secrets = ['1', '2', '3', '4', '5', '6', '7', 'wonder'];
      const answers = await Promise.all(
        secrets.map((secret) => answer(authorizer, { credentials: password('alice', secret) })),
      );
      assert(!answers.includes('granted'), answers.join());
    });
  });

  describe('replaceUsers()', () => {
    it('counts from the next request on', async () => {
      const { authorizer } = setUp([{ ...alice, pass: argon2('wonder') }]);
      const credentials = password('alice', 'wonder');
      assert.equal(await answer(authorizer, { credentials }), 'granted');
      authorizer.replaceUsers([{ ...alice, pass: argon2('other') }]);
      assert.equal(await answer(authorizer, { credentials }), 'authentication-failed');
    });

    it('keeps the old users when a new one is wrong', async () => {
      const { authorizer } = setUp([alice]);
      assert.throws(() => authorizer.replaceUsers([{ ...alice, user: '' }]), {
        code: 'invalid-internal-user',
        message: 'empty usernames are not supported; authInternalUsers[0]',
      });
      const credentials = password('alice', 'wonder');
      assert.equal(await answer(authorizer, { credentials }), 'granted');
    });
  });

  it('refuses a password for `any`, a bad address and a bad hash, naming the entry', () => {
    for (const [change, message] of [
      [{ user: 'any' }, /'any' user is not supported; authInternalUsers\[0\]/u],
      [{ ips: ['10.0.0.0/99'] }, /'10.0.0.0\/99'; authInternalUsers\[0\]\.ips/u],
      [{ pass: 'sha256:abc' }, /authInternalUsers\[0\]\.pass/u],
      [{ pass: 'argon2:abc' }, /authInternalUsers\[0\]\.pass/u],
      [{ permissions: [{ action: 'read', path: '~(' }] as const }, /./u],
    ] as const) {
      assert.throws(() => setUp([{ ...alice, ...change }]), { kind: 'invalid-argument', message });
    }
  });

  it('says at construction what an argon2 hash needs on an old Node.js', () => {
    const components = { clock: new FakeClock(), logger: new RecordingLogger(), argon2: undefined };
    const users = [{ ...alice, pass: argon2('wonder') }];
    assert.throws(() => new InternalAuthorizer(users, components), {
      code: 'argon2-unavailable',
      message: /Node\.js 24\.7 or newer/u,
    });
    assert.doesNotThrow(() => new InternalAuthorizer([alice], components));
  });
});

/** Lets promises that can run do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
