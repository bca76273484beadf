// What a test can order of the control plane, and HTTPS; AWS's own clients judge the rest end to end.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { KvsDouble } from './kvs-double.ts';

describe('KvsDouble', () => {
  let double: KvsDouble;

  before(async () => {
    double = await KvsDouble.start();
  });
  after(() => double.close());

  const describeStream = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${double.endpoint}/describeStream`, {
      ...{ method: 'POST', body: '{}' },
      ...(signal === undefined ? {} : { signal }),
    });

  it('refuses what is not signed, and unknown operations', async () => {
    const response = await describeStream();
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
    assert.deepEqual(await response.json(), { message: 'Missing Authentication Token' });
    assert.equal((await fetch(`${double.endpoint}/describeNothing`)).status, 404);
    const last = double.failures.calls.at(-1);
    assert.equal(last?.operation, 'describeStream');
    assert.equal(last.errorType, 'MissingAuthenticationTokenException');
  });

  it('lets ordered failures happen in their order, then serves again', async () => {
    const { failures } = double;
    failures.failNext('describeStream', { kind: 'error', type: 'ThrottlingException' }, 2);
    failures.failNext('describeStream', { kind: 'reply', status: 502, body: '<html>' });
    failures.failNext('describeStream', { kind: 'drop' });
    failures.failNext('describeStream', { kind: 'hang' });
    const before = failures.countOf('describeStream');
    for (let i = 0; i < 2; i += 1) {
      const response = await describeStream();
      assert.equal(response.headers.get('x-amzn-errortype'), 'ThrottlingException');
      assert.deepEqual(await response.json(), { Message: 'ordered ThrottlingException' });
    }
    const reply = await describeStream();
    assert.equal(`${reply.status} ${await reply.text()}`, '502 <html>');
    await assert.rejects(describeStream());
    const abort = new AbortController();
    const hanging = describeStream(abort.signal);
    await failures.called('describeStream', before + 5);
    abort.abort();
    await assert.rejects(hanging, { name: 'AbortError' });
    assert.equal((await describeStream()).status, 403);
  });

  it('speaks HTTPS with its own certificate', async () => {
    await using secure = await KvsDouble.start({ isHttpSecure: true, isSignalingSecure: false });
    assert.match(secure.endpoints.master, /^ws:/u);
    for (const url of [secure.endpoint, secure.endpoints.api, secure.endpoints.data]) {
      const status = await new Promise((resolve, reject) => {
        const call = request(url, { ca: secure.certificate.cert }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        call.on('error', reject).end();
      });
      assert.equal(status, 404);
    }
  });
});
