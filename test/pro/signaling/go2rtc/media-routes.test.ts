// Pictures and MP4 over the go2rtc API.
import assert from 'node:assert/strict';
import http from 'node:http';
import sharp from 'sharp';
import { MediaError, toMediaError } from '../../../../core/base/media-error.ts';
import { CameraFeed, H264, OPUS } from '../../../core/record/camera-feed.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

const camera = {
  asked: [] as string[],
  async take({ name }: { readonly name: string }): Promise<Buffer> {
    camera.asked.push(name);
    if (name === 'other') throw new MediaError('deadline-exceeded', 'no-key-frame', 'no key frame');
    const create = { width: 64, height: 32, channels: 3, background: '#888' } as const;
    return await sharp({ create }).jpeg().toBuffer();
  },
};

function requestBytes(
  port: number,
  path: string,
): Promise<{ readonly reply: http.IncomingMessage; readonly body: Promise<Buffer> }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      const body = new Promise<Buffer>((done) => {
        reply.once('close', () => done(Buffer.concat(chunks)));
      });
      resolve({ reply, body });
    });
    request.on('error', reject);
  });
}

async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !isDone(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(isDone());
}

describe('/api/frame.jpeg', () => {
  async function sizeOf(fixture: Go2rtcFixture, query: string): Promise<string> {
    const { reply, body } = await requestBytes(fixture.port, `/api/frame.jpeg?src=cam${query}`);
    assert.equal(reply.headers['content-type'], 'image/jpeg');
    assert.equal(reply.headers['cache-control'], 'no-cache');
    const { width, height } = await sharp(await body).metadata();
    return `${width}x${height}`;
  }

  it('gives a picture, smaller, stretched or turned when asked to', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { camera } });
    const sizes: Readonly<Record<string, string>> = {
      '': '64x32',
      '&width=32': '32x16',
      '&w=32': '32x16',
      '&height=64': '128x64',
      '&w=10&h=10': '10x10',
      '&rotate=90': '32x64',
      '&rotate=-90&w=16': '16x32',
      '&rotate=45&w=nothing&h=-5&hw=cuda&cache=5s': '64x32',
    };
    for (const [query, size] of Object.entries(sizes)) {
      assert.equal(await sizeOf(fixture, query), size, query);
    }
  });

  it('knows no stream, no picture and no camera', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { camera } });
    const unknown = await fixture.call('GET', '/api/frame.jpeg?src=stranger');
    assert.deepEqual([unknown.status, unknown.body], [404, 'stream not found']);
    assert.equal((await fixture.call('GET', '/api/frame.jpeg')).status, 404);
    const silent = await fixture.call('GET', '/api/frame.jpeg?src=other');
    assert.deepEqual([silent.status, silent.body], [500, 'no key frame']);
    await using blind = await Go2rtcFixture.start();
    assert.equal((await blind.call('GET', '/api/frame.jpeg?src=cam')).status, 500);
  });

  it('waits 5 s for a source that is dead, and says why it has no stream', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const slow = {
      take: (_: { readonly name: string }, signal?: AbortSignal): Promise<Buffer> =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(toMediaError(signal.reason)));
          if (signal) asked.resolve(signal);
        }),
    };
    await using fixture = await Go2rtcFixture.start({ components: { camera: slow } });
    const url = encodeURIComponent('rtsp://u:p@127.0.0.1:9/x');
    const waiting = fixture.call('GET', `/api/frame.jpeg?src=${url}`);
    await asked.promise;
    fixture.core.clock.advance(4999);
    assert.equal((await asked.promise).aborted, false);
    fixture.core.clock.advance(1);
    const { status, body } = await waiting;
    assert.equal(status, 504);
    assert.match(body, /^streams: 'rtsp:\/\/\*\*\*@127\.0\.0\.1:9\/x' has no stream after 5 s/u);
  });

  it('makes a stream of a source URL', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { camera } });
    const source = encodeURIComponent('rtsp://192.0.2.1/a');
    const reply = await fixture.call('GET', `/api/frame.jpeg?src=${source}&name=made`);
    assert.equal(reply.status, 200);
    assert.equal(camera.asked.at(-1), 'made');
    const program = encodeURIComponent('exec:sh://x');
    assert.equal((await fixture.call('GET', `/api/frame.jpeg?src=${program}`)).status, 400);
  });

  it('changes only a few pictures at once', async () => {
    await using fixture = await Go2rtcFixture.start({ components: { camera } });
    const calls = Array.from({ length: 20 }, () =>
      fixture.call('GET', '/api/frame.jpeg?src=cam&w=1200&h=1200'),
    );
    const statuses = new Set((await Promise.all(calls)).map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [200, 500]);
    assert.equal((await fixture.call('GET', '/api/frame.jpeg?src=cam&w=20')).status, 200);
  });
});

