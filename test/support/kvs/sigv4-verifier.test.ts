// The verifier against the published vectors of the signalling SDK, and against tampering.
import assert from 'node:assert/strict';
import type { KvsCredentials, SignedRequest } from './sigv4-verifier.ts';
import { SigV4Verifier } from './sigv4-verifier.ts';

const KEY: KvsCredentials = {
  accessKeyId: 'AKIA4F7WJQR7FMMWMNXI',
  secretAccessKey: 'FakeSecretKey',
};
const WITH_TOKEN: KvsCredentials = { ...KEY, sessionToken: 'FakeSessionToken' };
const SIGNED_AT = Date.UTC(2019, 11, 1);
const HEADERS = { host: 'kvs.awsamazon.com' };

function url(
  signature: string,
  options: { path?: string; token?: string; region?: string } = {},
): SignedRequest {
  const { path = '/', token, region = 'us-west-2' } = options;
  const query = new URLSearchParams({
    'X-Amz-Signature': signature,
    'X-Amz-TestParam': 'test-param-value',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${KEY.accessKeyId}/20191201/${region}/kinesisvideo/aws4_request`,
    'X-Amz-Date': '20191201T000000Z',
    'X-Amz-Expires': '299',
    'X-Amz-SignedHeaders': 'host',
    ...(token === undefined ? {} : { 'X-Amz-Security-Token': token }),
  });
  return { method: 'GET', target: `${path}?${query.toString()}`, headers: HEADERS };
}

function verifier(key: KvsCredentials, now = SIGNED_AT): SigV4Verifier {
  return new SigV4Verifier(new Map([[key.accessKeyId, key]]), {
    region: 'us-west-2',
    now: () => now,
  });
}

const WITHOUT_TOKEN_SIGNATURE = 'be1e78950d956a8a9a1997417099ddbd7455619f3d08c4ad20e1e272179ca695';
const TOKEN_SIGNATURE = 'fc268038be276315822b4f73eafd28ee3a5632a2a35fdb0a88db9a42b13d6c92';
const PATH_SIGNATURE = '0bf3df6ca23d8d82f688e8dbfb90d69e74843d40038541b1721c545eef7612a4';

describe('SigV4Verifier', () => {
  it('accepts the published URLs', () => {
    const token = 'FakeSessionToken';
    const path = '/path/path/path';
    assert.equal(verifier(KEY).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE)), KEY.accessKeyId);
    verifier(WITH_TOKEN).verifyUrl(url(TOKEN_SIGNATURE, { token }));
    verifier(WITH_TOKEN).verifyUrl(url(PATH_SIGNATURE, { token, path }));
  });

  it('accepts the published header signature of IAM', () => {
    const key = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    };
    const iam = new SigV4Verifier(new Map([[key.accessKeyId, key]]), {
      region: 'us-east-1',
      service: 'iam',
      now: () => Date.UTC(2015, 7, 30, 12, 36),
    });
    const request = {
      method: 'GET',
      target: '/?Action=ListUsers&Version=2010-05-08',
      headers: {
        host: 'iam.amazonaws.com',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-amz-date': '20150830T123600Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
          'SignedHeaders=content-type;host;x-amz-date, ' +
          'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      },
    };
    const hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    assert.equal(iam.verifyHeaders(request, hash), 'AKIDEXAMPLE');
    assert.throws(() => iam.verifyHeaders(request, 'other'), { type: 'InvalidSignatureException' });
  });

  const token = 'FakeSessionToken';
  const refused: readonly [string, () => unknown, string][] = [
    [
      'a changed signature',
      () => verifier(KEY).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE.replace('b', 'c'))),
      'InvalidSignatureException',
    ],
    [
      'another region',
      () => verifier(KEY).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE, { region: 'eu-west-1' })),
      'InvalidSignatureException',
    ],
    [
      'a URL used after its 299 s',
      () => verifier(KEY, SIGNED_AT + 300_000).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE)),
      'InvalidSignatureException',
    ],
    [
      'a clock 6 min ahead',
      () => verifier(KEY, SIGNED_AT - 360_000).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE)),
      'InvalidSignatureException',
    ],
    [
      'an unknown key',
      () => verifier({ ...KEY, accessKeyId: 'AKIAOTHER' }).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE)),
      'UnrecognizedClientException',
    ],
    [
      'a missing token',
      () => verifier(WITH_TOKEN).verifyUrl(url(WITHOUT_TOKEN_SIGNATURE)),
      'UnrecognizedClientException',
    ],
    [
      'an expired token',
      () =>
        verifier({ ...WITH_TOKEN, expiresAt: SIGNED_AT }).verifyUrl(
          url(TOKEN_SIGNATURE, { token }),
        ),
      'ExpiredTokenException',
    ],
    ['no signature', () => verifier(KEY).verifyUrl(url('')), 'MissingAuthenticationTokenException'],
  ];
  for (const [what, attempt, type] of refused) {
    it(`refuses ${what}`, () => assert.throws(attempt, { type }));
  }
});
