// The rules of authMethod http and jwt, with the messages that users of mediamtx.yml know.
import assert from 'node:assert/strict';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';

function errorsOf(text: string): string[] {
  const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
  return issues.map((issue) => `${issue.key}: ${issue.message}`);
}

const PIN = 'ab'.repeat(32);
const HTTP = 'authMethod: http\nauthHTTPAddress: https://idp/auth\n';
const JWT = 'authMethod: jwt\nauthJWTJWKS: https://idp/keys\n';

const refused: [text: string, error: string][] = [
  ['authMethod: http', "authHTTPAddress: 'authHTTPAddress' is empty"],
  [
    'authMethod: http\nauthHTTPAddress: testing',
    "authHTTPAddress: 'authHTTPAddress' must be a HTTP URL",
  ],
  [
    'authMethod: http\nauthHTTPAddress: "http://"',
    "authHTTPAddress: 'authHTTPAddress' must be a HTTP URL",
  ],
  ['authMethod: jwt\nauthJWTJWKS: ""', "authJWTJWKS: 'authJWTJWKS' is empty"],
  ['authMethod: jwt\nauthJWTJWKS: ftp://invalid', "authJWTJWKS: 'authJWTJWKS' must be a HTTP URL"],
  [`${JWT}authJWTClaimKey: ""`, "authJWTClaimKey: 'authJWTClaimKey' is empty"],
  [
    `${HTTP}authHTTPFingerprint: abc`,
    'authHTTPFingerprint: a fingerprint is a SHA-256 in hex, 64 digits',
  ],
  [
    `${JWT}authJWTJWKSFingerprint: ${PIN}ab`,
    'authJWTJWKSFingerprint: a fingerprint is a SHA-256 in hex, 64 digits',
  ],
  [
    `authMethod: http\nauthHTTPAddress: http://h/\nauthHTTPFingerprint: ${PIN}`,
    "authHTTPFingerprint: 'authHTTPFingerprint' is useless when 'authHTTPAddress' is not https",
  ],
  [
    `${HTTP}rtspAuthMethods: [digest]`,
    "rtspAuthMethods: RTSP digest can be used only when 'authMethod' is 'internal'",
  ],
];

describe('authMethod http and jwt', () => {
  for (const [text, error] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(errorsOf(text), [error]));
  }

  it('are accepted with what they need', () => {
    const pin = PIN.replace(/(..)(?=.)/gu, '$1:').toUpperCase();
    assert.deepEqual(errorsOf(`${HTTP}authHTTPFingerprint: ${pin}`), []);
    assert.deepEqual(errorsOf(`${JWT}authJWTJWKSFingerprint: ${PIN}`), []);
    assert.equal(loadConfig({ text: JWT, env: {} }).global.authJWTClaimKey, 'mediamtx_permissions');
  });

  it('show no URL in their errors, since it may hold a password', () => {
    const text = 'authMethod: http\nauthHTTPAddress: ftp://me:canary@h/';
    assert.doesNotMatch(errorsOf(text).join(), /canary/u);
  });
});
