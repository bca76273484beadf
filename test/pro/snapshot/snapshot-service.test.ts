// Tests of SnapshotService: what is shared, what is changed, what is kept, what is refused.
import assert from 'node:assert/strict';
import sharp from 'sharp';
import { MediaError } from '../../../core/base/media-error.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import type { ImageToStore } from '../../../pro/snapshot/image-store.ts';
import type { Picture } from '../../../pro/snapshot/key-frame-decoder.ts';
import {
  SnapshotService,
  type DeviceCamera,
  type SnapshotRequest,
  type SnapshotServiceOptions,
} from '../../../pro/snapshot/snapshot-service.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Left half dark red, right half grey. */
function halves(): Picture {
  const rgb = Buffer.alloc(64 * 48 * 3, 100);
  for (let y = 0; y < 48; y++) {
    for (let x = 0; x < 32; x++) rgb.set([120, 40, 40], (y * 64 + x) * 3);
  }
  return { widthPixels: 64, heightPixels: 48, rgb };
}

class Desk {
  readonly clock = new FakeClock();
  readonly stored: ImageToStore[] = [];
  frameId = 'frame 1';
  decodes = 0;
  grabs = 0;
  failure: MediaError | undefined;
  device: DeviceCamera['grab'] = () => undefined;
  readonly service: SnapshotService;

  constructor(options: SnapshotServiceOptions = {}) {
    this.service = new SnapshotService(
      {
        ...{ clock: this.clock, logger: silentLogger },
        streams: {
          assertExists: (name) => {
            if (name === 'cam') return;
            throw new MediaError('not-found', 'path-not-found', `path '${name}' not found`);
          },
        },
        pictures: {
          grab: () => {
            this.grabs++;
            const content = { type: 'jpeg', jpeg: new Uint8Array(0) } as const;
            return Promise.resolve({ id: this.frameId, ageMs: 0, content });
          },
          decode: () => {
            this.decodes++;
            return this.failure ? Promise.reject(this.failure) : Promise.resolve(halves());
          },
        },
        store: {
          save: (image) => {
            this.stored.push(image);
            const { fileName, thumbnail } = image;
            const names = {
              fileName,
              filePath: `/day/${fileName}`,
              fullPath: `/r/day/${fileName}`,
            };
            return Promise.resolve({ ...names, thumbnail: thumbnail ? 'thumbnail-x' : '' });
          },
        },
        device: { grab: (name, signal) => this.device(name, signal) },
      },
      options,
    );
  }

  take(request: Partial<SnapshotRequest> = {}): Promise<Buffer> {
    return this.service.take({ name: 'cam', ...request });
  }
}

/** Color of one pixel. */
async function pixel(jpeg: Buffer, left: number, top: number): Promise<number[]> {
  const region = { left, top, width: 1, height: 1 };
  return [...(await sharp(jpeg).extract(region).raw().toBuffer())];
}

function near(actual: readonly number[], expected: readonly number[]): void {
  const isNear = actual.every((value, index) => Math.abs(value - (expected[index] ?? -99)) <= 6);
  assert.ok(isNear, `${actual.join()} is not near ${expected.join()}`);
}

