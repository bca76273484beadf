// The codec service by its double: a job's way, failures that pass and that don't, and no secret anywhere.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { RVideoBackend } from '../../../pro/export/rvideo-backend.ts';
import { RVideoClient } from '../../../pro/export/rvideo-client.ts';
import { RVideoDouble, type RVideoDoubleOptions } from '../../support/rvideo-double.ts';

const TOKEN = 'canary-token-4711';
/** Waits pass at once; time limits of requests stay as they are. */
const hasty: Clock = {
  ...systemClock,
  after: (delayMs, action) => systemClock.after(delayMs < 4500 ? 0 : delayMs, action),
};

function box(type: string, text: string): Buffer {
  const bytes = Buffer.from(`\0\0\0\0${type}${text}`);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

describe('RVideoBackend', () => {
  let folder = '';
  const recording = box('ftyp', 'isom and then pictures');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-rvideo-'));
    await writeFile(join(folder, 'a.mp4'), recording);
    await writeFile(join(folder, 'b.mp4'), box('ftyp', 'other'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  interface Run {
    readonly double: RVideoDouble;
    readonly url?: string;
    readonly signal?: AbortSignal;
    readonly maxOutputBytes?: number;
    readonly clock?: Clock;
  }

  async function run({ double, url, signal, maxOutputBytes, clock = hasty }: Run): Promise<{
    progress: number[];
    file: string;
    durationS: number | undefined;
  }> {
    const client = new RVideoClient(clock, {
      ...{ url: url ?? double.url, token: TOKEN },
      requestTimeoutMs: 9500,
    });
    const backend = new RVideoBackend({ clock, client });
    const progress: number[] = [];
    const part = (name: string, endS?: number): object => ({
      ...{ id: name, fullPath: join(folder, name), marks: [{ seconds: 1, content: 'x' }] },
      range: endS === undefined ? undefined : { startS: 0.5, endS },
    });
    // The fields of a part, written short.
    const parts = [part('a.mp4', 2), part('b.mp4'), part('a.mp4', 3)] as never;
    const work = { id: 'key-1', parts, folder, maxOutputBytes: maxOutputBytes ?? 1e6 };
    const watch = {
      signal: signal ?? new AbortController().signal,
      onProgress: (value: number) => void progress.push(value),
    };
    return { ...(await backend.run(work, watch)), progress };
  }

  /** Runs against a double that misbehaves; returns the failure's code and text. */
  async function failure(options: RVideoDoubleOptions, change: Partial<Run> = {}): Promise<string> {
    await using double = await RVideoDouble.start({ token: TOKEN, ...options });
    let text = '';
    await assert.rejects(run({ double, ...change }), (thrown) => {
      assert(thrown instanceof MediaError, String(thrown));
      text = `${thrown.kind} ${thrown.code} ${thrown.message}`;
      assert(!text.includes(TOKEN), text);
      return true;
    });
    return text;
  }

  it('sends an order and each file once, follows the job, fetches the result, and says goodbye', async () => {
    await using double = await RVideoDouble.start({ token: TOKEN });
    const { file, durationS, progress } = await run({ double });
    assert.deepEqual(await readFile(file), recording);
    assert.equal(durationS, 1.5);
    assert.deepEqual(
      progress,
      [...progress].sort((one, other) => one - other),
    );
    assert.equal(progress.at(-1), 1);
    assert.deepEqual(double.requests, [
      'POST /v1/jobs',
      'PUT /v1/jobs/job-1/sources/0',
      'PUT /v1/jobs/job-1/sources/1',
      ...['GET /v1/jobs/job-1', 'GET /v1/jobs/job-1', 'GET /v1/jobs/job-1'],
      'GET /v1/jobs/job-1/result',
      'DELETE /v1/jobs/job-1',
    ]);
    assert.equal(double.jobs.size, 0);
  });

  it('orders as apidocs/rvideo.md says', async () => {
    let order: unknown;
    await using double = await RVideoDouble.start({
      intercept: (request) => {
        if (request.method === 'DELETE') order = double.jobs.get('job-1')?.order;
        return false;
      },
    });
    await run({ double });
    const marks = [{ seconds: 1, content: 'x' }];
    assert.deepEqual(order, {
      key: 'key-1',
      output: { container: 'mp4', video: 'h264', audio: 'aac', maxBytes: 1e6 },
      sources: [
        { sizeBytes: recording.length, container: 'mp4' },
        { sizeBytes: 13, container: 'mp4' },
      ],
      parts: [
        { source: 0, inputStart: 0.5, inputEnd: 2, marks },
        { source: 1, marks },
        { source: 0, inputStart: 0.5, inputEnd: 3, marks },
      ],
    });
  });

  it('tries again after answers that may pass and broken connections', async () => {
    let count = 0;
    await using double = await RVideoDouble.start({
      token: TOKEN,
      intercept: (request, response) => {
        if (count++ % 3 === 2) return false;
        if (count % 3 === 1) response.writeHead(503, { 'retry-after': '1' }).end('busy');
        else request.socket.destroy();
        return true;
      },
    });
    assert.deepEqual(await readFile((await run({ double })).file), recording);
  });

  it('gives up after five times', async () => {
    let count = 0;
    const text = await failure({
      intercept: (_, response) => {
        count++;
        response.writeHead(500).end('broken');
        return true;
      },
    });
    assert.match(text, /^unavailable rvideo-refused .*answered 500 to POST \/v1\/jobs: broken/u);
    assert.equal(count, 5);
  });

  it('ends at once at other answers, and follows no redirect', async () => {
    let count = 0;
    const answer = (status: number, location = ''): Promise<string> => {
      count = 0;
      return failure({
        intercept: (_, response) => {
          count++;
          response.writeHead(status, { location }).end(`no, ${TOKEN}\u0007`);
          return true;
        },
      });
    };
    assert.match(await answer(401), /rvideo-refused .*answered 401.*: no, \*\*\*$/u);
    assert.equal(count, 1);
    for (const status of [301, 302, 307, 308]) {
      assert.match(await answer(status, '/codec/elsewhere'), /rvideo-refused/u);
      assert.equal(count, 1);
    }
  });

  it('tells why the service failed, without its control characters', async () => {
    const text = await failure({ failure: `disk\u001b[31m full at http://u:p@x/?token=abc` });
    assert.match(text, /rvideo-job-failed .*failed: disk \[31m full at http:\/\/\*\*\*@x/u);
    assert(!text.includes('abc'));
  });

  it('refuses answers that are none', async () => {
    const answers: readonly (readonly [string, RegExp])[] = [
      ['', /rvideo-invalid-answer .*no JSON/u],
      ['[]', /rvideo-invalid-answer/u],
      ['{"id":"../../x","state":"waiting"}', /whose 'id' is not understood/u],
      ['{"id":"a","state":"other"}', /whose 'state'/u],
      [`"${'x'.repeat(70_000)}"`, /more than 65536 bytes/u],
    ];
    for (const [body, expected] of answers) {
      const text = await failure({
        intercept: (_, response) => {
          response.end(body);
          return true;
        },
      });
      assert.match(text, expected);
    }
  });

  it('refuses results that are no MP4, too large, or not as long as announced', async () => {
    assert.match(await failure({ result: Buffer.from('#EXTM3U\nhttp://x/\n') }), /neither MP4/u);
    const large = { maxOutputBytes: 10 };
    assert.match(await failure({}, large), /resource-exhausted export-too-large/u);
    const cut = await failure({
      intercept: (request, response) => {
        if (request.url?.endsWith('/result') !== true) return false;
        response.end(Buffer.concat([recording, recording]));
        return true;
      },
    });
    assert.match(cut, /rvideo-invalid-answer .*were announced/u);
  });

  it('cancels at the service when the job is canceled', async () => {
    const canceling = new AbortController();
    await using double = await RVideoDouble.start({
      runningPolls: 1000,
      intercept: (request) => {
        if (request.method === 'GET') canceling.abort();
        return false;
      },
    });
    await assert.rejects(run({ double, signal: canceling.signal }));
    assert.deepEqual([double.requests.at(-1), double.jobs.size], ['DELETE /v1/jobs/job-1', 0]);
    assert.deepEqual((await readdir(folder)).sort(), ['a.mp4', 'b.mp4']);
  });

  it('waits for an answer no longer than it says', async () => {
    const impatient: Clock = { ...systemClock, after: (_, action) => systemClock.after(0, action) };
    const text = await failure({ intercept: () => true }, { clock: impatient });
    assert.match(text, /rvideo-unreachable .*no answer within 9500 ms/u);
  });

  it('says which service is not there', async () => {
    const text = await failure({}, { url: 'http://127.0.0.1:1' });
    assert.match(text, /unavailable rvideo-unreachable .*POST \/v1\/jobs/u);
  });

  it('takes http and https URLs without credentials only', () => {
    for (const url of ['', 'x', 'ftp://x/', 'http://u:secret@x/', 'http://x/?token=secret']) {
      assert.throws(
        () => new RVideoClient(systemClock, { url }),
        (thrown) => thrown instanceof MediaError && !thrown.message.includes('secret'),
      );
    }
  });

  it('lets the service check ranges where ffmpeg is missing', async () => {
    const client = new RVideoClient(systemClock, { url: 'http://127.0.0.1:1/' });
    const missing = new MediaError('unavailable', 'ffmpeg-missing', 'ffmpeg not available');
    const inspector = { inspect: () => Promise.reject(missing) };
    const backend = new RVideoBackend({ clock: systemClock, client, inspector });
    const { signal } = new AbortController();
    const inspected = await backend.inspect(join(folder, 'a.mp4'), signal);
    assert.deepEqual(inspected, { durationS: undefined });
    const known = new RVideoBackend({
      ...{ clock: systemClock, client },
      inspector: { inspect: () => Promise.resolve({ durationS: 3 }) },
    });
    assert.deepEqual(await known.inspect(join(folder, 'a.mp4'), signal), { durationS: 3 });
    await assert.rejects(backend.inspect(join(folder, 'none'), signal), { kind: 'not-found' });
  });
});
