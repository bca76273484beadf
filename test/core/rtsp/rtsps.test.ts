// Tests of RTSP over TLS.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RtspClient } from '../../support/rtsp-client.ts';
import { GENERIC_SDP, RtspFixture } from '../../support/rtsp-fixture.ts';
import { makeSelfSignedPair } from '../../support/self-signed-pair.ts';

describe('RtspServer over TLS', () => {
  let folder = '';
  let files: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rtsps-'));
    const { key, cert } = makeSelfSignedPair();
    await writeFile(join(folder, 'a.key'), key);
    await writeFile(join(folder, 'a.crt'), cert);
    files = [`rtspServerKey: ${join(folder, 'a.key')}`, `rtspServerCert: ${join(folder, 'a.crt')}`];
  });
  after(() => rm(folder, { recursive: true }));

  it('serves RTSPS beside RTSP when encryption is optional', async () => {
    await using fixture = await RtspFixture.start({ yml: ['rtspEncryption: optional', ...files] });
    const schemes = fixture.server.listenAddresses.map(({ scheme }) => scheme);
    assert.deepEqual(schemes, ['rtsp', 'rtsps']);
    const port = fixture.server.listenAddresses[1]?.address.port ?? 0;
    await using client = await RtspClient.connect(port, { isEncrypted: true });
    const url = `rtsps://127.0.0.1:${port}/cam`;
    assert.equal((await client.request('ANNOUNCE', url, { body: GENERIC_SDP })).statusCode, 200);
    const udp = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };
    const refused = await client.request('SETUP', `${url}/streamid=0`, { headers: udp });
    assert.equal(refused.statusCode, 461);
    const tcp = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
    const taken = await client.request('SETUP', `${url}/streamid=0`, { headers: tcp });
    assert.equal(taken.statusCode, 200);
    assert.equal((await client.request('RECORD', url)).statusCode, 200);
    assert.equal(fixture.sessions.list()[0]?.type, 'rtspsSession');
  });

  it('serves only RTSPS and no UDP when encryption is strict', async () => {
    await using fixture = await RtspFixture.start({ yml: ['rtspEncryption: strict', ...files] });
    const schemes = fixture.server.listenAddresses.map(({ scheme }) => scheme);
    assert.deepEqual(schemes, ['rtsps']);
    assert.equal(fixture.server.udpPorts, undefined);
  });

  it('survives a client that speaks no TLS', async () => {
    await using fixture = await RtspFixture.start({ yml: ['rtspEncryption: strict', ...files] });
    await using client = await fixture.connect();
    client.sendRaw('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    await client.waitForClose();
    await using other = await RtspClient.connect(fixture.port, { isEncrypted: true });
    assert.equal((await other.request('OPTIONS', '*')).statusCode, 200);
  });

  it('names the key and the file that can not be used', async () => {
    const missing = new RtspFixture({
      yml: ['rtspEncryption: strict', 'rtspServerKey: /nowhere/x.key', 'rtspServerCert: y.crt'],
    });
    await assert.rejects(missing.server.start(), {
      kind: 'failed-precondition',
      message: /^rtspServerKey '\/nowhere\/x\.key' cannot be read \(ENOENT\)/u,
    });
    const swapped = new RtspFixture({
      yml: [
        'rtspEncryption: strict',
        `rtspServerKey: ${join(folder, 'a.crt')}`,
        `rtspServerCert: ${join(folder, 'a.key')}`,
      ],
    });
    await assert.rejects(swapped.server.start(), {
      message: /^rtspServerKey .* are not a key and its/u,
    });
    for (const fixture of [missing, swapped]) await fixture[Symbol.asyncDispose]();
  });
});
