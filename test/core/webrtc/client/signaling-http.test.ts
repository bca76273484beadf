// Requests of WHIP and WHEP clients to real servers on 127.0.0.1 that behave badly.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { systemClock } from '../../../../core/base/clock.ts';
import {
  sendSignaling,
  type SignalingReply,
  type SignalingRequest,
} from '../../../../core/webrtc/client/signaling-http.ts';
import { makeSelfSignedPair } from '../../../support/self-signed-pair.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function ask(
  listener: RequestListener,
  options: Partial<SignalingRequest> = {},
  tls?: { readonly key: string; readonly cert: string },
): Promise<SignalingReply> {
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const port = await portOf(server);
  try {
    return await sendSignaling(systemClock, {
      ...{ method: 'POST', headers: { Authorization: 'Bearer t' }, body: 'offer' },
      url: new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}/a?b`),
      ...{ fingerprint: '', fingerprintKey: 'destFingerprint', timeoutMs: 2000 },
      signal: new AbortController().signal,
      ...options,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('sendSignaling()', () => {
  it('sends method, path, headers and body, and reads the answer', async () => {
    const reply = await ask((request, response) => {
      const { method = '', url = '', headers } = request;
      response.writeHead(201, { Location: '/s' });
      request.once('data', (body: Buffer) => {
        response.end([method, url, headers.authorization, body.toString()].join(' '));
      });
    });
    assert.deepEqual([reply.status, reply.headers.location], [201, '/s']);
    assert.equal(reply.body, 'POST /a?b Bearer t offer');
  });

  it('refuses an answer without end', async () => {
    const run = ask((_request, response) => void response.end(Buffer.alloc(200_000)));
    await assert.rejects(run, { code: 'signaling-failed', message: /more than 131072 bytes/u });
  });

  it('gives up when nothing comes, and when told to', async () => {
    const silent: RequestListener = () => undefined;
    await assert.rejects(ask(silent, { timeoutMs: 30 }), { code: 'signaling-timeout' });
    const signal = AbortSignal.timeout(20);
    await assert.rejects(ask(silent, { signal }));
    await assert.rejects(ask(silent, { signal: AbortSignal.abort() }));
  });

  it('names a server that hangs up or is not there', async () => {
    const run = ask((request) => void request.socket.destroy());
    await assert.rejects(run, { code: 'signaling-failed', kind: 'unavailable' });
    const url = new URL('http://127.0.0.1:1/');
    await assert.rejects(
      ask(() => undefined, { url }),
      { code: 'signaling-failed', message: /127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED/u },
    );
  });

  it('shows nothing to a server whose certificate is not the pinned one', async () => {
    const pair = makeSelfSignedPair();
    const pin = new X509Certificate(pair.cert).fingerprint256;
    let requests = 0;
    const count: RequestListener = (_request, response) => {
      requests++;
      response.end('ok');
    };
    await assert.rejects(ask(count, { fingerprint: '00'.repeat(32) }, pair), {
      code: 'signaling-fingerprint-mismatch',
      message: /destFingerprint is 0000/u,
    });
    const message = new RegExp(`destFingerprint: ${pin.replaceAll(':', '').toLowerCase()}`, 'u');
    await assert.rejects(ask(count, {}, pair), {
      ...{ code: 'signaling-certificate-untrusted', message },
    });
    assert.equal(requests, 0);
    assert.equal((await ask(count, { fingerprint: pin }, pair)).body, 'ok');
  });
});
