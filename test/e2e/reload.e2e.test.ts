// 500 reloads of mediamtx.yml while ffmpeg and Chromium watch; devices and config.yml that change meanwhile.
import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { eventually } from './support/api-client.ts';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';

const RELOADS = 500;
const FRAMES_PER_SECOND = 25;
const MAX_POLLS = 2000;

const markerSchema = z.looseObject({ maxReaders: z.number() });
const listSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string() })) });
const infoSchema = z.object({
  result: z.object({ restartNeeded: z.array(z.string()), configError: z.string().nullable() }),
});
const fileSchema = z.record(z.string(), z.unknown());

/** What changes from one version of the file to the next; `live` is never named. */
function versionOf(base: z.infer<typeof fileSchema>, number: number): z.infer<typeof fileSchema> {
  const paths: Record<string, unknown> = { live: {}, marker: { maxReaders: number } };
  if (number % 2 === 0) paths[`extra${number % 7}`] = { maxReaders: 1 };
  if (number % 3 === 0) paths['~^dynamic(.*)'] = { publisherHoldTime: `${number % 9}s` };
  if (number % 5 === 0) {
    paths['away'] = { source: `rtsp://127.0.0.1:9/${number}`, sourceOnDemand: number % 2 === 0 };
  }
  const pass = `p${number}`;
  const any = {
    user: 'any',
    permissions: ['publish', 'read', 'api'].map((action) => ({ action })),
  };
  return {
    ...base,
    paths,
    logLevel: number % 2 === 0 ? 'info' : 'debug',
    readTimeout: `${10 + (number % 4)}s`,
    authInternalUsers: [any, { user: 'guard', pass, permissions: [{ action: 'playback' }] }],
    // Inherited by `live`: an entry that changes, but in nothing that its viewers depend on.
    pathDefaults: { recordDeleteAfter: `${1 + (number % 5)}d`, maxReaders: 100 + (number % 3) },
    webrtcAllowOrigins: [`https://${Math.floor(number / 50)}.example.org`, '*'],
  };
}