describe('SnapshotService', () => {
  it('decodes a key frame once for all who ask', async () => {
    const desk = new Desk();
    const all = await Promise.all([desk.take(), desk.take(), desk.take({ brightness: 10 })]);
    assert.deepEqual([desk.decodes, all[0] === all[1]], [1, true]);
    await desk.take();
    assert.equal(desk.decodes, 1);
    desk.frameId = 'frame 2';
    await desk.take();
    assert.equal(desk.decodes, 2);
  });

  it('keeps no more bytes than it may, and no failure', async () => {
    const desk = new Desk({ cacheBytes: 3000 });
    await desk.take();
    await desk.take({ contrast: 5 });
    assert.equal(desk.decodes, 2);
    desk.failure = new MediaError('deadline-exceeded', 'key-frame-undecodable', 'none');
    await assert.rejects(desk.take({ contrast: 6 }), { code: 'key-frame-undecodable' });
    desk.failure = undefined;
    assert.ok((await desk.take({ contrast: 6 })).length > 0);
  });

  it('changes colors', async () => {
    const desk = new Desk();
    near(await pixel(await desk.take(), 10, 10), [120, 40, 40]);
    near(await pixel(await desk.take({ brightness: 50 }), 10, 10), [180, 60, 60]);
    near(await pixel(await desk.take({ brightness: -100 }), 10, 10), [0, 0, 0]);
    near(await pixel(await desk.take({ contrast: -100 }), 10, 10), [127, 127, 127]);
    near(await pixel(await desk.take({ contrast: 100 }), 50, 10), [73, 73, 73]);
    const [red = 0, green = 0, blue = 99] = await pixel(
      await desk.take({ saturation: -100 }),
      10,
      10,
    );
    assert.ok(Math.abs(red - green) < 3 && Math.abs(red - blue) < 3);
  });

  it('clamps the crop to the picture and refuses one outside it', async () => {
    const desk = new Desk();
    const jpeg = await desk.take({ crop: { x: 40, y: -10, w: 1000, h: 30 } });
    const { width, height } = await sharp(jpeg).metadata();
    assert.deepEqual([width, height], [24, 20]);
    const outside = desk.take({ crop: { x: 64, y: 0, w: 10, h: 10 } });
    await assert.rejects(outside, { kind: 'invalid-argument', code: 'crop-outside' });
    for (const crop of [
      { x: 0, y: 0, w: 0, h: 10 },
      { x: 0, y: 0, w: 5, h: Number.NaN },
    ]) {
      await assert.rejects(desk.take({ crop }), { code: 'invalid-crop' });
    }
  });

  it('refuses values out of range before it looks for a picture', async () => {
    const desk = new Desk();
    for (const wrong of [
      { brightness: 101 },
      { contrast: Number.NaN },
      { saturation: -101 },
      { thumbnailSize: 5000 },
      { thumbnailSize: 1.5 },
    ]) {
      await assert.rejects(desk.take(wrong), { code: 'value-out-of-range' });
    }
    await assert.rejects(desk.take({ name: 'x' }), { message: "path 'x' not found" });
    assert.equal(desk.grabs, 0);
  });

  it('saves with a thumbnail of its aspect, under a name of time and chance', async () => {
    const desk = new Desk();
    const saved = await desk.service.save({ name: 'cam' });
    const [image] = desk.stored;
    assert.match(saved.fileName, new RegExp(`^${desk.clock.nowMs()}-[0-9a-f]{16}\\.jpg$`, 'u'));
    assert.deepEqual([saved.width, saved.height, saved.original], [64, 48, saved.fileName]);
    assert.ok(image?.thumbnail);
    const { width, height, format } = await sharp(image.thumbnail).metadata();
    assert.deepEqual([width, height, format], [320, 240, 'jpeg']);
    await desk.service.save({ name: 'cam', thumbnailSize: 0 });
    assert.equal(desk.stored[1]?.thumbnail, undefined);
  });

  it('takes file names with and without extension, and refuses dangerous ones', async () => {
    const desk = new Desk();
    for (const fileName of ['a b', 'a b.jpg', 'a b.JPG']) {
      assert.equal((await desk.service.save({ name: 'cam', fileName })).fileName, 'a b.jpg');
    }
    const bad = ['', '..', '../x', 'a/b', 'a\\b', '.x', 'a\0', '%2e%2e', 'x'.repeat(201), '.jpg'];
    bad.push('thumbnail-a', 'Thumbnail-a.jpg');
    for (const fileName of bad) {
      const saving = desk.service.save({ name: 'cam', fileName });
      await assert.rejects(saving, { code: 'bad-file-name' }, fileName);
    }
    assert.equal(desk.stored.length, 3);
  });

  it('takes what is not asked for from the configuration of the path', async () => {
    const defaultsOf = (): object => ({ brightness: 50, crop: { x: 0, y: 0, w: 10, h: 5 } });
    const desk = new Desk({ defaultsOf });
    near(await pixel(await desk.take(), 2, 2), [180, 60, 60]);
    const jpeg = await desk.take({ brightness: 0, crop: { x: 0, y: 0, w: 7, h: 5 } });
    near(await pixel(jpeg, 2, 2), [120, 40, 40]);
    assert.equal((await sharp(jpeg).metadata()).width, 7);
  });

  describe('with a capture device', () => {
    const green = { width: 16, height: 8, channels: 3, background: '#0a0' } as const;

    it('asks the device only when it may', async () => {
      const desk = new Desk();
      const jpeg = await sharp({ create: green }).jpeg().toBuffer();
      desk.device = () => Promise.resolve(jpeg);
      assert.equal((await sharp(await desk.take({ mayAskDevice: true })).metadata()).width, 16);
      assert.equal((await sharp(await desk.take()).metadata()).width, 64);
    });

    it('takes the stream when the device fails, answers with something else, or is slow', async () => {
      const desk = new Desk();
      const png = await sharp({ create: green }).png().toBuffer();
      for (const answer of [png, Buffer.from('<svg/>'), Buffer.from([0xff, 0xd8, 0xff, 0])]) {
        desk.device = () => Promise.resolve(answer);
        const picture = await desk.take({ mayAskDevice: true });
        assert.equal((await sharp(picture).metadata()).width, 64);
      }
      desk.device = () => Promise.reject(new Error('refused'));
      assert.ok(await desk.take({ mayAskDevice: true }));
      desk.device = () => new Promise(() => undefined);
      const slow = desk.take({ mayAskDevice: true });
      desk.clock.advance(4000);
      assert.equal((await sharp(await slow).metadata()).width, 64);
      assert.equal(desk.clock.pendingTimers, 0);
    });
  });
});
