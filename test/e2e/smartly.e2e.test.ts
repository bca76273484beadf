// The Smartly dialect with real clients: the documented Python client and browser example, and the operators' page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { signRequest } from '../../pro/signaling/smartly/request-signature.ts';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { pollUntil } from './support/kit-call.ts';
import { SMARTLY_CLIENT, SmartlyServer } from './support/smartly-server.ts';

const PYTHON = '/usr/bin/python3';
const CLIENT = join(import.meta.dirname, 'clients/smartly_client.py');
const ENTITY = 'camera.cam';
const TIMEOUT_MS = 15_000;

const pythonReport = z.object({
  mock_status: z.number(),
  has_turn: z.boolean(),
  expires_in: z.number(),
  type: z.string(),
  ice: z.object({ status: z.string(), candidates: z.array(z.unknown()) }),
  frames: z.number(),
  hangup: z.string(),
});

/** The documented example; only the transceiver is added, without which an offer has no section. */
const BROWSER_EXAMPLE = `(async ({ clientId, timestamp, nonce, signature }) => {
  const videoElement = document.createElement('video');
  Object.assign(videoElement, { muted: true, autoplay: true });
  document.body.append(videoElement);
  const tokenResponse = await fetch('/api/smartly/camera/camera.cam/webrtc', {
    method: 'POST',
    headers: {
      'X-Client-Id': clientId,
      'X-Timestamp': timestamp,
      'X-Nonce': nonce,
      'X-Signature': signature,
      'Content-Type': 'application/json'
    },
    body: JSON.stringify({})
  });
  const { token, ice_servers, offer_endpoint } = await tokenResponse.json();
  const pc = new RTCPeerConnection({ iceServers: ice_servers });
  globalThis.pc = pc;
  pc.addTransceiver('video', { direction: 'recvonly' });
  const offer = await pc.createOffer();
  await pc.setLocalDescription(offer);
  const offerResponse = await fetch(offer_endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: token, sdp: offer.sdp, type: 'offer' })
  });
  const { sdp: answerSdp, session_id } = await offerResponse.json();
  await pc.setRemoteDescription({ type: 'answer', sdp: answerSdp });
  pc.onicecandidate = async (event) => {
    if (event.candidate) {
      await fetch('/api/smartly/camera/camera.cam/webrtc/ice', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          session_id: session_id,
          candidate: {
            candidate: event.candidate.candidate,
            sdpMid: event.candidate.sdpMid,
            sdpMLineIndex: event.candidate.sdpMLineIndex
          }
        })
      });
    }
  };
  pc.ontrack = (event) => {
    videoElement.srcObject = event.streams[0];
  };
  window.addEventListener('beforeunload', async () => {
    await fetch('/api/smartly/camera/camera.cam/webrtc/hangup', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ session_id: session_id })
    });
    pc.close();
  });
  return [tokenResponse.status, offerResponse.status];
})`;

const FRAMES_DECODED = `(async () => {
  for (const row of (await globalThis.pc.getStats()).values()) {
    if (row.type === 'inbound-rtp' && row.kind === 'video') return row.framesDecoded ?? 0;
  }
  return 0;
})()`;

const READ_STEPS = `[...document.querySelectorAll('#steps li')].map((item) => ({
  name: item.querySelector('.name').textContent,
  state: item.className,
  detail: item.querySelector('.detail').textContent,
}))`;

const stepsSchema = z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() }));
type Step = z.infer<typeof stepsSchema>[number];

