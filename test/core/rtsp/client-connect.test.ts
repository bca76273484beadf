// Tests of rtsps: certificates pinned by fingerprint, untrusted ones named.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { FakeCamera, reply } from '../../support/fake-camera.ts';
import { makeSelfSignedPair } from '../../support/self-signed-pair.ts';
import { playing, pull, stopCleanly } from './client-pull.ts';

describe('a source over TLS', () => {
  const tls = makeSelfSignedPair();
  const withColons = new X509Certificate(tls.cert).fingerprint256;
  const bare = withColons.replaceAll(':', '').toLowerCase();

  for (const sourceFingerprint of [withColons, bare]) {
    it(`is trusted by its fingerprint ${sourceFingerprint.slice(0, 8)}... and played over TCP`, async () => {
      await using camera = await FakeCamera.start({ tls });
      const run = pull(camera, { config: { sourceFingerprint } });
      await playing(run);
      assert.equal(camera.transport, 'tcp');
      await stopCleanly(run, camera);
    });
  }

  it('with another fingerprint is refused, both named, nothing sent', async () => {
    await using camera = await FakeCamera.start({ tls });
    const sourceFingerprint = bare.replace(/^./u, (digit) => (digit === '0' ? '1' : '0'));
    const run = pull(camera, { config: { sourceFingerprint } });
    const failure = await run.ended;
    assert.equal(failure?.code, 'rtsp-fingerprint-mismatch');
    assert.ok(failure.message.includes(bare) && failure.message.includes(sourceFingerprint));
    await camera.waitForNobody();
    assert.deepEqual(camera.requests, []);
    assert.equal(run.clock.pendingTimers, 0);
  });

  it('without a fingerprint is refused with the one to paste', async () => {
    await using camera = await FakeCamera.start({ tls });
    const failure = await pull(camera).ended;
    assert.equal(failure?.code, 'rtsp-certificate-untrusted');
    assert.ok(failure.message.endsWith(`sourceFingerprint: ${bare}`), failure.message);
    await camera.waitForNobody();
    assert.deepEqual(camera.requests, []);
  });

  it('does not follow a redirect out of TLS', async () => {
    await using plain = await FakeCamera.start();
    await using camera = await FakeCamera.start({ tls });
    camera.answers['DESCRIBE'] = (request) => reply(request, 302, { Location: plain.url() });
    const failure = await pull(camera, { config: { sourceFingerprint: bare } }).ended;
    assert.equal(failure?.code, 'rtsp-redirect-refused');
    assert.equal(plain.totalConnections, 0);
  });

  it('that speaks no TLS is named', async () => {
    await using camera = await FakeCamera.start();
    const failure = await pull(camera, { url: camera.url().replace('rtsp:', 'rtsps:') }).ended;
    assert.equal(failure?.kind, 'unavailable');
    assert.ok(['rtsp-connect-failed'].includes(failure.code), failure.message);
  });

  it('that answers TLS with text is explained without the internals of OpenSSL', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    await using camera = await FakeCamera.start();
    const failure = await pull(camera, { url: `rtsps://127.0.0.1:${address.port}/x` }).ended;
    server.close();
    assert.equal(
      failure?.message,
      `127.0.0.1:${address.port} can't be reached: TLS: wrong version number`,
    );
  });

  it('that never finishes its handshake is given up after 5 s', async () => {
    await using camera = await FakeCamera.start();
    const mute = createServer();
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const accepted = once(mute, 'connection');
    const run = pull(camera, { url: `rtsps://127.0.0.1:${port}/x` });
    await accepted;
    run.clock.advance(5000);
    const failure = await run.ended;
    assert.match(failure?.message ?? '', /can't be reached within 5 s$/u);
    assert.equal(run.clock.pendingTimers, 0);
    mute.close();
    await once(mute, 'close');
  });
});