describe('500 reloads while viewers watch', () => {
  let server: ServerProcess;
  let browser: Chromium;

  before(async () => {
    server = await ServerProcess.start({ settings: { api: true }, paths: { live: {} } });
    browser = await Chromium.launch();
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  async function sessionIds(): Promise<readonly string[]> {
    const lists = await Promise.all(
      ['rtspsessions', 'webrtcsessions'].map((name) => get(server, `/v3/${name}/list`)),
    );
    return lists.flatMap((list) => listSchema.parse(list).items.map(({ id }) => id)).sort();
  }

  async function exchange(text: string): Promise<void> {
    await writeFile(`${server.configPath}.tmp`, text);
    await rename(`${server.configPath}.tmp`, server.configPath);
  }

  async function waitForVersion(number: number): Promise<void> {
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const marker = markerSchema.safeParse(await get(server, '/v3/config/paths/get/marker'));
      if (marker.success && marker.data.maxReaders === number) return;
      await sleep(4);
    }
    assert.fail(`version ${number} of the file was not applied:\n${server.log.slice(-2000)}`);
  }

  it('keeps publisher, RTSP viewer and WHEP viewer, without a gap', async () => {
    await using publisher = await publishWithFfmpeg({
      ...{ url: server.rtspUrl('live'), video: 'h264', audio: 'opus' },
      framesPerSecond: FRAMES_PER_SECOND,
    });
    await using reader = startReader(server.rtspUrl('live'));
    const viewer = await WhepPage.start(await browser.openKit(), { url: server.whepUrl('live') });
    await viewer.waitForFrames(10);
    await reader.waitForOutput((program) => (framesOf(program) >= 10 ? true : undefined), 10_000);
    const base = fileSchema.parse(parse(await readFile(server.configPath, 'utf8')));
    const ids = await sessionIds();
    assert.equal(ids.length, 3);
    const startedMs = performance.now();
    const before = { reader: framesOf(reader), viewer: await viewer.report() };

    for (let number = 1; number <= RELOADS; number++) {
      if (number % 50 === 0) {
        await exchange('paths: [ # an editor saved too early');
        await server.waitForLog(new RegExp(`(?:is not applied[^]*){${number / 50}}`, 'u'));
      }
      await exchange(stringify(versionOf(base, number)));
      await waitForVersion(number);
    }

    const seconds = (performance.now() - startedMs) / 1000;
    const after = { reader: framesOf(reader), viewer: await viewer.report() };
    assert.deepEqual(await sessionIds(), ids);
    assert.deepEqual([publisher.exit, reader.exit], [undefined, undefined]);
    // ffmpeg tells its counter ten times a second, and the first frames come in a bunch.
    const expected = (seconds - 0.5) * FRAMES_PER_SECOND;
    const read = after.reader - before.reader;
    assert.ok(read >= expected * 0.97, `${read} frames in ${seconds.toFixed(1)} s`);
    const { video: first } = before.viewer;
    const { video: last } = after.viewer;
    const received = (last?.framesDecoded ?? 0) - (first?.framesDecoded ?? 0);
    assert.ok(received >= expected * 0.8, `${received} pictures in ${seconds.toFixed(1)} s`);
    assert.doesNotMatch(reader.stderr, /error|EOF|timed out/iu);
  });
});

describe('capture devices that a reload adds and removes', () => {
  it('are reached and refused as after a start, at an address of this machine too', async () => {
    await using device = await startDevice();
    const address = `127.0.0.1:${device.port}`;
    const box = { deviceType: 'network_capture', deviceAddress: address, deviceProbe: 'http' };
    await using server = await ServerProcess.start({
      ...{ settings: { api: true }, paths: { live: {} } },
      pro: { health: { interval: '1s' } },
    });
    const base = fileSchema.parse(parse(await readFile(server.configPath, 'utf8')));
    const reload = (keys: Record<string, unknown>): Promise<void> =>
      writeFile(server.configPath, stringify({ ...base, ...keys }));
    const probed = async (): Promise<string> =>
      await (await fetch(server.apiUrl('/api/v2/device/health'))).text();
    const throughProxy = async (): Promise<number> =>
      (await fetch(server.apiUrl(`/api/v2/proxy/device/x?deviceAddr=${address}`))).status;

    assert.equal(await throughProxy(), 403);
    await reload({ paths: { live: {}, box } });
    // Its stream is missing, but the permission to ask it is not.
    await eventually(() => Promise.resolve(device.seen.includes('/') ? true : undefined));
    assert.doesNotMatch(await probed(), /is loopback, and not allowed/u);
    assert.equal(await throughProxy(), 403);
    await reload({ paths: { live: {}, box }, proxyAllowedDevices: ['127.0.0.1'] });
    await eventually(async () => ((await throughProxy()) === 200 ? true : undefined));
    await reload({ paths: { live: {} }, proxyAllowedDevices: [] });
    await eventually(async () => ((await throughProxy()) === 403 ? true : undefined));
    assert.doesNotMatch(server.log, /counts from the next start: proxyAllowedDevices/u);
  });
});

describe('config.yml that changes while the server runs', () => {
  it('is noticed, and what needs a restart is told by the log and the API', async () => {
    await using server = await ServerProcess.start({
      ...{ settings: { api: true }, paths: { live: {} } },
      pro: { turn: { ttl: 3600 } },
    });
    const info = async (): Promise<z.infer<typeof infoSchema>['result']> =>
      infoSchema.parse(await get(server, '/api/v2/info')).result;
    assert.deepEqual(await info(), { restartNeeded: [], configError: null });
    const file = join(server.folder, 'config.yml');
    await writeFile(file, 'turn: {ttl: 7200}\nwebsocket: {maxClients: 5}\n');
    await server.waitForLog(/restart the server to put it into effect; [^\n]*: websocket, turn/u);
    assert.deepEqual((await info()).restartNeeded, ['websocket', 'turn']);
    await writeFile(file, 'turn: {ttl: soon}\n');
    await server.waitForLog(/would not start again: config\.yml:1:8: turn\.ttl/u);
    assert.match((await info()).configError ?? '', /^config\.yml:1:8: turn\.ttl/u);
  });
});

async function get(server: ServerProcess, path: string): Promise<unknown> {
  const response = await fetch(server.apiUrl(path));
  return await response.json();
}

/** Answers everything, and keeps the paths that were asked for. */
async function startDevice(): Promise<
  AsyncDisposable & { readonly port: number; readonly seen: string[] }
> {
  const seen: string[] = [];
  const device = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('device');
  });
  await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
  const { port } = device.address() as AddressInfo; // A listening TCP server has such an address.
  const close = async (): Promise<void> => {
    device.closeAllConnections();
    await new Promise((resolve) => device.close(resolve));
  };
  return { port, seen, [Symbol.asyncDispose]: close };
}

/** Counts every frame that arrives, without decoding it. */
function startReader(url: string): ChildProgram {
  return new ChildProgram({
    name: 'ffmpeg reader',
    command: 'ffmpeg',
    args: [
      ...['-hide_banner', '-loglevel', 'error', '-nostats'],
      ...['-progress', 'pipe:1', '-stats_period', '0.1', '-rtsp_transport', 'tcp'],
      ...['-i', url, '-map', '0:v', '-c', 'copy', '-f', 'null', '-'],
    ],
  });
}

function framesOf({ stdout }: ChildProgram): number {
  return Number(stdout.slice(stdout.lastIndexOf('frame=')).match(/^frame=\s*(\d+)/u)?.[1] ?? 0);
}
