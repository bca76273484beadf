// Tests of calls to AWS: what is sent, what is repeated, and what refusals say.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import type { AwsCall } from '../../../pro/aws/aws-client.ts';
import { awsEndpoint, endpointPolicy, namedEndpoint } from '../../../pro/aws/aws-endpoint.ts';
import { awsErrorName, awsFailure } from '../../../pro/aws/aws-failure.ts';
import { retryDelayMs } from '../../../pro/aws/retry-delay.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { AwsDouble, KEYS, settle, type ScriptedAnswer } from './aws-double.ts';

const call: AwsCall = {
  ...{ path: '/describeStream', action: 'kinesisvideo:DescribeStream', subject: "stream 'cam'" },
  ...{ body: { StreamName: 'cam' }, signal: new AbortController().signal },
};

async function failureOf(answer: ScriptedAnswer): Promise<MediaError> {
  const clock = new FakeClock();
  const failed = new AwsDouble(answer)
    .client(clock)
    .call(call)
    .catch((thrown: unknown) => thrown);
  for (let turn = 0; turn < 6; turn++) {
    await settle();
    clock.advance(10_000);
  }
  const failure = await failed;
  assert(failure instanceof MediaError);
  return failure;
}

describe('AwsClient.call()', () => {
  it('signs what it sends to the endpoint of the region', async () => {
    const aws = new AwsDouble({ body: { a: 1 } });
    assert.deepEqual(await aws.client(new FakeClock()).call(call), { a: 1 });
    const [request] = aws.requests;
    assert(request);
    const { url, headers = {}, body } = request;
    assert.equal(url, 'https://kinesisvideo.eu-central-1.amazonaws.com/describeStream');
    assert.equal(body, '{"StreamName":"cam"}');
    assert.match(headers['authorization'] ?? '', /\/eu-central-1\/kinesisvideo\/aws4_request, /u);
  });

  it('repeats with growing pauses while AWS is busy, at most five times', async () => {
    const clock = new FakeClock();
    const aws = new AwsDouble({ status: 500 }, { status: 400, type: 'ThrottlingException' });
    const failed = assert.rejects(aws.client(clock).call(call), {
      ...{ kind: 'resource-exhausted', code: 'aws-limit-exceeded' },
    });
    for (const pauseMs of [100, 200, 400, 800]) {
      const before = aws.requests.length;
      await settle();
      clock.advance(pauseMs - 1);
      await settle();
      assert.equal(aws.requests.length, before === 0 ? 1 : before);
      clock.advance(1);
      await settle();
    }
    await failed;
    assert.equal(aws.requests.length, 5);
  });

  it('asks for other keys once when AWS calls them expired', async () => {
    const aws = new AwsDouble({ status: 403, type: 'ExpiredTokenException' });
    await assert.rejects(aws.client(new FakeClock()).call(call), {
      ...{ kind: 'unauthenticated', code: 'aws-credentials-expired' },
    });
    assert.deepEqual([aws.requests.length, aws.forgotten], [2, [KEYS.accessKeyId]]);
  });

  it('forgets keys that AWS refuses, as those of a role may have been replaced', async () => {
    const aws = new AwsDouble({ status: 403, type: 'UnrecognizedClientException' });
    await assert.rejects(aws.client(new FakeClock()).call(call), {
      code: 'aws-credentials-refused',
    });
    assert.deepEqual([aws.requests.length, aws.forgotten], [1, [KEYS.accessKeyId]]);
  });

  it('repeats nothing else', async () => {
    const aws = new AwsDouble({ status: 400, type: 'InvalidArgumentException' });
    await assert.rejects(aws.client(new FakeClock()).call(call), { code: 'aws-argument-refused' });
    assert.equal(aws.requests.length, 1);
  });

  it('refuses an answer that is no JSON', async () => {
    const aws = new AwsDouble({ body: '<html>' });
    await assert.rejects(aws.client(new FakeClock()).call(call), { code: 'aws-answer-invalid' });
  });
});

