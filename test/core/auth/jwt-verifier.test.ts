// Tests of tokens: which are genuine, and which only look so.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import jsonwebtoken from 'jsonwebtoken';
import { parseJsonWebKeySet } from '../../../core/auth/json-web-key-set.ts';
import { JwtVerifier, type JwtVerdict } from '../../../core/auth/jwt-verifier.ts';
import { parseJwt } from '../../../core/auth/jwt-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { encode, keySetOf, TokenMaker, type KeyKind } from '../../support/token-maker.ts';

const clock = new FakeClock();
const nowSeconds = clock.nowMs() / 1000;

interface Expectations {
  readonly issuer?: string;
  readonly audience?: string;
}

function verify(
  token: string,
  jwks: readonly Readonly<Record<string, unknown>>[],
  { issuer = '', audience = '' }: Expectations = {},
): Promise<JwtVerdict> {
  const all = parseJsonWebKeySet(keySetOf(...jwks));
  const keys = {
    find: ({ algorithm, keyId }: { algorithm: string; keyId: string | undefined }) =>
      Promise.resolve(
        all.filter(
          ({ id, algorithms }) =>
            (keyId === undefined || id === keyId) && algorithms.some((name) => name === algorithm),
        ),
      ),
  };
  return new JwtVerifier({ clock, keys }, { issuer, audience }).verify(token);
}

const maker = new TokenMaker();
const jwks = [maker.jwk()];

describe('JwtVerifier.verify()', () => {
  const algorithms: readonly (readonly [KeyKind, string])[] = [
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => ['rsa', name] as const),
    ...([['p256', 'ES256'], ['p384', 'ES384'], ['p521', 'ES512']] as const), // prettier-ignore
    ['ed25519', 'EdDSA'],
  ];
  for (const [kind, alg] of algorithms) {
    it(`accepts ${alg}, and nothing changed after signing`, async () => {
      const signer = new TokenMaker(kind);
      const token = signer.sign({ sub: 'ann', exp: nowSeconds + 60 }, { alg });
      assert.deepEqual(await verify(token, [signer.jwk()]), {
        ...{ type: 'valid', subject: 'ann', expiresAt: clock.nowMs() + 60_000 },
        claims: { sub: 'ann', exp: nowSeconds + 60 },
      });
      const [head = '', , signature = ''] = token.split('.');
      const forged = `${head}.${encode({ sub: 'eve' })}.${signature}`;
      assert.equal((await verify(forged, [signer.jwk()])).type, 'invalid');
      const cut = token.slice(0, -8);
      assert.equal((await verify(cut, [signer.jwk()])).type, 'invalid');
    });
  }

  for (const [kind, algorithm] of [
    ['rsa', 'RS256'],
    ['rsa', 'PS384'],
    ['p256', 'ES256'],
  ] as const) {
    it(`accepts ${algorithm} of another library`, async () => {
      const signer = new TokenMaker(kind);
      const token = jsonwebtoken.sign({ a: 1 }, signer.privateKey, {
        ...{ algorithm, keyid: signer.id, noTimestamp: true },
      });
      assert.equal((await verify(token, [signer.jwk()])).type, 'valid');
    });
  }

  it('takes a key only with its own algorithm', async () => {
    const rsa = new TokenMaker('rsa');
    const token = rsa.sign({}, { alg: 'RS512' });
    assert.equal((await verify(token, [rsa.jwk({ alg: 'RS512' })])).type, 'valid');
    assert.equal((await verify(token, [rsa.jwk({ alg: 'RS256' })])).type, 'invalid');
    assert.equal((await verify(token, [rsa.jwk({ alg: 'HS512' })])).type, 'invalid');
    assert.equal((await verify(maker.sign({}, { alg: 'ES384' }), jwks)).type, 'invalid');
  });

  it('never takes a public key for a shared secret', async () => {
    const rsa = new TokenMaker('rsa');
    const head = encode({ alg: 'HS256', kid: rsa.id });
    const signed = `${head}.${encode({ sub: 'eve' })}`;
    const pem = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', pem).update(signed).digest('base64url');
    assert.equal((await verify(`${signed}.${mac}`, [rsa.jwk()])).type, 'invalid');
    const secret = { kty: 'oct', kid: rsa.id, k: encode('secret'), alg: 'HS256' };
    assert.equal((await verify(`${signed}.${mac}`, [secret])).type, 'invalid');
  });

  it('never takes an unsigned token', async () => {
    for (const alg of ['none', 'None', 'nOnE', '']) {
      const head = encode({ alg, kid: maker.id });
      const unsigned = `${head}.${encode({ sub: 'eve' })}.`;
      assert.equal((await verify(unsigned, jwks)).type, 'invalid');
      assert.equal((await verify(`${unsigned}AAAA`, jwks)).type, 'invalid');
    }
  });

  it('refuses extensions that it does not know', async () => {
    assert.equal(
      (await verify(maker.sign({}, { crit: ['b64'], b64: false }), jwks)).type,
      'invalid',
    );
  });

  it('leaves out keys that are weak, broken or made for other things', async () => {
    const signed = maker.sign({});
    for (const changes of [
      { use: 'enc' },
      { key_ops: ['sign'] },
      { crv: 'secp256k1' },
      { x: 'AAAA' },
      { kty: 'RSA' },
      { kid: 5 },
    ]) {
      assert.equal(
        (await verify(signed, [maker.jwk(changes)])).type,
        'invalid',
        JSON.stringify(changes),
      );
      assert.equal((await verify(signed, [maker.jwk(changes), maker.jwk()])).type, 'valid');
    }
  });

  it('tries every key for a token that names none', async () => {
    const other = new TokenMaker('p256', 'key-2');
    const token = maker.sign({}, { kid: undefined });
    assert.equal((await verify(token, [other.jwk(), maker.jwk()])).type, 'valid');
    assert.equal((await verify(token, [other.jwk()])).type, 'invalid');
  });

  it('tells tokens of another time from those of nobody', async () => {
    const type = async (claims: Record<string, unknown>): Promise<string> =>
      (await verify(maker.sign(claims), jwks)).type;
    assert.equal(await type({ exp: nowSeconds }), 'expired');
    assert.equal(await type({ exp: nowSeconds + 0.5 }), 'valid');
    assert.equal(await type({ nbf: nowSeconds + 1 }), 'early');
    assert.equal(await type({ nbf: nowSeconds }), 'valid');
    assert.equal(await type({}), 'valid');
    for (const exp of ['never', null, {}, `${nowSeconds + 60}`]) {
      assert.equal(await type({ exp }), 'invalid');
    }
    const stranger = new TokenMaker('p256', 'stranger').sign({ exp: 1 }, { kid: maker.id });
    assert.equal((await verify(stranger, jwks)).type, 'invalid');
  });

  it('checks issuer and audience when they are configured', async () => {
    const expected = { issuer: 'https://idp', audience: 'cams' };
    const type = async (claims: Record<string, unknown>): Promise<string> =>
      (await verify(maker.sign(claims), jwks, expected)).type;
    assert.equal(await type({ iss: 'https://idp', aud: 'cams' }), 'valid');
    assert.equal(await type({ iss: 'https://idp', aud: ['x', 'cams'] }), 'valid');
    for (const claims of [
      { iss: 'https://idp' },
      { aud: 'cams' },
      { iss: 'https://idp/', aud: 'cams' },
      { iss: ['https://idp'], aud: 'cams' },
      { iss: 'https://idp', aud: 'camsX' },
      { iss: 'https://idp', aud: [] },
      { iss: 'https://idp', aud: { cams: true } },
    ]) {
      assert.equal(await type(claims), 'invalid', JSON.stringify(claims));
    }
  });
});

