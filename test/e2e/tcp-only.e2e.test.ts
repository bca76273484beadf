// A firewall between viewer and server drops all UDP: the player still shows the picture, over ICE-TCP.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { commandOn, FirewalledNetwork, type Machine } from './support/firewalled-network.ts';
import { pollUntil } from './support/kit-call.ts';

const PROJECT_ROOT = join(import.meta.dirname, '../..');
const DEMO = join(PROJECT_ROOT, 'core/assets/demo.mp4');
const START_TIMEOUT_MS = 15_000;
const WATCH_TIMEOUT_MS = 15_000;
const ENOUGH_FRAMES = 25;

const watchingSchema = z.object({
  framesDecoded: z.number(),
  packetsLost: z.number(),
  /** Of the selected pair: protocol of both candidates, and where the server's one points to. */
  local: z.string(),
  remote: z.string(),
  address: z.string(),
});
type Watching = z.infer<typeof watchingSchema>;

/** Keeps the connections that the page makes, for their statistics. */
const KEEP_CONNECTIONS = `
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      globalThis.connections.push(this);
    }
  };`;

/** Reads the connection that has a selected pair and decodes video; null when none does. */
const READ_CONNECTIONS = `(async () => {
  for (const connection of globalThis.connections) {
    const stats = await connection.getStats();
    const rows = [...stats.values()];
    const video = rows.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const pairId = rows.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
    const pair = stats.get(pairId);
    if (video?.framesDecoded === undefined || pair === undefined) continue;
    const { framesDecoded, packetsLost } = video;
    const local = stats.get(pair.localCandidateId).protocol;
    const { protocol: remote, address, port } = stats.get(pair.remoteCandidateId);
    return { framesDecoded, packetsLost, local, remote, address: address + ':' + port };
  }
  return null;
})()`;

/** Resolves when enough frames came by way of `protocol`. */
async function watchBy(page: Page, protocol: string): Promise<Watching> {
  const seen = await pollUntil(
    async () => watchingSchema.nullable().parse(await page.evaluate(READ_CONNECTIONS)),
    (now) => now !== null && now.framesDecoded >= ENOUGH_FRAMES && now.remote === protocol,
    WATCH_TIMEOUT_MS,
  );
  assert.ok(seen !== null);
  return seen;
}

/** The server with every default: only its folder and its one path are the test's. */
async function startServer(machine: Machine, folder: string): Promise<ChildProgram> {
  const configPath = join(folder, 'mediamtx.yml');
  await writeFile(configPath, stringify({ paths: { demo: { source: `file:${DEMO}` } } }));
  const args = [join(PROJECT_ROOT, 'pro/main.ts'), configPath];
  const line = commandOn(machine, process.execPath, args);
  const server = new ChildProgram({ name: 'server', ...line, cwd: folder });
  try {
    await server.waitForOutput(
      ({ output }) => /server is ready/u.exec(output) ?? undefined,
      START_TIMEOUT_MS,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function launchChromium(machine: Machine, folder: string): Promise<Chromium> {
  const executablePath = join(folder, 'chromium');
  const { command, args } = commandOn(machine, '/usr/bin/chromium', []);
  const script = `#!/bin/sh\nexec ${command} ${args.join(' ')} "$@"\n`;
  await writeFile(executablePath, script, { mode: 0o700 });
  return Chromium.launch({ executablePath });
}

describe('a viewer behind a firewall', () => {
  const opened = new AsyncDisposableStack();
  let network: FirewalledNetwork;
  let server: ChildProgram;
  let browser: Chromium;

  before(async function () {
    try {
      network = opened.use(await FirewalledNetwork.create());
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      this.skip();
    }
    const folder = await mkdtemp(join(tmpdir(), 'mediamtx-pro-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    server = opened.use(await startServer(network.server, folder));
    browser = opened.use(await launchChromium(network.viewer, folder));
  });

  after(() => opened.disposeAsync());

  async function openPlayer(): Promise<Page> {
    const page = await browser.open('about:blank');
    await page.addInitScript(KEEP_CONNECTIONS);
    await page.goto(`http://${network.server.address}:8889/demo/`);
    return page;
  }

  async function assertReach(expected: string): Promise<void> {
    const { viewer, server: far } = network;
    assert.equal(await network.reach(viewer, far), expected, 'from the viewer to the server');
    assert.equal(await network.reach(far, viewer), expected, 'from the server to the viewer');
  }

  it('watches over UDP where the firewall passes everything', async () => {
    await assertReach('5 of 5 datagrams');
    const page = await openPlayer();
    const { local, address } = await watchBy(page, 'udp');
    assert.deepEqual([local, address], ['udp', `${network.server.address}:8189`]);
    await page.close();
  });

  it('watches over TCP where the firewall drops UDP', async () => {
    await network.dropUdp();
    await assertReach('0 of 5 datagrams');
    const page = await openPlayer();
    const { local, address, packetsLost } = await watchBy(page, 'tcp');
    assert.deepEqual([local, address, packetsLost], ['tcp', `${network.server.address}:8189`, 0]);
    assert.equal(server.exit, undefined, server.output);
    await page.close();
  });
});
