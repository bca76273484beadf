// Who is let in: signatures of three kinds, times, nonces, tokens, guesses.
import assert from 'node:assert/strict';
import { FacadeGate } from '../../../../pro/signaling/tuya/facade-gate.ts';
import { FacadeTokens } from '../../../../pro/signaling/tuya/facade-tokens.ts';
import {
  signOpenApi,
  type OpenApiSignMethod,
} from '../../../../pro/signaling/tuya/open-api-signature.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const LOGIN = { clientId: 'project', secret: 'secret' };

interface Asked {
  readonly kind?: OpenApiSignMethod;
  readonly secret?: string;
  readonly nonce?: string;
  readonly accessToken?: string;
  readonly offMs?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ip?: string;
}

describe('FacadeGate', () => {
  let clock: FakeClock;
  let gate: FacadeGate;
  let tokens: FacadeTokens;

  beforeEach(() => {
    clock = new FakeClock();
    gate = new FacadeGate(clock, { ...LOGIN, clockToleranceMs: 300_000 });
    tokens = new FacadeTokens(clock, { tokenLifeMs: 1000, refreshLifeMs: 1000 });
  });

  function facts(asked: Asked): Parameters<FacadeGate['admitLogin']>[0] {
    const { kind = 'hmac', secret = LOGIN.secret, nonce = '', accessToken = '' } = asked;
    const { offMs = 0, body = '', headers = {}, ip = '192.0.2.1' } = asked;
    const t = String(clock.nowMs() + offMs);
    const call = { method: 'GET', target: '/v1.0/x?b=2&a=1', body: Buffer.from(body), t, nonce };
    const names = (headers['signature-headers'] ?? '').split(':').filter((name) => name !== '');
    const signedHeaders = names.map((name) => [name, headers[name] ?? ''] as const);
    const sign = signOpenApi(kind, { ...LOGIN, secret }, { ...call, accessToken, signedHeaders });
    const own = { client_id: LOGIN.clientId, sign, t, nonce, access_token: accessToken };
    return { ...call, headers: { ...own, ...headers }, ip };
  }

  for (const kind of ['hmac', 'hmac-legacy', 'md5'] as const) {
    it(`admits what is signed by ${kind}, with a token and without`, () => {
      gate.admitLogin(facts({ kind }));
      gate.admit(facts({ kind, accessToken: tokens.issue().accessToken }), tokens);
    });

    it(`refuses another secret by ${kind}`, () => {
      const wrong = facts({ kind, secret: 'guess' });
      assert.throws(() => gate.admitLogin(wrong), { code: 'tuya-sign-invalid' });
    });
  }

  it('looks at the body that came, also with GET, and at headers that are signed', () => {
    const headers = { 'signature-headers': 'area_id:call_id', area_id: '1', call_id: '2' };
    const asked = facts({ body: '{}', headers });
    gate.admitLogin(asked);
    const changed = [
      { ...asked, body: Buffer.from('') },
      { ...asked, headers: { ...asked.headers, call_id: '3' } },
      { ...asked, method: 'POST' },
      { ...asked, target: '/v1.0/x?b=2&a=2' },
    ];
    for (const each of changed) {
      assert.throws(() => gate.admitLogin(each), { code: 'tuya-sign-invalid' });
    }
  });

  it('takes a nonce once, as long as its time is taken', () => {
    const asked = facts({ nonce: 'n' });
    gate.admitLogin(asked);
    assert.throws(() => gate.admitLogin(asked), { code: 'tuya-sign-invalid', message: /nonce/u });
    clock.advance(300_001);
    assert.throws(() => gate.admitLogin(asked), { code: 'tuya-clock-skew' });
    assert.throws(() => gate.admitLogin(facts({ nonce: 'n' })), { message: /nonce/u });
    clock.advance(301_000);
    gate.admitLogin(facts({ nonce: 'n' }));
  });

  it('remembers no nonces that are not signed', () => {
    for (const kind of ['hmac-legacy', 'md5'] as const) {
      gate.admitLogin(facts({ kind, nonce: 'n' }));
      gate.admitLogin(facts({ kind, nonce: 'n' }));
    }
    gate.admitLogin(facts({ nonce: 'n' }));
  });

  it('wants a time that is near', () => {
    gate.admitLogin(facts({ offMs: -300_000 }));
    gate.admitLogin(facts({ offMs: 300_000 }));
    for (const offMs of [-300_001, 300_001]) {
      assert.throws(() => gate.admitLogin(facts({ offMs })), { code: 'tuya-clock-skew' });
    }
    const inSeconds = { ...facts({}), headers: { ...facts({}).headers, t: '1767225600' } };
    assert.throws(() => gate.admitLogin(inSeconds), { code: 'tuya-parameter-invalid' });
  });

  it('wants a token that is known and alive', () => {
    assert.throws(() => gate.admit(facts({}), tokens), { code: 'tuya-token-invalid' });
    const unknown = facts({ accessToken: 'a'.repeat(32) });
    assert.throws(() => gate.admit(unknown, tokens), { code: 'tuya-token-invalid' });
    const { accessToken } = tokens.issue();
    clock.advance(1000);
    assert.throws(() => gate.admit(facts({ accessToken }), tokens), { code: 'tuya-token-invalid' });
  });

  it('refuses other projects, odd nonces and odd lists of headers', () => {
    const other = facts({ headers: { client_id: 'other' } });
    assert.throws(() => gate.admitLogin(other), { code: 'tuya-client-invalid' });
    const long = facts({ nonce: 'n'.repeat(129) });
    assert.throws(() => gate.admitLogin(long), { code: 'tuya-sign-invalid' });
    for (const list of ['a b', Array.from({ length: 17 }, () => 'a').join(':')]) {
      const odd = facts({ headers: { 'signature-headers': list } });
      assert.throws(() => gate.admitLogin(odd), { code: 'tuya-sign-invalid' });
    }
  });

  it('stops to listen to who guesses', () => {
    for (let index = 0; index < 100; index++) {
      assert.throws(() => gate.admitLogin(facts({ secret: `guess ${index}` })));
    }
    assert.throws(() => gate.admitLogin(facts({ secret: 'one more' })), {
      code: 'tuya-too-many-requests',
    });
    gate.admitLogin(facts({ ip: '198.51.100.7' }));
  });

  it('goes on listening to whose clock is off', () => {
    for (let index = 0; index < 100; index++) {
      const late = facts({ offMs: -400_000 - index });
      assert.throws(() => gate.admitLogin(late), { code: 'tuya-clock-skew' });
    }
    gate.admitLogin(facts({}));
  });
});