describe('awsFailure()', () => {
  const cases: readonly [ScriptedAnswer, string, RegExp][] = [
    [
      { status: 400, type: 'AccessDeniedException', body: { Message: 'no policy' } },
      'aws-access-denied',
      /allow the IAM action kinesisvideo:DescribeStream on stream 'cam': no policy$/u,
    ],
    [
      { status: 404, type: 'ResourceNotFoundException' },
      'aws-not-found',
      /stream 'cam' does not exist in region eu-central-1$/u,
    ],
    [
      { status: 404, body: { __type: 'com.amazonaws.kv#ResourceNotFoundException' } },
      'aws-not-found',
      /with ResourceNotFoundException \(404\)/u,
    ],
    [
      {
        ...{ status: 403, type: 'InvalidSignatureException:http://internal.amazon.com/' },
        date: new Date(Date.UTC(2026, 0, 1, 0, 10)).toUTCString(),
        body: { message: 'Signature expired: token secretcanary' },
      },
      'aws-clock-skew',
      /the clock of this machine differs from that of AWS \(600 s off\)/u,
    ],
    [
      { status: 403, type: 'SignatureDoesNotMatch', body: { message: 'The Canonical String ...' } },
      'aws-credentials-refused',
      /check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the region$/u,
    ],
    [{ status: 403, type: 'UnrecognizedClientException' }, 'aws-credentials-refused', /check AWS/u],
    [{ status: 401, type: 'NotAuthorizedException' }, 'aws-access-denied', /allow the IAM action/u],
    [{ status: 503, body: 'busy' }, 'aws-unavailable', /with an error \(503\)/u],
    [{ status: 400, type: 'ResourceInUseException' }, 'aws-in-use', /ResourceInUse/u],
    [
      { status: 400, type: 'AccountStreamLimitExceededException' },
      'aws-limit-exceeded',
      /AccountStreamLimit/u,
    ],
    [{ status: 400, type: 'SessionExpiredException' }, 'aws-refused', /SessionExpired/u],
    [
      {
        ...{ status: 400, type: 'InvalidArgumentException' },
        body: { Message: 'bad X-Amz-Security-Token=secretcanary' },
      },
      'aws-argument-refused',
      /: bad \*\*\*; stream 'cam' in eu-central-1$/u,
    ],
  ];
  for (const [answer, code, words] of cases) {
    it(`names ${answer.type ?? String(answer.status)} as ${code}`, async () => {
      const failure = await failureOf(answer);
      assert.deepEqual([failure.code, words.test(failure.message)], [code, true], failure.message);
      assert.doesNotMatch(failure.message, /canary|Canonical/u);
    });
  }

  it('never fails, whatever the answer is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(600), (type, body, status) => {
        const answer = { status, headers: { 'x-amzn-errortype': type, date: body }, body };
        const facts = { action: 'a', subject: 's', region: 'r', nowMs: 0 };
        assert(awsFailure(answer, facts) instanceof MediaError);
        assert.match(awsErrorName(answer), /^\w{0,100}$/u);
      }),
    );
  });
});

describe('awsEndpoint()', () => {
  it('knows the domain of China, and what the environment says', () => {
    const china = awsEndpoint({ region: 'cn-north-1' });
    assert.equal(china.url.href, 'https://kinesisvideo.cn-north-1.amazonaws.com.cn/');
    const environment = { AWS_ENDPOINT_URL_KINESIS_VIDEO: 'http://127.0.0.1:9' };
    const custom = awsEndpoint({ region: 'us-gov-west-1', environment });
    assert.deepEqual([custom.url.href, custom.isCustom], ['http://127.0.0.1:9/', true]);
    assert.equal(awsEndpoint({ region: 'us-west-2', endpoint: '' }).isCustom, false);
  });

  it('refuses what is no region and no address', () => {
    for (const region of ['', 'evil.example/', 'us-west', 'US-WEST-2']) {
      assert.throws(() => awsEndpoint({ region }), { code: 'aws-region-invalid' });
    }
    for (const endpoint of ['ftp://h', 'x', 'https://user:secret@h/']) {
      assert.throws(() => awsEndpoint({ region: 'us-west-2', endpoint }), {
        code: 'aws-endpoint-invalid',
      });
    }
  });

  it('lets only an operator choose this machine, and do without TLS', () => {
    const custom = awsEndpoint({ region: 'us-west-2', endpoint: 'http://localhost:1' });
    const own = awsEndpoint({ region: 'us-west-2' });
    const local = { host: 'localhost', port: 1 };
    assert.doesNotThrow(() => endpointPolicy(custom).checkAddress(local, '127.0.0.1'));
    assert.throws(() => endpointPolicy(own).checkAddress(local, '127.0.0.1'));
    assert.equal(namedEndpoint(custom, 'ws://127.0.0.1:5', 'wss').port, '5');
    assert.throws(() => namedEndpoint(own, 'ws://127.0.0.1:5', 'wss'), {
      code: 'aws-answer-invalid',
    });
  });
});

describe('retryDelayMs()', () => {
  it('doubles up to ten seconds, wholly at random', () => {
    assert.deepEqual(
      [0, 1, 6, 7, 1000].map((attempt) => retryDelayMs(attempt, 1)),
      [100, 200, 6400, 10_000, 10_000],
    );
    assert.equal(retryDelayMs(3, 0), 0);
  });
});
