// Exports with the real ffmpeg: every cut exact to one picture, every join in step, nothing left behind.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/base/clock.ts';
import { silentLogger } from '../../core/base/logger.ts';
import type { ExportProgress } from '../../pro/events/pro-event.ts';
import { DayFolderTarget } from '../../pro/export/day-folder-target.ts';
import { ExportQueue, type ExportQueueOptions } from '../../pro/export/export-queue.ts';
import { parseExportRequest } from '../../pro/export/export-request.ts';
import { Mp4Export } from '../../pro/export/mp4-export.ts';
import { WorkFolders } from '../../pro/export/work-folders.ts';
import { FfmpegInstallation } from '../../pro/ffmpeg/ffmpeg-program.ts';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { FilmSite } from './support/film-site.ts';
import {
  FRAMES_PER_S,
  makeFilm,
  readBeeps,
  readNumbers,
  readPackets,
  readPictureTimes,
  readShape,
  runTool,
} from './support/numbered-media.ts';

const FRAME_S = 1 / FRAMES_PER_S;
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50'];
const clock = systemClock;
const idle = new AbortController().signal;

type Cut = readonly [file: string, startS: number, endS: number];

/** Numbers of the pictures that a cut has to show. */
function wanted(startS: number, endS: number): number[] {
  const numbers: number[] = [];
  for (let number = 0; number * FRAME_S < endS - 1e-4; number++) {
    if (number * FRAME_S > startS - 1e-4) numbers.push(number);
  }
  return numbers;
}

