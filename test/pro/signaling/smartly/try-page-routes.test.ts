// Tests of the page for operators: its files, and that nothing else is given away.
import assert from 'node:assert/strict';
import { signRequest } from '../../../../pro/signaling/smartly/request-signature.ts';
import { tryPageRoutes } from '../../../../pro/signaling/smartly/try-page-routes.ts';
import { startListener, type ListenerFixture } from '../../../core/http/listener-fixture.ts';
import { httpRequest } from '../../../support/http-client.ts';

describe('GET /api/smartly/try', () => {
  let listener: ListenerFixture;
  before(async () => {
    listener = await startListener({ routes: tryPageRoutes() });
  });
  after(() => listener[Symbol.asyncDispose]());

  it('serves the page and every file that it names, under a strict policy', async () => {
    const { port } = listener;
    const page = await httpRequest({ port, path: '/api/smartly/try' });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/u);
    const names = [...page.body.matchAll(/(?:href|src)="(try\/[^"]+)"/gu)].map(
      ([, name = '']) => name,
    );
    assert.deepEqual(names.sort(), [
      'try/common.css',
      'try/favicon.svg',
      'try/try.css',
      'try/try.js',
    ]);
    for (const name of names) {
      const { status } = await httpRequest({ port, path: `/api/smartly/${name}` });
      assert.equal(status, 200, name);
    }
  });

  it('serves no other file of its folder', async () => {
    const { port } = listener;
    for (const name of ['try.html', 'trial.js', '..%2fsmartly-bridge.ts']) {
      const { status } = await httpRequest({ port, path: `/api/smartly/try/${name}` });
      assert.ok(status === 404 || status === 400, `${name} ${status}`);
    }
  });
});

describe('signedHeaders() of the page', () => {
  it('signs as the server expects', async () => {
    const folder = new URL('../../../../pro/signaling/smartly/pages/', import.meta.url);
    // The one place where the type of the module is claimed.
    const { signedHeaders } = (await import(new URL('signature.js', folder).href)) as {
      signedHeaders: (
        client: { id: string; secret: string },
        request: { path: string; body: string },
      ) => Promise<Record<string, string>>;
    };
    const path = '/api/smartly/camera/camera.a/webrtc';
    const headers = await signedHeaders({ id: 'ha_1', secret: 'gehéim' }, { path, body: '{}' });
    const expected = signRequest('gehéim', {
      ...{ method: 'POST', target: path, body: Buffer.from('{}') },
      timestamp: headers['X-Timestamp'] ?? '',
      nonce: headers['X-Nonce'] ?? '',
    });
    assert.equal(headers['X-Signature'], expected);
    assert.equal(headers['X-Client-Id'], 'ha_1');
  });
});
