// Tuya from the configuration files alone: a server whose façade shows a path, and a second path that pulls it back.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { findFreePorts } from './support/free-ports.ts';
import { decodeWithFfmpeg } from './support/ffmpeg-reader.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { MosquittoBroker } from './support/mosquitto-broker.ts';
import { ServerProcess } from './support/server-process.ts';

const AGENT = { username: 'agent', password: 'agent@pass/word' };
const VIEWER = { username: 'viewer', password: 'password-of-viewers' };
const SECRET = 'secret-of-the-project-32-characters';
const DEVICE = '6c9a943f2ea6929675ymcq';

describe('Tuya by configuration', () => {
  it('shows a path through the façade, and pulls it as a camera', async () => {
    await using broker = await MosquittoBroker.start({
      users: [
        { ...AGENT, rules: ['topic read /av/moto/moto_pro001/u/+', 'topic write /av/u/+'] },
        { ...VIEWER, rules: ['topic write /av/moto/moto_pro001/u/+'] },
      ],
      patterns: ['pattern read /av/u/%c'],
    });
    const port = await findFreePorts(1);
    const login = { clientId: 'project-1', secret: SECRET, uid: 'ay1564026880284vtest' };
    const endpoint = `http://127.0.0.1:${port}`;
    const fingerprint = new X509Certificate(broker.ca).fingerprint256;
    await using server = await ServerProcess.start({
      paths: { cam: {}, back: { source: `tuya://main/${DEVICE}?stream=main` } },
      pro: {
        tuya: {
          accounts: {
            main: { ...login, endpoint, mqttCA: broker.caFile },
          },
          facade: {
            ...{ ...login, enable: true, address: `127.0.0.1:${port}` },
            ...{ broker: broker.urlFor(AGENT), brokerFingerprint: fingerprint },
            ...{ brokerPublic: broker.tuyaUrl, devices: { [DEVICE]: { path: 'cam' } } },
            ...{ viewerUsername: VIEWER.username, viewerPassword: VIEWER.password },
          },
        },
      },
    });
    await using publisher = await publishWithFfmpeg({
      ...{ url: server.rtspUrl('cam'), video: 'h264', audio: 'pcmu' },
    });
    assert.equal(publisher.exit, undefined);
    await server.waitForLog(/\[path back\] stream is available and online/u, 40_000);
    const { videoFrames, warnings } = await decodeWithFfmpeg({
      ...{ url: server.rtspUrl('back'), durationSeconds: 3 },
    });
    assert.ok(videoFrames >= 40, `${videoFrames} frames; ${warnings}`);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    for (const secret of [SECRET, AGENT.password, VIEWER.password]) {
      assert.ok(!server.log.includes(secret), `${secret} is in the log`);
    }
  });
});
