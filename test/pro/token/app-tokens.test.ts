// Application tokens: those of LiveKit's own library pass, forged and stale ones do not.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { AccessToken, TokenVerifier } from 'livekit-server-sdk';
import { systemClock } from '../../../core/base/clock.ts';
import { AppTokens, type AppTokenVerdict } from '../../../pro/token/app-tokens.ts';
import { countCompilations } from '../../support/count-compilations.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const appId = 'mediamtx-app';
const appSecret = 'a-secret-of-the-tests-with-32-chars';
const startedAt = Date.UTC(2026, 0, 1);
const now = startedAt / 1000;

function tokens(clock = new FakeClock(startedAt)): AppTokens {
  return new AppTokens({ clock }, { appId, appSecret });
}

/** A token made by hand, so that nothing corrects it. */
function forge(
  claims: object | string,
  header: object = { alg: 'HS256' },
  secret = appSecret,
): string {
  const part = (value: object | string): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function textOf(verdict: AppTokenVerdict): string {
  return verdict.type === 'invalid' ? verdict.text : verdict.type;
}

describe('AppTokens.verify()', () => {
  it("accepts the seed's token: LiveKit's library without identity and grants", async () => {
    const token = await new AccessToken(appId, appSecret).toJwt();
    const [header = ''] = token.split('.');
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256' });
    const verdict = tokens(new FakeClock(systemClock.nowMs())).verify(token);
    assert.ok(verdict.type === 'valid');
    assert.equal(verdict.claims.identity, '');
  });

  it("accepts LiveKit's token with identity, name, metadata and grants", async () => {
    const access = new AccessToken(appId, appSecret, {
      identity: 'alice',
      name: 'Alice',
      metadata: 'x'.repeat(2000),
      ttl: '10m',
    });
    access.addGrant({ roomJoin: true, room: 'cam', canPublish: false });
    const clock = new FakeClock(systemClock.nowMs());
    const verdict = tokens(clock).verify(await access.toJwt());
    assert.ok(verdict.type === 'valid');
    assert.equal(verdict.claims.identity, 'alice');
    assert.deepEqual(verdict.claims.video, { room: 'cam', roomJoin: true, canPublish: false });
    const token = await access.toJwt();
    clock.advance(11 * 60_000 + 1000);
    assert.match(textOf(tokens(clock).verify(token)), /jwt expired$/u);
  });

  it('compiles nothing for a token, whoever made it', () => {
    const checker = tokens();
    const verifyAll = (): void => {
      for (const iss of [appId, 'other']) checker.verify(forge({ iss, exp: now + 60 }));
    };
    verifyAll();
    assert.equal(countCompilations(verifyAll), 0);
  });

  it("makes tokens that LiveKit's library accepts", async () => {
    const token = tokens(new FakeClock(systemClock.nowMs())).create({
      identity: 'bob',
      video: { roomJoin: true, room: 'cam' },
    });
    const claims = await new TokenVerifier(appId, appSecret).verify(token);
    assert.deepEqual([claims.sub, claims.video?.room], ['bob', 'cam']);
  });

  it('makes tokens with the claims of the documentation, for six hours', () => {
    const payload = jwt.decode(tokens().create());
    assert.deepEqual(payload, { iss: appId, nbf: now, exp: now + 21_600 });
  });

  it('holds exp and nbf against the clock, with a leeway of 60 s', () => {
    const clock = new FakeClock(startedAt);
    const checker = tokens(clock);
    const token = forge({ iss: appId, exp: now + 10, nbf: now + 60 });
    assert.equal(checker.verify(token).type, 'valid');
    assert.match(
      textOf(checker.verify(forge({ iss: appId, exp: now + 99, nbf: now + 61 }))),
      /not active/u,
    );
    clock.advance(69_000);
    assert.equal(checker.verify(token).type, 'valid');
    clock.advance(1000);
    assert.equal(textOf(checker.verify(token)), 'invalid token: ***, error: jwt expired');
  });

  const claims = { iss: appId, exp: now + 60, nbf: now };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['an empty text', '', /^invalid authorization token$/u],
    ['garbage', 'abc', /^invalid authorization token$/u],
    ['parts that are no JSON', 'YQ.YQ.YQ', /^invalid authorization token$/u],
    [
      'more than 8192 characters',
      forge({ ...claims, x: 'x'.repeat(9000) }),
      /^invalid authorization token$/u,
    ],
    ['another secret', forge(claims, { alg: 'HS256' }, 'other'), /error: invalid signature$/u],
    ['another issuer', forge({ ...claims, iss: 'other' }), /^invalid API key$/u],
    ['no issuer', forge({ exp: now + 60 }), /^invalid API key$/u],
    ['an issuer that is no text', forge({ ...claims, iss: [appId] }), /^invalid API key$/u],
    ['claims that are no object', forge('[]'), /^invalid API key$/u],
    ['no exp', forge({ iss: appId, nbf: now }), /no exp$/u],
    ['an exp that is text', forge({ ...claims, exp: '9999999999' }), /error: /u],
    ['an exp that never comes', forge(`{"iss":"${appId}","exp":1e999}`), /no exp$/u],
    ['a past exp', forge({ ...claims, exp: now - 61 }), /jwt expired$/u],
    ['alg none', forge(claims, { alg: 'none' }).replace(/[^.]*$/u, ''), /algorithm is not HS256$/u],
    ['alg none with signature', forge(claims, { alg: 'none' }), /algorithm is not HS256$/u],
    ['alg HS512', jwt.sign(claims, appSecret, { algorithm: 'HS512' }), /algorithm is not HS256$/u],
    ['alg RS256', jwt.sign(claims, privateKey, { algorithm: 'RS256' }), /algorithm is not HS256$/u],
    [
      'critical extensions',
      forge(claims, { alg: 'HS256', crit: ['x'], x: 1 }),
      /algorithm is not/u,
    ],
    [
      'grants of another type',
      forge({ ...claims, video: { room: 5 } }),
      /claims are not understood/u,
    ],
  ];
  for (const [what, token, text] of refused) {
    it(`refuses ${what}`, () => assert.match(textOf(tokens().verify(token)), text));
  }

  it('never shows a token in its text, and never throws', () => {
    const checker = tokens();
    const valid = checker.create({ identity: 'alice' });
    fc.assert(
      fc.property(
        fc.nat(valid.length - 1),
        fc.string({ minLength: 1, maxLength: 3 }),
        (at, text) => {
          const token = valid.slice(0, at) + text + valid.slice(at + 1);
          const verdict = checker.verify(token);
          if (verdict.type === 'valid') return;
          for (const part of token.split('.')) {
            assert.equal(part.length > 12 && verdict.text.includes(part), false);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('new AppTokens()', () => {
  for (const [id, secret] of [
    ['', 'x'],
    ['x', ''],
  ] as const) {
    it(`refuses id '${id}' with secret '${secret}'`, () =>
      assert.throws(
        () => new AppTokens({ clock: new FakeClock() }, { appId: id, appSecret: secret }),
        {
          code: 'no-app-secret',
        },
      ));
  }
});
