// SIGTERM while two cameras are recorded and a browser watches, and while a client waits for an export.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, eventually } from './support/api-client.ts';
import type { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { makeFilm } from './support/numbered-media.ts';
import { decodeErrors, probeFile } from './support/probe-file.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';

const PATHS = ['cam1', 'cam2'];
const CLOSE_LIMIT_MS = 3000;
const EXIT_LIMIT_MS = 5000;
const RECORDED_MS = 3000;
const POLL_MS = 20;

/** Types of the boxes of the first level, in order; empty for what is no MP4 (yet). */
async function boxesOf(file: string): Promise<string[]> {
  const bytes = await readFile(file);
  const types: string[] = [];
  for (let offset = 0; offset + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(offset);
    types.push(bytes.toString('latin1', offset + 4, offset + 8));
    const length = size === 1 ? Number(bytes.readBigUInt64BE(offset + 8)) : size;
    if (length < 8) return types;
    offset += length;
  }
  return types;
}

/** A plain file with its index in front. */
function isFinished(boxes: readonly string[]): boolean {
  const [index, media] = [boxes.indexOf('moov'), boxes.indexOf('mdat')];
  return index >= 0 && index < media && !boxes.includes('moof');
}

async function recordedFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** When every file was seen finished, on the clock of performance.now(); undefined after the limit. */
async function waitUntilFinished(folder: string): Promise<number | undefined> {
  for (let waitedMs = 0; waitedMs < EXIT_LIMIT_MS; waitedMs += POLL_MS) {
    const boxes = await Promise.all((await recordedFiles(folder)).map(boxesOf));
    if (boxes.length === PATHS.length && boxes.every(isFinished)) return performance.now();
    await sleep(POLL_MS);
  }
  return undefined;
}

describe('SIGTERM while cameras are recorded and watched', () => {
  let folder = '';
  let browser: Chromium;
  const publishers: ChildProgram[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stop-'));
    browser = await Chromium.launch();
  });

  after(async () => {
    await Promise.all(publishers.map((publisher) => publisher.stop('SIGKILL')));
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('closes the files within 3 s and ends with 0 within 5 s', async () => {
    await using server = await ServerProcess.start({
      ...{ folder, settings: { api: true } },
      paths: Object.fromEntries(PATHS.map((name) => [name, { record: true }])),
    });
    for (const name of PATHS) {
      const url = server.rtspUrl(name);
      publishers.push(await publishWithFfmpeg({ url, video: 'h264', audio: 'aac' }));
    }
    const viewer = await WhepPage.start(await browser.openKit(), { url: server.whepUrl('cam1') });
    await viewer.waitForFrames(10);
    await sleep(RECORDED_MS);
    const recordings = join(folder, 'recordings');
    const growing = await recordedFiles(recordings);
    assert.equal(growing.length, PATHS.length, server.log);
    assert.equal((await Promise.all(growing.map(boxesOf))).some(isFinished), false);

    const toldAtMs = performance.now();
    const ending = server.stop('SIGTERM').then((exit) => ({ exit, endedAtMs: performance.now() }));
    const finishedAtMs = await waitUntilFinished(recordings);
    const { exit, endedAtMs } = await ending;
    assert.ok(finishedAtMs !== undefined, `no finished files:\n${server.log}`);
    assert.deepEqual(exit, { code: 0, signal: null });
    const [closeMs, exitMs] = [finishedAtMs - toldAtMs, endedAtMs - toldAtMs];
    assert.ok(closeMs <= CLOSE_LIMIT_MS, `files closed after ${Math.round(closeMs)} ms`);
    assert.ok(exitMs <= EXIT_LIMIT_MS, `ended after ${Math.round(exitMs)} ms`);
    for (const file of await recordedFiles(recordings)) {
      const probe = probeFile(file);
      assert.deepEqual(probe.streams.map((each) => each.codec_name).sort(), ['aac', 'h264']);
      assert.equal(probe.warnings, '');
      assert.equal(decodeErrors(file), '');
      assert.ok((probe.format.duration ?? 0) >= RECORDED_MS / 1000, JSON.stringify(probe.format));
    }
  });
});

describe('SIGTERM while a client waits for an export', () => {
  it('answers 503 with the reason: the server stopped, the client did not leave', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stop-export-'));
    try {
      const day = join(folder, 'recordings', '20250116');
      await mkdir(day, { recursive: true });
      await makeFilm({ file: join(day, 'film.mp4'), lengthS: 8 });
      await using server = await ServerProcess.start({ folder, settings: { api: true } });
      // Each piece is encoded anew at both ends, so that there is enough to do.
      const piece = { resPath: '/20250116/film.mp4', inputStart: 0.5, inputEnd: 7.5 };
      const exportConfig = Array.from({ length: 60 }, () => piece);
      const api = new ApiClient(server.apiUrl(''));
      const waiting = api.tryPost('file/export/mp4', { exportConfig });
      await eventually(async () => {
        const jobs = JSON.stringify(await api.get('export/jobs'));
        return jobs.includes('"state":"running"') ? true : undefined;
      });
      const exit = await server.stop('SIGTERM');
      const { status, json } = await waiting;
      assert.equal(status, 503, JSON.stringify(json));
      assert.match(JSON.stringify(json), /the server is stopping.*"code":"export-stopping"/u);
      assert.deepEqual(exit, { code: 0, signal: null });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