describe('parseJwt()', () => {
  it('takes nothing but three parts of base64url', () => {
    const token = maker.sign({ a: 1 });
    assert.deepEqual(parseJwt(token)?.claims, { a: 1 });
    for (const text of [
      ...['', '.', '..', 'a.b.c', token.slice(token.indexOf('.')), `${token}.x`, ` ${token}`],
      ...[`${token}=`, token.replace('.', ''), `${encode([])}.${encode({})}.AA`],
      ...[`${encode({ alg: 'ES256' })}.${encode([1])}.AA`, `${'a'.repeat(20_000)}.b.c`],
    ]) {
      assert.equal(parseJwt(text), undefined, text.slice(0, 60));
    }
  });

  it('never throws, whatever comes', () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.base64String());
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        parseJwt(parts.join('.'));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('parseJsonWebKeySet()', () => {
  it('refuses what is no set', () => {
    for (const text of [
      '',
      '[]',
      '{}',
      '{"keys":{}}',
      JSON.stringify({ keys: Array(101).fill({}) }),
    ]) {
      assert.throws(() => parseJsonWebKeySet(text), { code: 'auth-keys-invalid' });
    }
  });

  it('leaves out RSA keys below 2048 bits', () => {
    const weak = { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') };
    assert.deepEqual(parseJsonWebKeySet(keySetOf(weak)), []);
  });

  it('never throws but for a reason, whatever the keys are', () => {
    const member = fc.oneof(fc.string(), fc.constantFrom('RSA', 'EC', 'OKP', 'P-256', 'AQAB'));
    const key = fc.record({ kty: member, crv: member, x: member, y: member, n: member, e: member });
    fc.assert(
      fc.property(fc.array(fc.oneof(key, fc.jsonValue()), { maxLength: 3 }), (keys) => {
        parseJsonWebKeySet(JSON.stringify({ keys }));
      }),
      { numRuns: 1000 },
    );
  });
});
