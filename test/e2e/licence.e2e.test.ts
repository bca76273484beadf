// A server that needs a licence and has an expired one: Pro endpoints say so, the core goes on streaming.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { formatPublicKey, issueLicence } from '../../pro/license/licence.ts';
import { ApiClient } from './support/api-client.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { findFreePorts } from './support/free-ports.ts';
import { ServerProcess } from './support/server-process.ts';

const DAY_MS = 86_400_000;
const { privateKey } = generateKeyPairSync('ed25519');

async function startServer(
  licence: { readonly expiresAt: number },
  go2rtcPort: number,
): Promise<ServerProcess> {
  const coreServerKey = issueLicence(
    {
      ...{ macs: [], domain: undefined, customer: undefined, ...licence },
      issuedAt: Date.now() - 9 * DAY_MS,
    },
    privateKey,
  );
  const clients = [{ id: 'ha', secret: 'secret-of-the-end-to-end-tests-32' }];
  return await ServerProcess.start({
    settings: { api: true, webrtc: false, coreServerKey },
    pro: {
      licence: { required: true, publicKey: formatPublicKey(privateKey) },
      smartly: { enable: true, clients },
      go2rtc: { enable: true, address: `127.0.0.1:${go2rtcPort}` },
    },
  });
}

describe('a licence that is required', () => {
  it('and has expired closes the Pro endpoints, and nothing else', async () => {
    const go2rtcPort = await findFreePorts(1);
    await using server = await startServer({ expiresAt: Date.now() - DAY_MS }, go2rtcPort);
    const api = new ApiClient(server.apiUrl(''));
    const posted = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } };
    for (const [path, init] of [
      ['/api/v2/info'],
      ['/api/v2/record/start', posted],
      ['/res/20260101/a.mp4'],
      ['/webrtc/ice-config'],
      ['/api/smartly/camera/camera.a/webrtc', posted],
    ] as const) {
      const { status, json } = await api.send(path, init);
      assert.equal(status, 403, path);
      assert.match(JSON.stringify(json), /licen[cs]e/u, path);
    }
    const go2rtc = new ApiClient(`http://127.0.0.1:${go2rtcPort}`);
    assert.equal((await go2rtc.send('/api/streams')).status, 403);
    const socket = new WebSocket(server.apiUrl('/ws').replace(/^http/u, 'ws'));
    const failure: readonly unknown[] = await once(socket, 'error');
    assert.match(String(failure[0]), /403/u);
    await using publisher = await publishWithFfmpeg({ url: server.rtspUrl('cam') });
    const { packets } = await probeWithFfprobe({ url: server.rtspUrl('cam') });
    assert.ok(packets.length > 10, `${packets.length} packets`);
    const listed = await api.send('/v3/paths/get/cam');
    assert.equal(listed.status, 200);
    assert.match(JSON.stringify(listed.json), /"ready":true/u);
    assert.equal(publisher.exit, undefined);
  });

  it('and is valid opens them', async () => {
    const go2rtcPort = await findFreePorts(1);
    await using server = await startServer({ expiresAt: Date.now() + DAY_MS }, go2rtcPort);
    const api = new ApiClient(server.apiUrl(''));
    assert.equal((await api.send('/api/v2/info')).status, 200);
    assert.equal((await api.send('/webrtc/ice-config')).status, 200);
    const go2rtc = new ApiClient(`http://127.0.0.1:${go2rtcPort}`);
    assert.equal((await go2rtc.send('/api/streams')).status, 200);
  });
});
