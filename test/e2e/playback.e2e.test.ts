// The playback server with real recordings: lists, spans as fMP4 and MP4, ranges, damaged files, bad queries.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeFile, type FileReport } from './support/file-probe.ts';
import { findFreePorts } from './support/free-ports.ts';
import { ServerProcess } from './support/server-process.ts';

const listSchema = z.array(
  z.strictObject({ start: z.iso.datetime(), duration: z.number(), url: z.url() }),
);
const PATTERN = './rec/%path/%Y-%m-%d_%H-%M-%S-%f';
const SEGMENTS_MS = 6500;

describe('playback', () => {
  let folder = '';
  let port = 0;
  let server: ServerProcess;
  let span: z.infer<typeof listSchema>[number];

  const ask = (pathAndQuery: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${pathAndQuery}`, { headers });
  const list = async (query: string): Promise<z.infer<typeof listSchema>> => {
    const response = await ask(`/list?${query}`);
    assert.equal(response.status, 200, await response.clone().text());
    return listSchema.parse(await response.json());
  };
  const getUrl = (fields: Record<string, string>): string =>
    `/get?${new URLSearchParams({ path: 'cam', start: span.start, ...fields }).toString()}`;
  const fetchFile = async (fields: Record<string, string>): Promise<FileReport> => {
    const response = await ask(getUrl(fields));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'video/mp4');
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(bytes.length, Number(response.headers.get('content-length')));
    const file = join(folder, 'got.mp4');
    await writeFile(file, bytes);
    return probeFile(file);
  };

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'playback-'));
    port = await findFreePorts(1);
    const start = (): Promise<ServerProcess> =>
      ServerProcess.start({
        folder,
        settings: {
          webrtc: false,
          playback: true,
          playbackAddress: `127.0.0.1:${port}`,
          pathDefaults: { recordPath: PATTERN, recordSegmentDuration: '2s', record: true },
        },
        paths: { cam: {}, ts: { recordFormat: 'mpegts' }, empty: {} },
      });
    server = await start();
    {
      await using publisher = await publishWithFfmpeg({ url: server.rtspUrl('cam'), audio: 'aac' });
      await using other = await publishWithFfmpeg({ url: server.rtspUrl('ts') });
      await sleep(SEGMENTS_MS);
      assert.deepEqual([publisher.exit, other.exit], [undefined, undefined]);
      await server.stop('SIGKILL');
    }
    await mkdir(join(folder, 'rec/cam'), { recursive: true });
    // Damaged in the middle of everything, and older than everything.
    const torn = Buffer.concat([
      Buffer.from('00000018667479706d70343200000000', 'hex'),
      Buffer.alloc(900, 7),
    ]);
    await writeFile(join(folder, 'rec/cam/2020-01-01_00-00-00-000000.mp4'), torn);
    server = await start();
    await server.waitForLog(/recordings: \d+ files/u);
    const spans = await list('path=cam');
    assert.equal(spans.length, 1, JSON.stringify(spans));
    span = spans[0] ?? assert.fail();
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('lists files that follow each other as one span, a killed one included, a damaged one not', async () => {
    const files = await readdir(join(folder, 'rec/cam'));
    assert.ok(files.length >= 4, `${files.length} files`);
    assert.ok(span.duration >= 5 && span.duration < 9, `${span.duration} s`);
    assert.ok(span.url.startsWith(`http://127.0.0.1:${port}/get?duration=`));
    const whole = await fetch(span.url);
    assert.equal(whole.status, 200);
    await whole.arrayBuffer();
  });

  it('cuts a list to the time that is asked for', async () => {
    const startAt = Date.parse(span.start) + 1000;
    const query = new URLSearchParams({
      path: 'cam',
      start: new Date(startAt).toISOString(),
      end: new Date(startAt + 1500).toISOString(),
    });
    const [cut, ...others] = await list(query.toString());
    assert.equal(others.length, 0);
    assert.deepEqual([cut?.start, cut?.duration], [new Date(startAt).toISOString(), 1.5]);
  });

  for (const format of ['fmp4', 'mp4']) {
    it(`joins all files of the span as ${format} without losing a picture`, async () => {
      const report = await fetchFile({ duration: String(span.duration), format });
      assert.deepEqual(report.codecs, ['h264', 'aac']);
      assert.equal(report.decodeWarnings, '');
      assert.equal(report.decodedFrames, report.videoFrames);
      assert.ok(Math.abs(report.videoFrames / 25 - span.duration) < 0.3, `${report.videoFrames}`);
      assert.ok(Math.abs(report.durationSeconds - span.duration) < 0.3);
    });

    it(`begins ${format} within a group of pictures, with what the decoder needs`, async () => {
      const start = new Date(Date.parse(span.start) + 1600).toISOString();
      const report = await fetchFile({ start, duration: '2.5s', format });
      assert.equal(report.firstVideoFlags[0], 'K');
      assert.equal(report.decodeWarnings, '');
      // 62 or 63 pictures, and those between the key frame and the start.
      assert.ok(report.videoFrames >= 70 && report.videoFrames <= 85, `${report.videoFrames}`);
      assert.ok(Math.abs(report.durationSeconds - 2.5) < 0.1, `${report.durationSeconds} s`);
    });

    it(`sends any part of ${format} as it is in the whole`, async () => {
      const url = getUrl({ duration: '4', format });
      const whole = Buffer.from(await (await ask(url)).arrayBuffer());
      const { length } = whole;
      const middle = Math.floor(length / 2);
      for (const [first, last] of [
        [0, 0],
        [10, 999],
        [middle, middle + 70_000],
        [length - 5, length - 1],
      ] as const) {
        const response = await ask(url, { Range: `bytes=${first}-${last}` });
        assert.equal(response.status, 206);
        assert.equal(response.headers.get('content-range'), `bytes ${first}-${last}/${length}`);
        const bytes = Buffer.from(await response.arrayBuffer());
        assert.ok(bytes.equals(whole.subarray(first, last + 1)), `${first} to ${last}`);
      }
      const beyond = await ask(url, { Range: `bytes=${length}-` });
      assert.equal(beyond.status, 416);
      const head = await fetch(`http://127.0.0.1:${port}${url}`, { method: 'HEAD' });
      assert.equal(head.headers.get('content-length'), String(length));
      const etag = head.headers.get('etag') ?? '';
      const same = await ask(url, { Range: 'bytes=0-9', 'If-Range': etag });
      const other = await ask(url, { Range: 'bytes=0-9', 'If-Range': '"x"' });
      assert.deepEqual([same.status, other.status], [206, 200]);
      await other.arrayBuffer();
    });
  }

  it('answers with the statuses of the peer', async () => {
    const { start } = span;
    const statuses: Record<string, number> = {
      [`/get?path=cam&start=${start}`]: 400,
      [`/get?path=cam&start=${start}&duration=-3`]: 400,
      [`/get?path=cam&start=${start}&duration=NaN`]: 400,
      [`/get?path=cam&start=yesterday&duration=1`]: 400,
      [`/get?path=cam&start=${start}&duration=1&format=avi`]: 400,
      [`/get?path=unknown&start=${start}&duration=1`]: 400,
      [`/get?path=ts&start=${start}&duration=100`]: 400,
      ['/get?path=cam&start=2010-01-01T00:00:00Z&duration=10']: 404,
      ['/list?path=empty']: 404,
      ['/list?path=unknown']: 400,
      ['/list']: 400,
      ['/nothing']: 404,
    };
    for (const [url, status] of Object.entries(statuses)) {
      const response = await ask(url);
      assert.equal(response.status, status, url);
      assert.equal(z.object({ error: z.string() }).safeParse(await response.json()).success, true);
    }
  });

  it('leaves the folder for no name', async () => {
    const names = [
      '../cam',
      '..',
      'cam/..',
      'cam/../../etc',
      '/etc',
      'cam/',
      'c%00am',
      '..%2fcam',
      '%252e%252e/cam',
      'cam\\..',
      '．．/cam',
    ];
    for (const name of names) {
      const path = name.includes('%') ? name : encodeURIComponent(name);
      const response = await ask(`/list?path=${path}`);
      assert.equal(response.status, 400, name);
      const text = await response.text();
      assert.ok(!text.includes(folder), text);
      const got = await ask(`/get?path=${path}&start=${span.start}&duration=1`);
      assert.equal(got.status, 400, name);
      await got.arrayBuffer();
    }
  });

  it('plays what is being recorded, up to its last part', async () => {
    await using publisher = await publishWithFfmpeg({ url: server.rtspUrl('cam'), audio: 'aac' });
    await sleep(1800);
    const last = (await list('path=cam')).at(-1) ?? assert.fail();
    assert.ok(Date.parse(last.start) > Date.parse(span.start), 'another span after a break');
    assert.ok(last.duration > 0.5, `${last.duration} s`);
    const report = await fetchFile({ start: last.start, duration: '1', format: 'fmp4' });
    assert.equal(report.decodeWarnings, '');
    assert.ok(report.videoFrames >= 12, `${report.videoFrames} pictures`);
    assert.equal(publisher.exit, undefined);
  });

  it('stops reading when the client goes', async () => {
    const abort = new AbortController();
    const url = `http://127.0.0.1:${port}${getUrl({ duration: '5' })}`;
    const response = await fetch(url, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    assert.equal((await ask('/list?path=cam')).status, 200);
    assert.doesNotMatch(server.log, /ERR .*playback/u);
  });
});
