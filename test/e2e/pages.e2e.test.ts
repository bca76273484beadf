// The pages in Chromium: they play, publish, list, and say why when they don't.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { pollUntil } from './support/kit-call.ts';
import { ServerProcess } from './support/server-process.ts';

const DEMO = new URL('../../core/assets/demo.mp4', import.meta.url).pathname;
const PATHS = {
  demo: { source: `file:${DEMO}` },
  broken: { source: 'rtsp://127.0.0.1:1/stream' },
  silent: { webrtcAudioTranscode: false },
  brief: { publisherHoldTime: '0s' },
  all_others: {},
};

/** Everything that a page complained about, e.g. a blocked script. */
function collectComplaints(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}

/** Polls, since the pages forbid playwright's own way of waiting: code made from text. */
async function waitForValue(page: Page, expression: string, timeoutMs = 15_000): Promise<void> {
  const read = (): Promise<unknown> => page.evaluate(expression);
  await pollUntil(read, (value) => value === true, timeoutMs);
}

/** Resolves when the player of a page has shown this many frames. */
function waitForFrames(page: Page, frames: number): Promise<void> {
  const shown = `Number(document.body.dataset.frames) >= ${frames}`;
  return waitForValue(page, `${shown} && !document.querySelector('video').paused`);
}

async function waitForText(page: Page, id: string, pattern: RegExp): Promise<void> {
  const element = `document.getElementById('${id}')`;
  const read = (): Promise<unknown> =>
    page.evaluate(`${element}?.checkVisibility() ? ${element}.innerText : ''`);
  await pollUntil(read, (text) => pattern.test(String(text)), 15_000);
}