describe('the Smartly dialect', () => {
  const opened = new AsyncDisposableStack();
  let server: SmartlyServer;
  let browser: Chromium;

  before(async () => {
    server = opened.use(await SmartlyServer.start());
    opened.use(await publishWithFfmpeg({ url: server.rtspUrl('cam') }));
    browser = opened.use(await Chromium.launch());
  });

  after(() => opened.disposeAsync());

  async function sessionsEnd(): Promise<void> {
    await pollUntil(
      () => Promise.resolve(server.core.sessions.list('webRTCSession').length),
      (count) => count === 0,
      TIMEOUT_MS,
    );
  }

  it('serves the documented Python client, its mock offer included', async () => {
    const program = new ChildProgram({
      name: 'smartly_client',
      command: PYTHON,
      args: [CLIENT, server.origin, ENTITY, SMARTLY_CLIENT.id, SMARTLY_CLIENT.secret],
    });
    const { code } = await program.waitForExit(40_000);
    assert.equal(code, 0, program.output);
    const report = pythonReport.parse(JSON.parse(program.stdout.trim().split('\n').at(-1) ?? ''));
    assert.deepEqual(report, {
      mock_status: 500,
      has_turn: false,
      expires_in: 300,
      type: 'answer',
      ice: { status: 'accepted', candidates: [] },
      frames: 25,
      hangup: 'closed',
    });
    await sessionsEnd();
  });

  it('serves the documented browser example, which hangs up when it leaves', async () => {
    const page = await browser.open(`${server.origin}/webrtc/health`);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const nonce = 'from-the-browser';
    const signature = signRequest(SMARTLY_CLIENT.secret, {
      method: 'POST',
      target: `/api/smartly/camera/${ENTITY}/webrtc`,
      ...{ timestamp, nonce, body: Buffer.from('{}') },
    });
    const facts = JSON.stringify({ clientId: SMARTLY_CLIENT.id, timestamp, nonce, signature });
    assert.deepEqual(await page.evaluate(`${BROWSER_EXAMPLE}(${facts})`), [200, 200]);
    const frames = await pollUntil(
      async () => Number(await page.evaluate(FRAMES_DECODED)),
      (count) => count >= 25,
      TIMEOUT_MS,
    );
    assert.ok(frames >= 25);
    assert.equal(server.bridge.stats.active_sessions, 1);
    await page.goto('about:blank');
    await sessionsEnd();
    await page.close();
  });

  async function openTryPage(entity: string, secret: string): Promise<Page> {
    const page = await browser.open(`${server.origin}/api/smartly/try`);
    await page.fill('#entity', entity);
    await page.fill('#client', SMARTLY_CLIENT.id);
    await page.fill('#secret', secret);
    return page;
  }

  function stepsUntil(
    page: Page,
    isOver: (all: readonly Step[]) => boolean,
  ): Promise<readonly Step[]> {
    return pollUntil(
      async () => stepsSchema.parse(await page.evaluate(READ_STEPS)),
      isOver,
      TIMEOUT_MS,
    );
  }

  async function tryPage(entity: string, secret: string): Promise<readonly Step[]> {
    const page = await openTryPage(entity, secret);
    await page.click('#start');
    const steps = await stepsUntil(page, (all) => {
      const last = all.at(-1);
      return last?.state === 'failed' || (last?.name === 'Picture' && last.state === 'done');
    });
    if (steps.at(-1)?.state === 'done') {
      await page.click('#hangup');
      await sessionsEnd();
    }
    await page.close();
    return steps;
  }

  it('is shown step by step on the page for operators, with the pair that won', async () => {
    const steps = await tryPage(ENTITY, SMARTLY_CLIENT.secret);
    assert.deepEqual(
      steps.map(({ name, state }) => `${name} ${state}`),
      [
        'Token done',
        'Offer and answer done',
        'Candidates done',
        'Connection done',
        'Candidate pair done',
        'Picture done',
      ],
    );
    const pair = steps.find(({ name }) => name === 'Candidate pair')?.detail ?? '';
    assert.match(pair, /^(?:host|prflx) udp 127\.0\.0\.1:\d+ ⇄ host udp 127\.0\.0\.1:\d+/u);
    assert.equal(steps.at(-1)?.detail, '320×240');
  });

  it('says on the page that a candidate was refused', async () => {
    const page = await openTryPage(ENTITY, SMARTLY_CLIENT.secret);
    await page.route('**/ice', (route) =>
      route.fulfill({ status: 404, json: { error: 'session_not_found' } }),
    );
    await page.click('#start');
    const steps = await stepsUntil(page, (all) => all.at(-1)?.state === 'failed');
    assert.deepEqual(steps.at(-1), {
      ...{ name: 'Candidates', state: 'failed', detail: '404 session_not_found' },
    });
    await page.click('#hangup');
    await sessionsEnd();
    await page.close();
  });

  it('hangs up on the page while the answer is on its way, and leaves no session', async () => {
    const page = await openTryPage(ENTITY, SMARTLY_CLIENT.secret);
    const { promise: isHungUp, resolve: onHungUp } = Promise.withResolvers<undefined>();
    const hangups: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/hangup')) hangups.push(request.postData() ?? '');
    });
    await page.route('**/offer', async (route) => {
      const response = await route.fetch();
      await isHungUp;
      await route.fulfill({ response });
    });
    await page.click('#start');
    await pollUntil(
      () => Promise.resolve(server.core.sessions.list('webRTCSession').length),
      (count) => count === 1,
      TIMEOUT_MS,
    );
    await page.click('#hangup');
    onHungUp(undefined);
    const steps = await stepsUntil(page, (all) => all.at(-1)?.state === 'failed');
    assert.deepEqual(steps.at(-1), {
      name: 'Offer and answer',
      state: 'failed',
      detail: 'hung up',
    });
    assert.equal(hangups.length, 1);
    await sessionsEnd();
    await pollUntil(
      () => page.locator('#start').isEnabled(),
      (isEnabled) => isEnabled,
      TIMEOUT_MS,
    );
    await page.close();
  });

  it('says on the page which step was refused, and how', async () => {
    const wrong = await tryPage(ENTITY, 'wrong secret');
    assert.deepEqual(wrong, [{ name: 'Token', state: 'failed', detail: '401 invalid_signature' }]);
    const absent = await tryPage('camera.cellar', SMARTLY_CLIENT.secret);
    assert.equal(absent[0]?.detail, '404 entity_not_found');
  });
});
