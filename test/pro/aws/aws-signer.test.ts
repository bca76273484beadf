// Tests of Signature Version 4: URLs against the vectors of AWS's own WebRTC SDK, headers by an independent sum.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import type { AwsCredentials } from '../../../pro/aws/aws-credentials.ts';
import { AwsSigner } from '../../../pro/aws/aws-signer.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const WITHOUT_TOKEN: AwsCredentials = {
  ...{ accessKeyId: 'AKIA4F7WJQR7FMMWMNXI', secretAccessKey: 'FakeSecretKey' },
};
const KEYS: AwsCredentials = { ...WITHOUT_TOKEN, sessionToken: 'FakeSessionToken' };
const { signal } = new AbortController();

function signerOf(keys: AwsCredentials): AwsSigner {
  return new AwsSigner(
    {
      clock: new FakeClock(Date.UTC(2019, 11, 1)),
      credentials: { get: () => Promise.resolve(keys), forget: () => undefined },
    },
    'us-west-2',
  );
}

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('AwsSigner.url()', () => {
  const vectors: readonly [string, AwsCredentials, string][] = [
    ['', KEYS, 'fc268038be276315822b4f73eafd28ee3a5632a2a35fdb0a88db9a42b13d6c92'],
    ['', WITHOUT_TOKEN, 'be1e78950d956a8a9a1997417099ddbd7455619f3d08c4ad20e1e272179ca695'],
    ['/path/path/path', KEYS, '0bf3df6ca23d8d82f688e8dbfb90d69e74843d40038541b1721c545eef7612a4'],
  ];
  for (const [path, keys, signature] of vectors) {
    it(`signs ${path || '/'} ${keys.sessionToken ? 'with' : 'without'} a session token`, async () => {
      const url = new URL(`wss://kvs.awsamazon.com${path}`);
      url.searchParams.set('X-Amz-TestParam', 'test-param-value');
      const { searchParams } = await signerOf(keys).url(url, signal);
      assert.deepEqual(
        [...searchParams].sort(([a], [b]) => (a < b ? -1 : 1)),
        [
          ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
          ['X-Amz-Credential', 'AKIA4F7WJQR7FMMWMNXI/20191201/us-west-2/kinesisvideo/aws4_request'],
          ['X-Amz-Date', '20191201T000000Z'],
          ['X-Amz-Expires', '299'],
          ...(keys.sessionToken ? [['X-Amz-Security-Token', keys.sessionToken]] : []),
          ['X-Amz-Signature', signature],
          ['X-Amz-SignedHeaders', 'host'],
          ['X-Amz-TestParam', 'test-param-value'],
        ],
      );
    });
  }

  it('writes the query as it was signed', async () => {
    const url = new URL('wss://h/');
    url.searchParams.set('X-Amz-ChannelARN', "arn:aws:a/b c~*'");
    const signed = await signerOf(KEYS).url(url, signal);
    assert.match(signed.search, /X-Amz-ChannelARN=arn%3Aaws%3Aa%2Fb%20c~%2A%27(?:&|$)/u);
  });
});

describe('AwsSigner.headers()', () => {
  for (const body of [undefined, '{"ChannelName":"front door"}']) {
    it(body === undefined ? 'says nothing about an unsigned body' : 'signs a body', async () => {
      const url = new URL('https://kinesisvideo.us-west-2.amazonaws.com/describeSignalingChannel');
      const headers = await signerOf(KEYS).headers(
        {
          ...{ method: 'POST', url, headers: { 'content-type': 'application/json' } },
          ...(body === undefined ? {} : { body }),
        },
        signal,
      );
      const signed = 'content-type;host;x-amz-date;x-amz-security-token';
      const canonical = [
        ...['POST', '/describeSignalingChannel', '', 'content-type:application/json'],
        ...[`host:${url.host}`, 'x-amz-date:20191201T000000Z'],
        ...['x-amz-security-token:FakeSessionToken', '', signed, sha256(body ?? '')],
      ].join('\n');
      const scope = '20191201/us-west-2/kinesisvideo/aws4_request';
      const text = `AWS4-HMAC-SHA256\n20191201T000000Z\n${scope}\n${sha256(canonical)}`;
      const date = hmac(`AWS4${KEYS.secretAccessKey}`, '20191201');
      const key = hmac(hmac(hmac(date, 'us-west-2'), 'kinesisvideo'), 'aws4_request');
      assert.equal(
        headers['authorization'],
        `AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/${scope}, SignedHeaders=${signed}, ` +
          `Signature=${hmac(key, text).toString('hex')}`,
      );
      assert.equal(headers['x-amz-security-token'], 'FakeSessionToken');
    });
  }

  it('says what to install when the package is not there', async () => {
    const signer = new AwsSigner(
      {
        clock: new FakeClock(),
        credentials: { get: () => Promise.resolve(KEYS), forget: () => undefined },
        importPackage: () =>
          Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' })),
      },
      'us-west-2',
    );
    await assert.rejects(signer.url(new URL('wss://h/'), signal), {
      ...{ kind: 'unsupported', code: 'package-missing' },
      message: /npm install @smithy\/signature-v4$/u,
    });
  });
});
