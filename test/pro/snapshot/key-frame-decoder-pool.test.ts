// Tests of KeyFrameDecoderPool with decoders of the test's own.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import type { KeyFrameDecoderOptions, Picture } from '../../../pro/snapshot/key-frame-decoder.ts';
import {
  KeyFrameDecoderPool,
  type DecodeRequest,
  type KeyFrameDecoderPoolOptions,
  type PooledDecoder,
} from '../../../pro/snapshot/key-frame-decoder-pool.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SMALL = { widthPixels: 10, heightPixels: 10 };

class HandDecoder implements PooledDecoder {
  readonly codecName;
  readonly output;
  isBusy = false;
  hasFailed = false;
  isClosed = false;
  jobs = 0;
  answer: PromiseWithResolvers<Picture> | undefined;

  constructor({ codecName, output }: KeyFrameDecoderOptions) {
    this.codecName = codecName;
    this.output = output;
  }

  async decode(): Promise<Picture> {
    this.isBusy = true;
    this.jobs++;
    this.answer = Promise.withResolvers();
    try {
      return await this.answer.promise;
    } finally {
      this.isBusy = false;
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  finish(): void {
    this.answer?.resolve({ ...SMALL, rgb: Buffer.alloc(300) });
  }

  fail(): void {
    this.hasFailed = true;
    this.answer?.reject(new MediaError('deadline-exceeded', 'key-frame-undecodable', 'none'));
  }
}

function setUp(options: KeyFrameDecoderPoolOptions = {}): {
  readonly clock: FakeClock;
  readonly decoders: HandDecoder[];
  readonly pool: KeyFrameDecoderPool;
} {
  const clock = new FakeClock();
  const decoders: HandDecoder[] = [];
  const program = { path: '/bin/ffmpeg', probePath: undefined, version: '1' };
  const pool = new KeyFrameDecoderPool(
    {
      ...{ clock, logger: silentLogger, ffmpeg: { get: () => Promise.resolve(program) } },
      createDecoder: (decoderOptions) => {
        const decoder = new HandDecoder(decoderOptions);
        decoders.push(decoder);
        return decoder;
      },
    },
    options,
  );
  return { clock, decoders, pool };
}

function request(
  codecName: 'H264' | 'VP8' = 'H264',
  more: Partial<DecodeRequest> = {},
): DecodeRequest {
  const keyFrame = { codecName, bytes: new Uint8Array(1), widthPixels: 64, heightPixels: 48 };
  return { keyFrame, owner: 'cam', scaledTo: SMALL, ...more };
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('KeyFrameDecoderPool', () => {
  it('gives requests to at most two decoders at a time, first come, first served', async () => {
    const { pool, decoders } = setUp();
    const done: number[] = [];
    const all = [0, 1, 2].map(async (index) => {
      await pool.decode(request());
      done.push(index);
    });
    await settle();
    assert.equal(decoders.length, 2);
    decoders[1]?.finish();
    await settle();
    assert.deepEqual([done, decoders.length], [[1], 2]);
    for (const decoder of decoders) decoder.finish();
    await Promise.all(all);
    await pool.close();
  });

  it('keeps a decoder for the next request of the same kind, until it was idle for long', async () => {
    const { pool, decoders, clock } = setUp({ idleMs: 1000 });
    for (let index = 0; index < 3; index++) {
      const picture = pool.decode(request());
      await settle();
      decoders[0]?.finish();
      await picture;
      clock.advance(900);
    }
    assert.deepEqual([decoders.length, decoders[0]?.jobs], [1, 3]);
    clock.advance(100);
    assert.deepEqual([decoders[0]?.isClosed, pool.processCount], [true, 0]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('has decoders of its own for each codec and size; the longest unused one makes room', async () => {
    const { pool, decoders } = setUp({ maxProcesses: 2 });
    const { keyFrame, owner } = request('H264');
    const unscaled = { keyFrame, owner };
    for (const wanted of [request('H264'), request('VP8'), unscaled]) {
      const picture = pool.decode(wanted);
      await settle();
      decoders.at(-1)?.finish();
      await picture;
    }
    assert.deepEqual(
      decoders.map(({ isClosed }) => isClosed),
      [true, false, false],
    );
    assert.deepEqual(decoders[2]?.output, { widthPixels: 64, heightPixels: 48, isSmall: false });
    await pool.close();
    assert.ok(decoders.every(({ isClosed }) => isClosed));
  });

  it('replaces a decoder that failed; the others go on', async () => {
    const { pool, decoders } = setUp({ maxBusy: 1 });
    const hostile = pool.decode(request());
    const next = pool.decode(request());
    await settle();
    decoders[0]?.fail();
    await assert.rejects(hostile, { code: 'key-frame-undecodable' });
    await settle();
    assert.deepEqual([decoders.length, decoders[0]?.isClosed], [2, true]);
    decoders[1]?.finish();
    await next;
    await pool.close();
  });

  it('refuses more waiting requests than fit, and pictures that are too large', async () => {
    const { pool } = setUp({ maxBusy: 1, maxWaiting: 1, maxPixels: 64 * 48 });
    const first = pool.decode(request());
    const second = pool.decode(request());
    await assert.rejects(pool.decode(request()), { code: 'decoder-queue-full' });
    const keyFrame = { ...request().keyFrame, widthPixels: 65 };
    await assert.rejects(pool.decode({ keyFrame, owner: '' }), { code: 'picture-too-large' });
    const ended = Promise.allSettled([first, second]);
    await settle();
    await pool.close();
    void ended;
  });

  it('lets go of a request that nobody waits for', async () => {
    const { pool, decoders } = setUp({ maxBusy: 1 });
    const abort = new AbortController();
    const first = pool.decode(request());
    const second = pool.decode(request('VP8', { signal: abort.signal }));
    abort.abort();
    await assert.rejects(second, { code: 'decode-canceled' });
    await settle();
    decoders[0]?.finish();
    await first;
    await settle();
    assert.equal(decoders.length, 1);
    await assert.rejects(pool.decode(request('VP8', { signal: abort.signal })), {
      code: 'decode-canceled',
    });
    await pool.close();
    await assert.rejects(pool.decode(request()), { code: 'decoder-pool-closed' });
  });

  it('tells that ffmpeg is missing', async () => {
    const missing = new MediaError('unavailable', 'ffmpeg-missing', 'ffmpeg not available');
    const pool = new KeyFrameDecoderPool({
      ...{ clock: new FakeClock(), logger: silentLogger },
      ffmpeg: { get: () => Promise.reject(missing) },
    });
    await assert.rejects(pool.decode(request()), { code: 'ffmpeg-missing' });
    await pool.close();
  });
});