/** Ids of processes whose arguments contain `text`. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

async function until(isReached: () => boolean, timeoutMs: number): Promise<void> {
  const endMs = clock.monotonicMs() + timeoutMs;
  while (!isReached()) {
    assert(clock.monotonicMs() < endMs, 'it takes too long');
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}

describe('export', () => {
  let root = '';
  const film = (name: string): string => join(root, name);

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'export-e2e-'));
    await makeFilm({ file: film('plain.mp4'), lengthS: 8 });
    // With B pictures, in the order I P B B.
    const video = ['-c:v', 'libx264', '-g', '50', '-sc_threshold', '0', '-bf', '2'];
    await makeFilm({ file: film('b.mp4'), lengthS: 8, video });
  });

  after(() => rm(root, { recursive: true, force: true }));

  function start(
    options: ExportQueueOptions = {},
    { searchPath = process.env['PATH'] ?? '' } = {},
  ): { queue: ExportQueue; events: ExportProgress[] } & AsyncDisposable {
    const events: ExportProgress[] = [];
    const ffmpeg = new FfmpegInstallation(clock, { searchPath });
    const queue = new ExportQueue(
      {
        ...{ clock, logger: silentLogger },
        events: { publish: (event) => void events.push(event) },
        backend: new Mp4Export({ clock, ffmpeg }, { minFreeBytes: 0 }),
        source: { resolve: (fullPath) => Promise.resolve({ fullPath }) },
        target: new DayFolderTarget(clock, { recordPath: root }),
        folders: new WorkFolders(join(root, 'tmp')),
      },
      { minFreeBytes: 0, ...options },
    );
    return { queue, events, [Symbol.asyncDispose]: () => queue.close() };
  }

  async function exportCuts(...cuts: readonly Cut[]): Promise<string> {
    await using fixture = start();
    const exportConfig = cuts.map(([name, inputStart, inputEnd]) => ({
      ...{ resPath: film(name), inputStart, inputEnd },
    }));
    const { output } = await fixture.queue.run(parseExportRequest({ exportConfig }), idle);
    assert(output);
    const lengthS = cuts.reduce((sum, [, startS, endS]) => sum + endS - startS, 0);
    const { durationS } = await readShape(output.fullPath);
    assert(Math.abs(durationS - lengthS) <= FRAME_S, `${durationS} s instead of ${lengthS} s`);
    assert(Math.abs(output.durationMs / 1000 - lengthS) <= FRAME_S);
    const first = (await readPackets(output.fullPath, 'v:0'))[0];
    assert(first?.isKey && first.ptsS === 0, JSON.stringify(first));
    // Fails when a decoder says anything at all.
    await runTool('ffmpeg', ['-v', 'warning', '-i', output.fullPath, '-f', 'null', '-']);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    return output.fullPath;
  }

  /** Pictures, times and sound of a file that shows these cuts, each of a film with beeps. */
  async function checkShown(file: string, cuts: readonly Cut[]): Promise<void> {
    const numbers = await readNumbers(file);
    assert.deepEqual(
      numbers,
      cuts.flatMap(([, startS, endS]) => wanted(startS, endS)),
    );
    const times = await readPictureTimes(file);
    const beeps = await readBeeps(file);
    let beepCount = 0;
    let offsetS = 0;
    for (const [, startS, endS] of cuts) {
      for (let second = Math.ceil(startS + 0.1); second < endS - 0.1; second++) {
        const atS = offsetS + second - startS;
        const beepS = beeps.find((each) => Math.abs(each - atS) < 0.2) ?? NaN;
        const picture = numbers.findIndex(
          (number, index) =>
            number === second * FRAMES_PER_S && Math.abs((times[index] ?? 0) - atS) < 0.2,
        );
        const pictureS = times[picture] ?? NaN;
        assert(Math.abs(pictureS - beepS) <= 0.04, `picture at ${pictureS}, beep at ${beepS}`);
        assert(Math.abs(pictureS - atS) <= FRAME_S + 0.001, `picture at ${pictureS}, not ${atS}`);
        beepCount++;
      }
      offsetS += endS - startS;
    }
    assert(beepCount > 0);
  }

  describe('cuts', () => {
    it('on key frames without touching a picture', async () => {
      for (const name of ['plain.mp4', 'b.mp4']) {
        const file = await exportCuts([name, 2, 6]);
        await checkShown(file, [[name, 2, 6]]);
        const sources = new Set((await readPackets(film(name), 'v:0')).map(({ hash }) => hash));
        const packets = await readPackets(file, 'v:0');
        assert(packets.every(({ hash }) => sources.has(hash)));
      }
    });

    it('anywhere else, and encodes only what stands before and behind key frames', async () => {
      const offsets: readonly (readonly [number, number])[] = [
        [0.04, 7.96],
        [1.33, 6.51],
        [3.98, 5.2],
        [2.5, 3.3],
      ];
      for (const name of ['plain.mp4', 'b.mp4']) {
        const sources = new Set((await readPackets(film(name), 'v:0')).map(({ hash }) => hash));
        for (const [startS, endS] of offsets) {
          const file = await exportCuts([name, startS, endS]);
          await checkShown(file, [[name, startS, endS]]);
          const packets = await readPackets(file, 'v:0');
          const copied = packets.filter(({ hash }) => sources.has(hash)).length;
          // Key frames carry parameter sets in front and differ by them.
          const groups = Math.max(0, Math.floor(endS / 2) - Math.ceil(startS / 2));
          assert(copied >= groups * 49, `${copied} of ${packets.length} copied`);
        }
      }
    });

    it('of streams whose key frames are no IDR pictures', async () => {
      const video = ['-c:v', 'libx264', '-x264-params', 'open-gop=1:keyint=30:bframes=3'];
      await makeFilm({ file: film('open.mp4'), lengthS: 5, video });
      await checkShown(await exportCuts(['open.mp4', 0.7, 4.3]), [['open.mp4', 0.7, 4.3]]);
    });

    it('of H.265, in H.265', async () => {
      const x265 = ['-x265-params', 'log-level=none:keyint=50', '-tag:v', 'hvc1'];
      const video = ['-c:v', 'libx265', '-preset', 'ultrafast', ...x265];
      await makeFilm({ file: film('hevc.mp4'), lengthS: 6, video });
      const file = await exportCuts(['hevc.mp4', 1.2, 5.3]);
      assert.match((await readShape(file)).streams[0] ?? '', /^hevc,/u);
      await checkShown(file, [['hevc.mp4', 1.2, 5.3]]);
    });

    it('of a recording that was never closed', async () => {
      const fragments = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
      await makeFilm({ file: film('growing.mp4'), lengthS: 8, video: [...X264, ...fragments] });
      await using file = await open(film('growing.mp4'), 'r+');
      await file.truncate((await file.stat()).size - 3000);
      await checkShown(await exportCuts(['growing.mp4', 2.6, 5.4]), [['growing.mp4', 2.6, 5.4]]);
    });
  });

  describe('joins', () => {
    it('pieces of one camera and of others in step, over many joins', async () => {
      const cuts: Cut[] = [];
      for (let index = 0; index < 6; index++) {
        cuts.push([index % 2 === 0 ? 'plain.mp4' : 'b.mp4', 0.31 + index, 1.77 + index]);
      }
      await checkShown(await exportCuts(...cuts), cuts);
    });

    it('pieces of other sizes, codecs and sound to the format of the first', async () => {
      await makeFilm({ file: film('large.mp4'), lengthS: 4, size: [320, 240], audio: null });
      const vp9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'];
      const opus = ['-c:a', 'libopus', '-b:a', '48k'];
      await makeFilm({ file: film('vp9.mp4'), lengthS: 3, video: vp9, audio: opus });
      const file = await exportCuts(
        ['b.mp4', 1.5, 4.3],
        ['large.mp4', 1, 3],
        ['vp9.mp4', 0.5, 2.5],
      );
      const { streams } = await readShape(file);
      assert.deepEqual(streams, ['h264,160,96', 'aac']);
      const expected = [...wanted(1.5, 4.3), ...wanted(1, 3), ...wanted(0.5, 2.5)];
      // Bars beside and above the picture blur the blocks at its edge: counted, not read.
      const numbers = await readNumbers(file);
      assert.equal(numbers.length, expected.length);
      assert.deepEqual(numbers.slice(0, 70), expected.slice(0, 70));
      const beeps = await readBeeps(file);
      const expectedBeeps = [0.5, 1.5, 2.5, 5.3, 6.3];
      assert.equal(beeps.length, expectedBeeps.length, beeps.join());
      assert(beeps.every((at, index) => Math.abs(at - (expectedBeeps[index] ?? 0)) < 0.04));
      const sound = await readPackets(file, 'a:0');
      const steps = sound.slice(1).map(({ ptsS }, index) => ptsS - (sound[index]?.ptsS ?? 0));
      assert(Math.max(...steps) < 0.045, 'silence fills the piece without sound');
    });

    it('plays and scrubs in Chromium', async () => {
      const cuts: Cut[] = [
        ['b.mp4', 1.3, 4.6],
        ['plain.mp4', 0.5, 2.9],
        ['b.mp4', 3.1, 5.7],
      ];
      const file = await exportCuts(...cuts);
      await using site = await FilmSite.start(file);
      await using browser = await Chromium.launch();
      const page = await browser.open(site.url);
      const numbers = cuts.flatMap(([, startS, endS]) => wanted(startS, endS));
      const times = await readPictureTimes(file);
      for (const picture of [3, 60, 20, 90, 140, 110, 200, 75, 0]) {
        const shown = await site.showAt(page, (times[picture] ?? 0) + FRAME_S / 2);
        assert.equal(shown, numbers[picture], `picture ${picture}`);
      }
      const played = await site.play(page);
      assert.equal(played, 'ended');
    });
  });

  it('turns a whole MPEG-TS file into MP4 without touching a picture', async () => {
    await makeFilm({ file: film('whole.ts'), lengthS: 4, video: [...X264, '-f', 'mpegts'] });
    await using fixture = start();
    const request = parseExportRequest({ fullPath: film('whole.ts') });
    const { output } = await fixture.queue.run(request, idle);
    assert(output);
    assert.deepEqual(await readNumbers(output.fullPath), wanted(0, 4));
    assert.deepEqual((await readShape(output.fullPath)).streams, ['h264,160,96', 'aac']);
    const head = await readFile(output.fullPath);
    assert(head.indexOf('moov') < head.indexOf('mdat'), 'moov first');
    const progress = fixture.events.map((event) => event.progress);
    assert.deepEqual([progress[0], progress.at(-1)], [0, 1]);
  });

  it('ends its processes and removes its files when a job is canceled', async () => {
    await using fixture = start();
    const exportConfig = Array.from({ length: 20 }, () => ({
      ...{ resPath: film('b.mp4'), inputStart: 0.5, inputEnd: 3.5 },
    }));
    const { id } = await fixture.queue.enqueue(parseExportRequest({ exportConfig }));
    await until(() => (fixture.queue.jobs()[0]?.progress ?? 0) > 0.02, 20_000);
    assert.equal((await fixture.queue.cancel(id)).state, 'canceled');
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    assert.deepEqual(processesWith(film('b.mp4')), []);
  });

  it('says that a recording was deleted while it is exported', async () => {
    await writeFile(film('deleted.mp4'), await readFile(film('b.mp4')));
    await using fixture = start();
    const exportConfig = Array.from({ length: 20 }, () => ({
      ...{ resPath: film('deleted.mp4'), inputStart: 0.5, inputEnd: 3.5 },
    }));
    const running = fixture.queue.run(parseExportRequest({ exportConfig }), idle);
    const told = assert.rejects(running, { kind: 'not-found', code: 'export-source-gone' });
    await until(() => fixture.queue.jobs()[0]?.state === 'running', 20_000);
    await rm(film('deleted.mp4'));
    await told;
    assert.match(fixture.queue.jobs()[0]?.error ?? '', /deleted\.mp4' was deleted or renamed/u);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('leaves nothing after kill -9: encoders end by themselves, the next start sweeps', async () => {
    const program = join(import.meta.dirname, 'support/export-program.ts');
    await using child = new ChildProgram({
      ...{ name: 'export', command: process.execPath },
      args: [program, root, film('b.mp4'), '20'],
    });
    await child.waitForOutput(
      (each) => /running 0\.[0-9]*[1-9]/u.exec(each.stdout) ?? undefined,
      20_000,
    );
    await using fixture = start();
    await fixture.queue.sweepTemporaries();
    assert.equal((await readdir(join(root, 'tmp'))).length, 1, 'a job that lives is left alone');
    await child.stop('SIGKILL');
    await until(() => processesWith(film('b.mp4')).length === 0, 10_000);
    await fixture.queue.sweepTemporaries();
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('says that ffmpeg is not available', async () => {
    await using fixture = start({}, { searchPath: '' });
    const order = parseExportRequest({ fullPath: film('plain.mp4') });
    await assert.rejects(fixture.queue.run(order, idle), {
      ...{ kind: 'unavailable', message: /ffmpeg not available/u },
    });
  });

  it('ends a job that takes longer or writes more than allowed', async () => {
    await using late = start({ timeLimitMs: 100 });
    const exportConfig = [{ resPath: film('b.mp4'), inputStart: 0.5, inputEnd: 7.5 }];
    const order = parseExportRequest({ exportConfig });
    await assert.rejects(late.queue.run(order, idle), { kind: 'deadline-exceeded' });
    await using small = start({ maxOutputBytes: 4000 });
    await assert.rejects(small.queue.run(order, idle), { kind: 'resource-exhausted' });
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('opens nothing but the file: playlists and scripts are refused and reach nobody', async () => {
    let requestCount = 0;
    const canary = createServer((_, response) => {
      requestCount++;
      response.end();
    });
    await new Promise<void>((resolve) => void canary.listen(0, '127.0.0.1', resolve));
    const { port } = canary.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/x.ts`;
    const list = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${url}\n#EXT-X-ENDLIST\n`;
    const packets = Buffer.alloc(1880, `\x47\x40\0\x10${list}`.padEnd(188, ' '), 'latin1');
    const files = [
      list.padEnd(1000),
      `ffconcat version 1.0\nfile '${url}'\n`.padEnd(1000),
      `\0\0\0\x18ftypisom\0\0\0\0isommp41${list}`,
      packets,
      '',
    ];
    await using fixture = start();
    for (const [index, content] of files.entries()) {
      const file = film(`hostile-${index} -i %d 'x'.mp4`);
      await writeFile(file, content);
      await assert.rejects(fixture.queue.run(parseExportRequest({ fullPath: file }), idle), {
        kind: 'unsupported',
      });
    }
    canary.close();
    assert.equal(requestCount, 0);
  });

  it('takes names that are no options and no patterns', async () => {
    const name = '-y %03d \'quoted\' "x" été 日本\n.mp4';
    await makeFilm({ file: film('named.mp4'), lengthS: 2 });
    await writeFile(film(name), await readFile(film('named.mp4')));
    await checkShown(await exportCuts([name, 0.5, 1.9]), [[name, 0.5, 1.9]]);
  });
});
