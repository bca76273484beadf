// Licences: written and read back, forged in every character, and keys in both forms.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { YamlDocument } from '../../../core/config/yaml-document.ts';
import {
  formatPublicKey,
  issueLicence,
  parsePrivateKey,
  parsePublicKey,
  peekLicence,
  readLicence,
  type Licence,
} from '../../../pro/license/licence.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const foreign = generateKeyPairSync('ed25519');
const licence: Licence = {
  macs: ['02:42:ac:11:00:02'],
  expiresAt: Date.UTC(2027, 0, 1),
  domain: 'example.com',
  customer: '第一医院',
  issuedAt: Date.UTC(2026, 0, 1),
};

describe('licences', () => {
  it('come back as they were written', () => {
    const text = issueLicence(licence, privateKey);
    assert.deepEqual(readLicence(text, publicKey), { type: 'valid', licence });
    const least = { ...licence, macs: [], domain: undefined, customer: undefined };
    assert.deepEqual(readLicence(issueLicence(least, privateKey), publicKey), {
      type: 'valid',
      licence: least,
    });
  });

  it('are one line that yml takes without quotes', () => {
    const text = issueLicence(licence, privateKey);
    assert.match(text, /^mtxp-licence-1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/u);
    const { root } = new YamlDocument(`coreServerKey: ${text}`, 'm.yml');
    assert.equal(root['coreServerKey'], text);
  });

  it('survive line breaks of a mail', () => {
    const text = issueLicence(licence, privateKey).replace(/.{60}/gu, '$&\r\n  ');
    assert.equal(readLicence(text, publicKey).type, 'valid');
  });

  it('take MAC addresses as systems write them', () => {
    const text = issueLicence({ ...licence, macs: ['02-42-AC-11-00-02'] }, privateKey);
    const reading = readLicence(text, publicKey);
    assert.deepEqual(reading.type === 'valid' && reading.licence.macs, licence.macs);
  });

  it('of another issuer are refused, but can be looked at', () => {
    const text = issueLicence(licence, foreign.privateKey);
    const reason = 'the signature is not of the issuer';
    assert.deepEqual(readLicence(text, publicKey), { type: 'invalid', reason });
    assert.deepEqual(peekLicence(text), { type: 'valid', licence });
  });

  it('are refused when a single character differs', () => {
    const text = issueLicence(licence, privateKey);
    // The last character of 64 bytes in base64url carries bits that mean nothing.
    const position = fc.nat(text.length - 2);
    fc.assert(
      fc.property(position, fc.constantFrom('A', '-', 'z', '.', '!', ''), (at, other) => {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        assert.equal(readLicence(changed, publicKey).type === 'valid', changed === text);
      }),
      { numRuns: 500 },
    );
  });

  it('never throw, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        assert.equal(readLicence(text, publicKey).type, 'invalid');
        assert.equal(peekLicence(`mtxp-licence-1.${text}`).type, 'invalid');
      }),
      { numRuns: 500 },
    );
    assert.equal(readLicence('x'.repeat(1e6), publicKey).type, 'invalid');
  });

  for (const [what, change] of [
    ['a MAC address that is none', { macs: ['nonsense'] }],
    ['a domain that is none', { domain: 'exa mple' }],
    ['no expiry', { expiresAt: NaN }],
    ['an empty customer', { customer: '' }],
  ] as const) {
    it(`are not written with ${what}`, () =>
      assert.throws(() => issueLicence({ ...licence, ...change }, privateKey), {
        code: 'invalid-licence',
      }));
  }
});

describe('keys of licences', () => {
  it('are read in PEM and in their short form', () => {
    const pem = publicKey.export({ format: 'pem', type: 'spki' });
    const short = formatPublicKey(privateKey);
    assert.match(short, /^[A-Za-z0-9_-]{43}$/u);
    assert.equal(parsePublicKey(pem).equals(publicKey), true);
    assert.equal(parsePublicKey(` ${short}\n`).equals(publicKey), true);
    const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' });
    assert.equal(parsePrivateKey(privatePem).equals(privateKey), true);
  });

  it('of another kind are refused, and not shown', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pem = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' });
    for (const text of ['', 'x', 'canary'.repeat(9), pem]) {
      assert.throws(() => parsePublicKey(text), { code: 'invalid-licence', message: /Ed25519/u });
      assert.throws(() => parsePrivateKey(text), { code: 'invalid-licence', message: /Ed25519/u });
    }
    assert.throws(() => issueLicence(licence, rsa.privateKey), { code: 'invalid-licence' });
    assert.throws(() => issueLicence(licence, publicKey), { code: 'invalid-licence' });
  });
});
