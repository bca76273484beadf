// tuya:// sources against a real broker and a camera of another stack, decoded by Chromium and ffmpeg.
import assert from 'node:assert/strict';
import { Chromium } from './support/chromium.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { TuyaSite, tuyaSecrets, type TuyaSiteOptions } from './support/tuya-site.ts';
import { WhepPage } from './support/whep-page.ts';

const H264 = {
  webrtc: 35,
  audios: [{ channels: 1, dataBit: 16, codecType: 105, sampleRate: 8000 }],
  videos: [
    { streamType: 2, codecType: 2, width: 640, height: 360, profileId: '', sampleRate: 90_000 },
    { streamType: 4, codecType: 2, width: 320, height: 180 },
  ],
};
const H265 = { ...H264, videos: [{ ...H264.videos[0], codecType: 4 }] };
const ONLINE = /stream is available and online/u;
const site = (more: Partial<TuyaSiteOptions> = {}): Promise<TuyaSite> =>
  TuyaSite.start({
    devices: { dev1: JSON.stringify(H264) },
    sources: { cam: 'tuya://main/dev1?stream=main' },
    ...more,
  });

function assertNoSecrets(log: string): void {
  for (const secret of tuyaSecrets) assert.ok(!log.includes(secret), `${secret} is in the log`);
}

describe('tuya:// sources', () => {
  it('plays a camera in Chromium and ffmpeg, and hangs up at the end', async () => {
    const house = await site();
    await using camera = await house.camera('dev1', ['--trickle', '--junk', '--foreign-session']);
    await house.waitForLog(ONLINE);
    const url = house.server.rtspUrl('cam') ?? '';
    const { streams } = await probeWithFfprobe({ url });
    assert.deepEqual(streams.map(({ codec_name: name }) => name).sort(), ['h264', 'pcm_mulaw']);
    const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
    assert.ok(videoFrames >= 25, `${videoFrames} frames; ${warnings}`);
    await using browser = await Chromium.launch();
    const viewer = await WhepPage.start(await browser.openKit(), { url: house.whepUrl('cam') });
    await viewer.waitForFrames(20, 20_000);
    await viewer.stop();
    const offer = camera.events.find(({ event }) => event === 'offer');
    assert.equal(offer?.['stream_type'], 0);
    assert.ok(Number(offer?.['bytes']) < 8192);
    assert.ok(camera.events.some(({ event, value }) => event === 'control' && value === 0));
    assert.deepEqual(
      camera.events.filter(({ event }) => event === 'refused' || event === 'failed'),
      [],
    );
    const { malformed, foreign, tooLong } = house.account.counters;
    assert.ok(
      malformed >= 5 && foreign === 2 && tooLong === 1,
      JSON.stringify(house.account.counters),
    );
    await house[Symbol.asyncDispose]();
    await camera.waitFor(({ event }) => event === 'disconnect', 5000);
    assertNoSecrets(house.log);
  });

  it('asks for the sub stream', async () => {
    await using house = await site({ sources: { cam: 'tuya://main/dev1?stream=sub' } });
    await using camera = await house.camera('dev1', ['--time-unit', 'ms']);
    await house.waitForLog(ONLINE);
    const offer = camera.events.find(({ event }) => event === 'offer');
    assert.equal(offer?.['stream_type'], 1);
  });

  it('plays H.265, which comes over the data channel', async () => {
    await using house = await site({ devices: { dev1: H265 } });
    await using camera = await house.camera('dev1', ['--h265']);
    await house.waitForLog(ONLINE);
    const url = house.server.rtspUrl('cam') ?? '';
    const { streams } = await probeWithFfprobe({ url });
    assert.deepEqual(streams.map(({ codec_name: name }) => name).sort(), ['hevc', 'pcm_mulaw']);
    const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
    assert.ok(videoFrames >= 25, `${videoFrames} frames; ${warnings}`);
    const channel = camera.events.find(({ event }) => event === 'channel');
    assert.equal(channel?.['label'], 'fmp4Stream');
  });
});
