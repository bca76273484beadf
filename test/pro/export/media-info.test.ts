// The JSON of ffprobe is read by what an export needs; nonsense is refused with the file's name.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { readMediaInfo, type MediaInfo } from '../../../pro/export/media-info.ts';

const video = {
  ...{ index: 1, id: '0x2', codec_type: 'video', codec_name: 'h264', profile: 'High' },
  ...{ width: 640, height: 360, pix_fmt: 'yuv420p', sample_aspect_ratio: '4:3' },
  time_base: '1/90000',
};
const audio = {
  ...{ index: 0, id: '0x1', codec_type: 'audio', codec_name: 'aac', profile: 'LC' },
  ...{ sample_rate: '48000', channels: 2, time_base: '1/48000' },
};
const read = (
  streams: readonly object[],
  format: object = { duration: '5', start_time: '1.4' },
): MediaInfo => readMediaInfo(JSON.stringify({ streams, format }), '/a.mp4');

describe('readMediaInfo()', () => {
  it('takes the first picture and the first sound', () => {
    const info = read([audio, video, { ...video, index: 7 }]);
    assert.deepEqual([info.startS, info.durationS], [1.4, 5]);
    assert.deepEqual(info.audio, {
      ...{ index: 0, trackId: 1, codec: 'aac', profile: 'LC', tickS: 1 / 48000 },
      ...{ sampleRateHz: 48000, channelCount: 2 },
    });
    assert.deepEqual(info.video, {
      ...{ index: 1, trackId: 2, codec: 'h264', profile: 'High', tickS: 1 / 90000 },
      ...{ width: 640, height: 360, pixelFormat: 'yuv420p', pixelAspect: 4 / 3 },
    });
  });

  it('passes over covers, and has no duration where the file tells none', () => {
    const info = read([{ ...video, disposition: { attached_pic: 1 } }, audio], {});
    assert.deepEqual([info.video, info.durationS, info.startS], [undefined, 0, 0]);
  });

  it('refuses bombs and nonsense by the name of the file', () => {
    const bad = [
      [],
      [{ ...video, width: 50_000 }],
      [{ ...video, height: 0 }],
      [{ ...video, time_base: '0/0' }],
      [{ ...audio, channels: 1000 }],
      [{ index: 'x' }],
    ];
    for (const streams of bad) {
      assert.throws(() => read(streams), { kind: 'unsupported', message: /\/a\.mp4/u });
    }
    assert.throws(() => readMediaInfo('{', '/a.mp4'), { code: 'export-not-a-recording' });
  });

  it('throws nothing but MediaError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.throws(() => readMediaInfo(text, '/a.mp4'), MediaError);
      }),
      { numRuns: 500 },
    );
  });
});
