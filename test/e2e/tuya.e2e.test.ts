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
    await house.serve();
    await house.waitForLog(ONLINE);
    const url = house.rtspUrl('cam');
    const { streams } = await probeWithFfprobe({ url });
    assert.deepEqual(streams.map(({ codec_name: name }) => name).sort(), ['h264', 'pcm_mulaw']);
    const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
    assert.ok(videoFrames >= 25, `${videoFrames} frames; ${warnings}`);
    await using browser = await Chromium.launch();
    const viewer = await WhepPage.start(await browser.openKit(), { url: house.whepUrl('cam') });
    await viewer.waitForFrames(20, 20_000);
    await viewer.stop();
    const { events } = camera;
    const [offer, ...others] = events.filter(({ event }) => event === 'offer');
    assert.deepEqual([others, offer?.['stream_type'], offer?.['datachannel']], [[], 0, false]);
    assert.ok(Number(offer?.['bytes']) < 8192);
    assert.ok(events.some(({ event, value }) => event === 'control' && value === 0));
    const faults = events.filter(({ event }) => event === 'refused' || event === 'failed');
    assert.deepEqual(faults, []);
    const { malformed, foreign, tooLong } = house.account.counters;
    assert.ok(malformed >= 5, `${malformed} malformed`);
    assert.deepEqual([foreign, tooLong], [2, 1]);
    await house[Symbol.asyncDispose]();
    await camera.waitFor(({ event }) => event === 'disconnect', 5000);
    assertNoSecrets(house.log);
  });

  it('asks for the sub stream', async () => {
    await using house = await site({ sources: { cam: 'tuya://main/dev1?stream=sub' } });
    await using camera = await house.camera('dev1', ['--time-unit', 'ms']);
    await house.serve();
    await house.waitForLog(ONLINE);
    const offer = camera.events.find(({ event }) => event === 'offer');
    assert.equal(offer?.['stream_type'], 1);
  });

  it('plays H.265, which comes over the data channel', async () => {
    await using house = await site({ devices: { dev1: H265 } });
    await using camera = await house.camera('dev1', ['--h265']);
    await house.serve();
    await house.waitForLog(ONLINE);
    const url = house.rtspUrl('cam');
    const { streams } = await probeWithFfprobe({ url });
    assert.deepEqual(streams.map(({ codec_name: name }) => name).sort(), ['hevc', 'pcm_mulaw']);
    const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
    assert.ok(videoFrames >= 25, `${videoFrames} frames; ${warnings}`);
    const channel = camera.events.find(({ event }) => event === 'channel');
    assert.equal(channel?.['label'], 'fmp4Stream');
  });

  it('goes on without the broker, finds it again, and calls again after a camera hung up', async () => {
    await using house = await site();
    await using camera = await house.camera('dev1');
    await house.serve();
    await house.waitForLog(ONLINE);
    await house.broker.halt();
    await house.waitForLog(/lost.*running streams go on/u);
    const url = house.rtspUrl('cam');
    const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 2 });
    assert.ok(videoFrames >= 15, `${videoFrames} frames; ${warnings}`);
    const skip = house.log.length;
    await house.broker.resume();
    await house.waitForLog(/connected to the MQTT broker/u, 20_000, skip);
    const known = camera.events.length;
    await camera.stop();
    await house.waitForLog(/Tuya device dev1(?: hung up|: )/u, 20_000, skip);
    assert.ok(known > 0);
    await using again = await house.camera('dev1');
    await again.waitFor(({ event, state }) => event === 'state' && state === 'connected', 40_000);
  });

  it('says who refuses: the cloud, the broker, a camera that is not there', async () => {
    const wrong = await site({ secret: 'canary-other' });
    await wrong.serve();
    await wrong.waitForLog(/source failed: Tuya's cloud refuses the signature.*1004/u);
    await wrong[Symbol.asyncDispose]();
    const locked = await site({ mqttPassword: 'canary-wrong' });
    await locked.serve();
    await locked.waitForLog(/source failed: the MQTT broker refuses the login: .*authorized/iu);
    await locked[Symbol.asyncDispose]();
    const lonely = await site({
      sources: { cam: 'tuya://main/dev1', other: 'tuya://main/dev9', third: 'tuya://none/dev1' },
    });
    await lonely.serve();
    await lonely.waitForLog(/source failed: .*1106.*dev9/u);
    await lonely.waitForLog(/source failed: no Tuya account has the name 'none'/u);
    await lonely.waitForLog(/source failed: Tuya device dev1 did not answer within 10 s/u);
    const failure = lonely.server.pathManager.get('cam')?.lastFailure;
    assert.equal(failure?.code, 'tuya-answer-timeout');
    await lonely[Symbol.asyncDispose]();
    for (const { log } of [wrong, locked, lonely]) {
      assertNoSecrets(log);
      assert.doesNotMatch(log, /canary/u);
    }
  });
});