describe('/api/stream.mp4', () => {
  /** A path with 400 ms of media in it; the returned function plays on. */
  function publish({ core }: Go2rtcFixture): (durationMs: number) => Promise<void> {
    const tracks = [H264, OPUS];
    const { writer } = core.pathManager.publish(core.grant('cam'), {
      publisher: { id: 'camera', type: 'rtspSession', onPathClosed: () => undefined },
      tracks,
    });
    const feed = new CameraFeed(writer, tracks);
    let atMs = 0;
    return async (durationMs) => {
      for (const endMs = atMs + durationMs; atMs < endMs; atMs += 40) {
        feed.frame(atMs);
        core.clock.advance(40);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
  }

  it('plays for the duration that is asked for, under the name that is asked for', async () => {
    await using fixture = await Go2rtcFixture.start();
    const play = publish(fixture);
    await play(400);
    const query = `src=cam&duration=1&filename=${encodeURIComponent('Tür "1"\r\n.mp4')}`;
    const { reply, body } = await requestBytes(fixture.port, `/api/stream.mp4?${query}`);
    assert.equal(reply.statusCode, 200);
    assert.equal(reply.headers['content-type'], 'video/mp4');
    assert.equal(
      reply.headers['content-disposition'],
      `attachment; filename="T_r _1___.mp4"; filename*=UTF-8''T%C3%BCr%20%221%22%0D%0A.mp4`,
    );
    assert.equal(fixture.core.readersOf('cam'), 1);
    await play(1600);
    const bytes = (await body).toString('latin1');
    assert.equal(bytes.slice(4, 8), 'ftyp');
    assert.equal(bytes.split('trak').length - 1, 2);
    assert.ok(bytes.split('moof').length > 4);
    await until(() => fixture.core.readersOf('cam') === 0);
  });

  it('frees everything when the client leaves', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { maxMovies: 1 } });
    const play = publish(fixture);
    await play(400);
    for (let count = 0; count < 3; count++) {
      const { reply } = await requestBytes(fixture.port, '/api/stream.mp4?src=cam&video=h264');
      assert.equal(reply.statusCode, 200);
      const busy = await fixture.call('GET', '/api/stream.mp4?src=cam');
      assert.deepEqual([busy.status, busy.body], [500, '1 MP4s are being watched already']);
      reply.destroy();
      await until(() => fixture.core.readersOf('cam') === 0);
    }
  });

  it('answers HEAD without reading, and knows no stream and no media', async () => {
    await using fixture = await Go2rtcFixture.start({ options: { maxMovies: 1 } });
    assert.equal((await fixture.call('HEAD', '/api/stream.mp4?src=cam')).status, 200);
    const unknown = await fixture.call('GET', '/api/stream.mp4?src=stranger');
    assert.deepEqual([unknown.status, unknown.body], [404, 'stream not found']);
    assert.equal((await fixture.call('GET', '/api/stream.mp4?src=other')).status, 500);
    assert.equal(fixture.core.readersOf('other'), 0);
  });
});
