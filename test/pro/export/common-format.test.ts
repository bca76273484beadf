// What pieces of different kinds have in common, by the documented rule.
import assert from 'node:assert/strict';
import { chooseAudioFormat, chooseVideoFormat } from '../../../pro/export/common-format.ts';
import type { DescribedTrack, VideoTrackFile } from '../../../pro/export/media-file.ts';
import type { AudioInfo, VideoInfo } from '../../../pro/export/media-info.ts';

const sets = [Uint8Array.of(1), Uint8Array.of(2)];

function video(change: Partial<VideoInfo> = {}, isCopyable = true): VideoTrackFile {
  const info: VideoInfo = {
    ...{ index: 0, trackId: 1, codec: 'h264', profile: 'High', tickS: 1 },
    ...{ width: 640, height: 360, pixelFormat: 'yuv420p', pixelAspect: 1 },
    ...change,
  };
  const { codec } = info;
  const hasSets = codec === 'h264' || codec === 'hevc';
  const config = hasSets ? ({ codec, lengthBytes: 4, sets } as const) : undefined;
  return { info, entry: Buffer.from(codec), isCopyable, config };
}

function audio(change: Partial<AudioInfo> = {}, entry = 'x'): DescribedTrack<AudioInfo> {
  const info: AudioInfo = {
    ...{ index: 1, trackId: 2, codec: 'aac', profile: 'LC', tickS: 1 },
    ...{ sampleRateHz: 48_000, channelCount: 2 },
    ...change,
  };
  return { info, entry: Buffer.from(entry), isCopyable: true };
}

describe('chooseVideoFormat()', () => {
  it('copies pieces of one format, with edges in their codec', () => {
    const format = chooseVideoFormat([video(), video({ profile: 'Main' })], true);
    assert.deepEqual([format?.encoder, format?.mayCopy], ['libx264', [true, true]]);
    const hevc = chooseVideoFormat([video({ codec: 'hevc' })], false);
    assert.deepEqual([hevc?.encoder, hevc?.mayCopy], ['libx265', [true]]);
  });

  it('makes H.264 of the size of the first piece out of what differs', () => {
    const format = chooseVideoFormat(
      [video(), video({ width: 320 }), video({ codec: 'hevc' }), video(), video({}, false)],
      true,
    );
    assert.deepEqual(format?.mayCopy, [true, false, false, true, false]);
    assert.deepEqual([format.encoder, format.width, format.height], ['libx264', 640, 360]);
  });

  it('makes square pixels and even sides', () => {
    const first = video({ width: 720, height: 575, pixelAspect: 16 / 15 });
    const format = chooseVideoFormat([first, video()], true);
    assert.deepEqual([format?.width, format?.height, format?.pixelAspect], [768, 576, 1]);
    assert.deepEqual(format?.mayCopy, [false, false]);
  });

  it('copies other codecs only where nothing has to be encoded', () => {
    const vp9 = video({ codec: 'vp9' });
    assert.equal(chooseVideoFormat([vp9, vp9], true)?.encoder, undefined);
    assert.deepEqual(chooseVideoFormat([vp9, vp9], false)?.mayCopy, [false, false]);
    assert.equal(chooseVideoFormat([], true), undefined);
  });
});

describe('chooseAudioFormat()', () => {
  const mode = (...tracks: (DescribedTrack<AudioInfo> | undefined)[]): string | undefined =>
    chooseAudioFormat(tracks)?.mode;

  it('copies one format, whatever AAC-LC leaves out of its description', () => {
    assert.equal(mode(audio(), audio({}, 'y')), 'copy');
    assert.equal(mode(audio({ codec: 'opus', profile: '' })), 'copy');
    assert.equal(mode(audio({ codec: 'opus' }), audio({ codec: 'opus' }, 'y')), 'aac');
  });

  it('encodes what differs, and what is no sample of an MP4', () => {
    assert.equal(mode(audio(), audio({ sampleRateHz: 8000 })), 'aac');
    assert.equal(mode(audio(), audio({ channelCount: 1 })), 'aac');
    assert.equal(mode(audio(), audio({ codec: 'mp3' })), 'aac');
    assert.equal(mode(audio({ codec: 'pcm_s16le' })), 'aac');
  });

  it('puts silence beside AAC-LC, and makes AAC of others that need it', () => {
    assert.equal(mode(undefined, audio()), 'copy');
    assert.equal(mode(undefined, audio({ codec: 'opus' })), 'aac');
    assert.equal(mode(undefined, audio({ profile: 'HE-AAC' })), 'aac');
    assert.equal(mode(undefined, undefined), undefined);
  });

  it('takes a rate and a number of channels that AAC is good at', () => {
    const format = chooseAudioFormat([
      audio({ codec: 'pcm', sampleRateHz: 96_000, channelCount: 6 }),
    ]);
    assert.deepEqual([format?.sampleRateHz, format?.channelCount], [48_000, 2]);
    assert.equal(
      chooseAudioFormat([audio({ codec: 'pcm', sampleRateHz: 7900 })])?.sampleRateHz,
      8000,
    );
  });
});