describe('the pages', () => {
  let server: ServerProcess;
  let browser: Chromium;

  before(async () => {
    server = await ServerProcess.start({ paths: PATHS });
    browser = await Chromium.launch({ hasFakeMedia: true });
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  describe('player', () => {
    it('plays without a click, tells statistics and leaves no session behind', async () => {
      const page = await browser.open('about:blank');
      const complaints = collectComplaints(page);
      await page.goto(server.webrtcUrl('demo'));
      assert.equal(page.url(), server.webrtcUrl('demo/'));
      await waitForFrames(page, 25);
      assert.equal(await page.locator('#message').isVisible(), false);
      await page.keyboard.press('s');
      await waitForText(page, 'stats', /H264 640×360, 2[3-6] fps[\s\S]*opus[\s\S]*127\.0\.0\.1/u);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('#stats').isVisible(), false);
      await page.click('#unmute');
      // The browser may confirm a click before the page has seen it.
      await page.waitForFunction("!document.querySelector('video').muted", undefined, {
        timeout: 5000,
      });
      await page.locator('#unmute').waitFor({ state: 'hidden' });
      assert.deepEqual(complaints, []);
      await page.goto('about:blank');
      await server.waitForLog(/closed: (?:closed by the client|the peer closed)/u);
      await page.close();
    });

    it('obeys the query', async () => {
      const page = await browser.open(
        server.webrtcUrl('demo/?controls=no&muted=0&disablepictureinpicture=1'),
      );
      await waitForFrames(page, 1);
      const flags =
        '(({ controls, muted, autoplay, playsInline, disablePictureInPicture }) => ' +
        '[controls, muted, autoplay, playsInline, disablePictureInPicture])' +
        "(document.querySelector('video'))";
      assert.deepEqual(await page.evaluate(flags), [false, false, true, true, true]);
      await page.close();
    });

    it('says that nobody is sending, and starts by itself when somebody does', async () => {
      const page = await browser.open(server.webrtcUrl('brief/'));
      await waitForText(
        page,
        'message',
        /No stream yet: nobody sends it[\s\S]*Next attempt in \d+ s/u,
      );
      const url = server.rtspUrl('brief');
      {
        await using publisher = await publishWithFfmpeg({ url, video: 'h264' });
        assert.equal(publisher.exit, undefined);
        await page.click('#message-button');
        await waitForFrames(page, 10);
      }
      await waitForText(
        page,
        'message',
        /server ended the session|connection was lost|No stream yet/u,
      );
      await using publisher = await publishWithFfmpeg({ url, video: 'vp8' });
      assert.equal(publisher.exit, undefined);
      const isConnected = "document.body.dataset.state === 'connected'";
      await waitForValue(page, `${isConnected} && document.getElementById('message').hidden`);
      await page.close();
    });

    it('shows a stream without a picture as what it is', async () => {
      const url = server.rtspUrl('radio');
      await using publisher = await publishWithFfmpeg({ url, video: 'none', audio: 'opus' });
      assert.equal(publisher.exit, undefined);
      const page = await browser.open(server.webrtcUrl('radio/'));
      await waitForText(page, 'audio-only', /radio\s+Audio only/u);
      assert.equal(await page.locator('#message').isVisible(), false);
      await page.close();
    });

    it('plays the picture and tells why there is no sound', async () => {
      const url = server.rtspUrl('silent');
      await using publisher = await publishWithFfmpeg({ url, video: 'h264', audio: 'aac' });
      assert.equal(publisher.exit, undefined);
      const page = await browser.open(server.webrtcUrl('silent/'));
      await waitForFrames(page, 5);
      await waitForText(page, 'notice', /No audio: AAC/u);
      await page.close();
    });

    it('passes on the words of the server about B-frames', async () => {
      const url = server.rtspUrl('bframes');
      await using publisher = await publishWithFfmpeg({ url, video: 'h264', bFrames: 2 });
      assert.equal(publisher.exit, undefined);
      const page = await browser.open(server.webrtcUrl('bframes/'));
      await waitForText(page, 'message', /B-frames can't be played[\s\S]*-bf 0/u);
      await page.close();
    });
  });

  describe('publisher', () => {
    it('sends camera and microphone, which the player then plays', async () => {
      const page = await browser.open('about:blank');
      const complaints = collectComplaints(page);
      await page.goto(server.webrtcUrl('stage/publish?video-width=640&video-height=480'));
      await page.selectOption('#video-codec', 'vp8/90000');
      assert.match(page.url(), /video-width=640&.*video-codec=vp8%2F90000/u);
      await page.click('#start');
      await waitForText(page, 'state', /^Publishing$/u);
      await waitForText(page, 'stats', /VP8 640×480[\s\S]*opus/u);
      const player = await browser.open(server.webrtcUrl('stage/'));
      await waitForFrames(player, 20);
      await player.close();
      await page.click('#stop');
      await waitForText(page, 'state', /^Not publishing$/u);
      await server.waitForLog(/\[path stage\] stream is offline/u);
      assert.deepEqual(complaints, []);
      await page.close();
    });

    it('tells what to do when there is nothing to send', async () => {
      const page = await browser.open(
        server.webrtcUrl('stage/publish?video-device=none&audio-device=none'),
      );
      await page.click('#start');
      await waitForText(page, 'problem', /choose a video or an audio source/u);
      await page.close();
    });
  });

  describe('index', () => {
    it('lists streams with their state and shows how to send one', async () => {
      const page = await browser.open('about:blank');
      const complaints = collectComplaints(page);
      await page.goto(server.webrtcUrl(''));
      await waitForText(page, 'list', /demo\s+Live[\s\S]*H264 640×360, Opus/u);
      await waitForText(page, 'list', /broken\s+Source fails\s+127\.0\.0\.1:1 can't be reached/u);
      const command = `-f rtsp rtsp://127.0.0.1:${server.ports.rtsp}/mystream`;
      assert((await page.innerText('#examples')).includes(command));
      await page.click('text=demo');
      await waitForFrames(page, 5);
      assert.deepEqual(complaints, []);
      await page.close();
    });
  });

  describe('reader.js in a page of another site', () => {
    it('plays, and close() ends the session on the server', async () => {
      const page = await browser.openKit();
      await page.addScriptTag({ url: server.webrtcUrl('demo/reader.js') });
      const seen = await page.evaluate(`new Promise((resolve, reject) => {
        const tracks = [];
        const states = [];
        const reader = new MediaMTXWebRTCReader({
          url: '${server.whepUrl('demo')}',
          onError: reject,
          onStateChange: (state) => states.push(state),
          onTrack: ({ track, streams }) => {
            tracks.push(track.kind);
            const video = document.createElement('video');
            video.muted = true;
            video.srcObject = streams[0];
            document.body.append(video);
            video.play();
          },
          onStats: ({ video }) => {
            if (video === null || video.frames < 10) return;
            reader.close();
            resolve({ tracks: tracks.sort(), states, codec: video.codec });
          },
        });
      })`);
      assert.deepEqual(seen, {
        tracks: ['audio', 'video'],
        states: ['connecting', 'connected', 'closed'],
        codec: 'H264',
      });
      await page.close();
    });

    it('names the addresses that it could not reach', async () => {
      await using remote = await ServerProcess.start({
        paths: PATHS,
        settings: { webrtcAdditionalHosts: ['198.51.100.7'] },
      });
      const page = await browser.openKit();
      await page.addScriptTag({ url: remote.webrtcUrl('reader.js') });
      const failure = await page.evaluate(`new Promise((resolve) => {
        const reader = new MediaMTXWebRTCReader({
          url: '${remote.whepUrl('demo')}',
          connectTimeoutMs: 500,
          onError: (message, { code, state }) => {
            reader.close();
            resolve([message, code, state].join('|'));
          },
        });
      })`);
      assert.match(
        String(failure),
        /^no connection to 198\.51\.100\.7:\d+\/udp.*firewall.*retrying in 1 second\|no-connection\|waiting$/u,
      );
      await page.close();
    });
  });
});

describe('the pages of a server with users', () => {
  let server: ServerProcess;
  let browser: Chromium;

  before(async () => {
    server = await ServerProcess.start({
      paths: { demo: { source: `file:${DEMO}` } },
      settings: {
        authInternalUsers: [
          { user: 'viewer', pass: 'long-enough', permissions: [{ action: 'read' }] },
        ],
      },
    });
    browser = await Chromium.launch();
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  it('hint at a login, which opens index and player', async () => {
    const page = await browser.open(server.webrtcUrl(''));
    await waitForText(page, 'empty', /Log in to see streams/u);
    const credentials = Buffer.from('viewer:long-enough').toString('base64');
    await page.setExtraHTTPHeaders({ Authorization: `Basic ${credentials}` });
    await page.click('#login');
    await waitForText(page, 'list', /demo\s+Live/u);
    await page.click('text=demo');
    await waitForFrames(page, 5);
    await page.close();
  });

  it('list the streams also where user and password stand in the URL', async () => {
    const url = server.webrtcUrl('').replace('://', '://viewer:long-enough@');
    const page = await browser.open(url);
    await waitForText(page, 'empty', /Log in to see streams/u);
    await page.click('#login');
    await waitForText(page, 'list', /demo\s+Live/u);
    await page.close();
  });

  it('take credentials and tokens from scripts, and stop at a refusal', async () => {
    const page = await browser.openKit();
    await page.addScriptTag({ url: server.webrtcUrl('demo/reader.js') });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.method()));
    const failure = await page.evaluate(`new Promise((resolve) => {
      new MediaMTXWebRTCReader({
        url: '${server.whepUrl('demo')}',
        user: 'viewer',
        pass: 'wrong',
        minRetryMs: 20,
        onError: (message, details) => resolve({ message, ...details }),
      });
    })`);
    assert.deepEqual(failure, {
      message: 'login needed: authentication error',
      reason: 'login needed: authentication error',
      ...{ code: 'unauthorized', status: 401, state: 'unauthorized', retryInMs: 0 },
    });
    const before = requests.length;
    // A good reader begins later than a retry of the refused one would.
    const codec = await page.evaluate(`new Promise((resolve, reject) => {
      const reader = new MediaMTXWebRTCReader({
        url: '${server.whepUrl('demo')}',
        user: 'viewer',
        pass: 'long-enough',
        onError: reject,
        onStats: ({ video }) => {
          if (!video?.frames) return;
          reader.close();
          resolve(video.codec);
        },
      });
    })`);
    assert.equal(codec, 'H264');
    const later = requests.slice(before).filter((method) => method !== 'DELETE');
    assert.deepEqual(later, ['OPTIONS', 'POST']);
    await page.close();
  });
});
