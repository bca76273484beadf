// kvs:// sources and masters of channels against the double of the service and AWS's own SDK in Chromium.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_KVS_KEY, KvsDouble } from '../support/kvs/kvs-double.ts';
import type { Chromium } from './support/chromium.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { KvsMasterPage } from './support/kvs-master-page.ts';
import { KvsSite, launchKvsChromium } from './support/kvs-site.ts';
import { KvsViewerPage } from './support/kvs-viewer-page.ts';
import { ServerProcess } from './support/server-process.ts';
import { TurnServer } from './support/turn-server.ts';
import { WhepPage } from './support/whep-page.ts';

const CHANNEL = 'front-door';
const OFFERED = 'our-channel';
const BEHIND_NAT = 'behind-nat';

/** Waits until the path came online for the nth time. */
async function waitForOnline(server: ServerProcess, times: number): Promise<void> {
  const online = /\[path cam\] stream is available and online/u.source;
  await server.waitForLog(new RegExp(`(?:${online}[\\s\\S]*?){${times}}`, 'u'), 30_000);
}

describe('kvs:// with the SDK of AWS in Chromium', () => {
  let double: KvsDouble;
  let folder: string;
  let server: ServerProcess;
  let browser: Chromium;
  let site: KvsSite;

  /** The SDK as MASTER; it sends H264 and Opus. */
  async function startMaster(): Promise<KvsMasterPage> {
    const page = await site.open(browser);
    const master = await KvsMasterPage.start(page, { double, channelName: CHANNEL });
    assert.equal(master.opened, 'open');
    return master;
  }

  async function watch(path: string): Promise<WhepPage> {
    return await WhepPage.start(await browser.openKit(), { url: server.whepUrl(path) });
  }

  before(async () => {
    double = await KvsDouble.start({ channels: [CHANNEL, OFFERED, BEHIND_NAT] });
    folder = await mkdtemp(join(tmpdir(), 'kvs-'));
    const certificate = join(folder, 'service.pem');
    await writeFile(certificate, double.certificate.cert);
    const { accessKeyId, secretAccessKey } = DEFAULT_KVS_KEY;
    const { region, endpoint } = double;
    site = await KvsSite.start();
    browser = await launchKvsChromium();
    server = await ServerProcess.start({
      env: { NODE_EXTRA_CA_CERTS: certificate },
      paths: {
        cam: { source: `kvs://${region}/${CHANNEL}` },
        relayed: { source: `kvs://${region}/${BEHIND_NAT}`, sourceOnDemand: true },
        own: {},
      },
      pro: {
        kvs: {
          ...{ accessKeyId, secretAccessKey, endpoint, stun: 'none' },
          masters: { [OFFERED]: { path: 'own', region } },
        },
      },
    });
  });

  after(async () => {
    const { log } = server;
    await server.stop();
    await browser.close();
    await site[Symbol.asyncDispose]();
    await double.close();
    await rm(folder, { recursive: true });
    for (const secret of [DEFAULT_KVS_KEY.secretAccessKey, 'X-Amz-Signature', 'Signature=']) {
      assert.ok(!log.includes(secret), `${secret} is in the log`);
    }
  });

  it('shows a master that comes later, also while the signalling is renewed', async () => {
    const first = await double.signaling.viewerOf(CHANNEL);
    assert.match(first.clientId, /^viewer-\d{10}$/u);
    const master = await startMaster();
    await waitForOnline(server, 1);
    const { streams } = await probeWithFfprobe({ url: server.rtspUrl('cam') });
    assert.deepEqual(streams.map(({ codec_name: name }) => name).sort(), ['h264', 'opus']);
    const viewer = await watch('cam');
    await viewer.waitForFrames(20, 20_000);
    first.sendGoAway();
    const second = await double.signaling.waitFor(() => {
      const peer = double.signaling.relay(CHANNEL).viewer(first.clientId);
      return peer === first ? undefined : peer;
    });
    second.close(1001, 'after an hour');
    await double.signaling.waitFor(() => {
      const peer = double.signaling.relay(CHANNEL).viewer(first.clientId);
      return peer === second ? undefined : peer;
    });
    const { video } = await viewer.report();
    await viewer.waitForFrames((video?.framesDecoded ?? 0) + 40, 20_000);
    const { viewers } = await master.report();
    assert.deepEqual(
      viewers.map(({ connectionState, errors }) => ({ connectionState, errors })),
      [{ connectionState: 'connected', errors: [] }],
    );
    assert.deepEqual([...first.violations, ...second.violations], []);
    assert.doesNotMatch(server.log, /source failed/u);
    await viewer.stop();
    await master.stop();
  });

  it('says that the master is gone, and shows the next one', async () => {
    await server.waitForLog(
      /source failed: master of channel 'front-door' in us-west-2: /u,
      30_000,
    );
    const master = await startMaster();
    await waitForOnline(server, 2);
    const { videoFrames, warnings } = await decodeWithFfmpeg({
      ...{ url: server.rtspUrl('cam'), durationSeconds: 3 },
    });
    assert.ok(videoFrames >= 20, `${videoFrames} frames; ${warnings}`);
    await master.stop();
  });

  it('reaches a master through the TURN servers of the channel', async () => {
    const [Username, Password] = ['kvs-user', 'kvs-password'];
    const login = ['lt-cred-mech', `user=${Username}:${Password}`, 'realm=kvs.example.com'];
    await using turn = await TurnServer.start(login);
    double.iceServers = [{ Uris: [turn.url], Username, Password, Ttl: 300 }];
    const master = await KvsMasterPage.start(await site.open(browser), {
      ...{ double, channelName: BEHIND_NAT, isRelayOnly: true },
    });
    const viewer = await watch('relayed');
    await viewer.waitForFrames(20, 20_000);
    const { viewers } = await master.report();
    assert.match(JSON.stringify(viewers[0]?.pair), /relay/u);
    // One relay for each end.
    assert.ok((turn.log.match(/ALLOCATE processed, success/gu) ?? []).length >= 2, turn.log);
    await viewer.stop();
    await master.stop();
    assert.ok(!server.log.includes(Password), 'the password of the relay is in the log');
  });

  it('offers a path to viewers of a channel', async () => {
    await double.signaling.masterOf(OFFERED);
    await using publisher = await publishWithFfmpeg({
      ...{ url: server.rtspUrl('own'), video: 'h264', audio: 'opus' },
    });
    assert.equal(publisher.exit, undefined);
    await server.waitForLog(/\[path own\] stream is available and online/u, 20_000);
    const page = await site.open(browser);
    const options = { double, channelName: OFFERED, clientId: 'sdk-viewer' };
    const viewer = await KvsViewerPage.start(page, options);
    const { errors } = await viewer.waitForFrames(25, 20_000);
    assert.deepEqual(errors, []);
    // The service ends the master's connection; its viewers stay.
    const peer = await double.signaling.masterOf(OFFERED);
    peer.close(1001);
    await double.signaling.waitFor(() => {
      const next = double.signaling.relay(OFFERED).master;
      return next === peer ? undefined : next;
    });
    const { video } = await viewer.report();
    await viewer.waitForFrames((video?.framesDecoded ?? 0) + 25);
    const again = await KvsViewerPage.start(await site.open(browser), {
      ...options,
      clientId: 'another',
    });
    await again.waitForFrames(10, 20_000);
    assert.deepEqual(peer.violations, []);
    await viewer.stop();
    await again.stop();
  });
});
