// Paths forwarded into Kinesis video streams: by the server with connections that are replaced, and by the agent alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_KVS_KEY, KvsDouble } from '../support/kvs/kvs-double.ts';
import type { KvsStreamStore } from '../support/kvs/kvs-stream-store.ts';
import { ChildProgram } from './support/child-program.ts';
import type { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { KvsMasterPage } from './support/kvs-master-page.ts';
import { KvsSite, launchKvsChromium } from './support/kvs-site.ts';
import { decodeErrors, probeFile } from './support/probe-file.ts';
import { ServerProcess } from './support/server-process.ts';

const PROJECT_ROOT = dirname(dirname(import.meta.dirname));
const VIDEO = 1;
const AUDIO = 2;
/** A frame of 25 per second, with room for the rounding of RTP times. */
const MAX_VIDEO_STEP_MS = 60;
/** A frame of AAC at 48 kHz is 21 ms; the encoder of the server may be restarted by nothing here. */
const MAX_AUDIO_STEP_MS = 60;
const CHANNEL = 'webrtc-kvs-agent-channel';
const STREAM = 'webrtc-kvs-agent-stream';

/** FORWARD_SECONDS=1800 FORWARD_ROTATION=2m is the long run; the short one shows the same. */
const FORWARD_SECONDS = Number(process.env['FORWARD_SECONDS'] ?? '24');
const ROTATION = process.env['FORWARD_ROTATION'] ?? '6s';
/** Node.js settles within the first minute. */
const SETTLE_SECONDS = 60;

/** MiB of a process, as the kernel counts it. */
function residentMb(pid: number): number {
  const [, kb = '0'] =
    /^VmRSS:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** Mean of the values of a part of the run. */
function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

async function writeMkv(folder: string, name: string, store: KvsStreamStore): Promise<string> {
  const file = join(folder, `${name}.mkv`);
  await writeFile(file, store.toMkv());
  return file;
}

describe('a path forwarded into a Kinesis video stream', function () {
  this.timeout((FORWARD_SECONDS + 90) * 1000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvs-forward-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('has no gap and no duplicate while connections are replaced', async () => {
    await using double = await KvsDouble.start({ media: { keepsBytes: FORWARD_SECONDS < 300 } });
    const { accessKeyId, secretAccessKey } = DEFAULT_KVS_KEY;
    const { region, endpoint } = double;
    const forward = (stream: string): object => ({
      forward: [{ type: 'kvs', region, stream, retentionHours: 2 }],
    });
    await using server = await ServerProcess.start({
      paths: { plain: forward('aac'), made: forward('opus') },
      pro: {
        kvs: {
          ...{ accessKeyId, secretAccessKey, endpoint, missing: 'create' },
          connectionTime: ROTATION,
        },
      },
    });
    await using first = await publishWithFfmpeg({
      ...{ url: server.rtspUrl('plain'), video: 'h264', audio: 'aac', gopFrames: 50 },
    });
    await using second = await publishWithFfmpeg({
      ...{ url: server.rtspUrl('made'), video: 'h264', audio: 'opus', gopFrames: 50 },
    });
    const startedAt = Date.now();
    const memory: { readonly seconds: number; readonly mb: number }[] = [];
    while (Date.now() - startedAt < FORWARD_SECONDS * 1000) {
      await sleep(1000);
      const seconds = (Date.now() - startedAt) / 1000;
      memory.push({ seconds, mb: residentMb(server.pid ?? 0) });
      assert.deepEqual([first.exit, second.exit], [undefined, undefined]);
    }
    for (const name of ['aac', 'opus']) {
      const store = double.media.stream(name);
      assert.deepEqual(store.errors, [], name);
      assert.deepEqual(store.breaks(VIDEO, MAX_VIDEO_STEP_MS), [], `video of ${name}`);
      assert.deepEqual(store.breaks(AUDIO, MAX_AUDIO_STEP_MS), [], `sound of ${name}`);
      const { connections, fragments } = store;
      assert.ok(connections.length >= 3, `${connections.length} connections of ${name}`);
      assert.ok(connections.slice(0, -1).every(({ end }) => end === 'complete'));
      const spanMs = (store.lastAbsoluteMs ?? 0) - (fragments[0]?.absoluteMs ?? 0);
      assert.ok(spanMs > (FORWARD_SECONDS - 8) * 1000, `${spanMs} ms of ${name}`);
      if (FORWARD_SECONDS >= 300) {
        process.stdout.write(
          `\n${name}: ${connections.length} connections, ${fragments.length} fragments`,
        );
        continue;
      }
      const file = await writeMkv(folder, name, store);
      const { streams } = probeFile(file);
      assert.deepEqual(
        streams.map(({ codec_name: codec }) => codec),
        ['h264', 'aac'],
      );
      assert.deepEqual(decodeErrors(file), '');
    }
    const settled = memory.filter(({ seconds }) => seconds >= SETTLE_SECONDS);
    if (settled.length < 120) return;
    const third = Math.floor(settled.length / 3);
    const early = meanOf(settled.slice(0, third).map(({ mb }) => mb));
    const late = meanOf(settled.slice(-third).map(({ mb }) => mb));
    process.stdout.write(
      `\nresident: ${early.toFixed(1)} MiB in the first third, ${late.toFixed(1)} in the last`,
    );
    assert.ok(late < early * 1.1, `memory grew from ${early} to ${late} MiB`);
  });
});

describe('the agent from a signalling channel into a video stream', () => {
  let double: KvsDouble;
  let folder: string;

  function startAgent(env: Readonly<Record<string, string>>): ChildProgram {
    const { accessKeyId, secretAccessKey } = DEFAULT_KVS_KEY;
    return new ChildProgram({
      name: 'agent',
      command: process.execPath,
      args: [join(PROJECT_ROOT, 'pro/launch.js'), 'kvs-agent'],
      cwd: folder,
      env: {
        ...{ AWS_REGION: double.region, AWS_ENDPOINT_URL_KINESIS_VIDEO: double.endpoint },
        ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
        ...{ NODE_EXTRA_CA_CERTS: join(folder, 'service.pem'), ...env },
      },
    });
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvs-agent-'));
    double = await KvsDouble.start({ channels: [CHANNEL] });
    await writeFile(join(folder, 'service.pem'), double.certificate.cert);
  });

  after(async () => {
    await double.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('writes what a browser with the SDK of AWS sends, through a restart of it', async () => {
    await using site = await KvsSite.start();
    const browser: Chromium = await launchKvsChromium();
    try {
      await using agent = startAgent({});
      await agent.waitForOutput(
        ({ output }) => /agent is ready/u.test(output) || undefined,
        15_000,
      );
      const store = double.media.stream(STREAM);
      const watch = async (count: number): Promise<KvsMasterPage> => {
        const page = await site.open(browser);
        const master = await KvsMasterPage.start(page, { double, channelName: CHANNEL });
        await store.received(count, 40_000);
        return master;
      };
      const master = await watch(3);
      assert.match(agent.output, /tracks received: .*H264/u);
      await master.stop();
      await agent.waitForOutput(
        ({ output }) => /master is away/u.test(output) || undefined,
        30_000,
      );
      const again = await watch(store.fragments.length + 3);
      await again.stop();
      assert.deepEqual(store.errors, []);
      assert.deepEqual(await agent.stop('SIGTERM'), { code: 0, signal: null });
      assert.doesNotMatch(
        agent.output,
        new RegExp(DEFAULT_KVS_KEY.secretAccessKey.slice(0, 12), 'u'),
      );
      for (const { index, header } of store.connections) {
        const codecs = header?.tracks.map(({ codecId }) => codecId);
        assert.deepEqual(codecs, ['V_MPEG4/ISO/AVC', 'A_AAC'], `connection ${index}`);
      }
      const file = join(folder, 'agent.mkv');
      await writeFile(file, store.toMkv(0));
      // Browsers leave pictures out: ffmpeg's null output counts by a constant rate and says so.
      const lines = decodeErrors(file).split('\n');
      assert.deepEqual(
        lines.filter((line) => line !== '' && !line.includes('increasing dts to muxer')),
        [],
      );
    } finally {
      await browser.close();
    }
  });

  const refused: (readonly [string, Record<string, string>, number, RegExp])[] = [
    ['a channel that is missing', { KVS_CHANNEL: 'nobody' }, 4, /channel 'nobody' does not exist/u],
    [
      'a stream that is missing and not to be made',
      { KVS_STREAM: 'none', KVS_CREATE: 'no' },
      4,
      /stream 'none' does not exist/u,
    ],
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) }, 3, /check AWS_ACCESS_KEY_ID/u],
    ['a setting that is none', { KVS_AUDIO: 'mp3' }, 2, /KVS_AUDIO: 'mp3'/u],
    ['a region that is none', { AWS_REGION: 'abcdef-west-1' }, 2, /AWS_REGION: 'abcdef-west-1'/u],
    [
      'an endpoint that is none',
      { AWS_ENDPOINT_URL_KINESIS_VIDEO: 'ftp://x' },
      2,
      /the AWS endpoint is no http/u,
    ],
  ];
  for (const [what, env, code, message] of refused) {
    it(`ends with ${code} for ${what}`, async () => {
      await using agent = startAgent(env);
      assert.deepEqual(await agent.exited, { code, signal: null });
      assert.match(agent.output, message);
    });
  }

  it('ends at a signal while a program that gives keys hangs', async () => {
    const profiles = join(folder, 'profiles');
    await writeFile(profiles, '[default]\ncredential_process = sleep 40\n');
    await using agent = startAgent({
      ...{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_CONFIG_FILE: profiles },
      ...{ AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'), AWS_EC2_METADATA_DISABLED: 'true' },
    });
    await agent.waitForOutput(({ output }) => /from channel/u.test(output) || undefined, 15_000);
    await sleep(500);
    assert.deepEqual(await agent.stop('SIGTERM'), { code: 0, signal: null });
  });

  it('waits for a service that cannot be reached, and ends at a signal', async () => {
    await using agent = startAgent({ AWS_ENDPOINT_URL_KINESIS_VIDEO: 'http://127.0.0.1:9' });
    await agent.waitForOutput(
      ({ output }) => /asked again in 5 s/u.test(output) || undefined,
      30_000,
    );
    assert.deepEqual(await agent.stop('SIGTERM'), { code: 0, signal: null });
  });
});
