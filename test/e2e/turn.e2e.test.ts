// A real coturn: viewers that may only relay, with credentials that our ICE service issued.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { systemClock } from '../../core/base/clock.ts';
import { SharedSecretTurnProvider } from '../../pro/ice/turn-provider.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { pollUntil } from './support/kit-call.ts';
import { SMARTLY_CLIENT, SmartlyServer } from './support/smartly-server.ts';
import { TurnServer } from './support/turn-server.ts';

const SECRET = 'north-of-the-border';
const BY_SECRET = ['use-auth-secret', `static-auth-secret=${SECRET}`, 'realm=turn.example.com'];
const TIMEOUT_MS = 15_000;
/** How many messages coturn's client sends depends on the version; each must come back. */
const ALL_CAME_BACK = /tot_send_msgs=([1-9]\d*), tot_recv_msgs=\1\n/u;
const SAMPLE = join(import.meta.dirname, '../../apidocs/coturn.conf');

/** Watches by WHEP with the configuration that the ICE service gives, through relays only. */
const WATCH_BY_ICE_CONFIG = `(async (whepUrl) => {
  const { iceServers } = await (await fetch('/webrtc/ice-config')).json();
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  globalThis.connection = connection;
  globalThis.errors = [];
  globalThis.types = [];
  connection.addEventListener('icecandidateerror', ({ errorCode }) => errors.push(errorCode));
  connection.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.candidate) types.push(candidate.type);
  });
  connection.addTransceiver('video', { direction: 'recvonly' });
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(whepUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: connection.localDescription.sdp,
  });
  await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
})`;

const READ = `(async () => {
  const stats = await globalThis.connection.getStats();
  const rows = [...stats.values()];
  const video = rows.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
  const pair = stats.get(rows.find(({ type }) => type === 'transport')?.selectedCandidatePairId);
  return {
    frames: video?.framesDecoded ?? 0,
    local: stats.get(pair?.localCandidateId)?.candidateType ?? '',
    errors: globalThis.errors,
    types: globalThis.types,
    gathering: globalThis.connection.iceGatheringState,
  };
})()`;

const reportSchema = z.object({
  frames: z.number(),
  local: z.string(),
  errors: z.array(z.number()),
  types: z.array(z.string()),
  gathering: z.string(),
});
type Report = z.infer<typeof reportSchema>;

describe('a viewer that may only relay', () => {
  const opened = new AsyncDisposableStack();
  let turn: TurnServer;
  let server: SmartlyServer;
  let browser: Chromium;

  before(async () => {
    turn = opened.use(await TurnServer.start(BY_SECRET));
    const ice = { provider: 'coturn-secret', urls: [turn.url], secret: SECRET } as const;
    server = opened.use(await SmartlyServer.start({ ice: { ...ice, stunUrls: [] } }));
    opened.use(await publishWithFfmpeg({ url: server.rtspUrl('cam') }));
    browser = opened.use(await Chromium.launch());
  });

  after(() => opened.disposeAsync());

  function pollReport(page: Page, isDone: (report: Report) => boolean): Promise<Report> {
    const read = async (): Promise<Report> => reportSchema.parse(await page.evaluate(READ));
    return pollUntil(read, isDone, TIMEOUT_MS);
  }

  it('decodes frames with credentials of the ICE service', async () => {
    const page = await browser.open(`${server.origin}/webrtc/health`);
    await page.evaluate(`${WATCH_BY_ICE_CONFIG}(${JSON.stringify(server.whepUrl('cam'))})`);
    const report = await pollReport(page, ({ frames }) => frames >= 25);
    assert.deepEqual([report.local, new Set(report.types)], ['relay', new Set(['relay'])]);
    const [session] = server.core.sessions.list('webRTCSession');
    const port = Number(session?.remoteAddress.split(':').at(-1));
    assert.ok(port >= turn.port + 2 && port <= turn.port + 41, `port ${port}`);
    await page.close();
  });

  it('sees the relay win on the page for operators', async () => {
    const page = await browser.open(`${server.origin}/api/smartly/try`);
    await page.fill('#entity', 'camera.cam');
    await page.fill('#client', SMARTLY_CLIENT.id);
    await page.fill('#secret', SMARTLY_CLIENT.secret);
    await page.selectOption('#relay', 'relay');
    await page.click('#start');
    const texts = await pollUntil(
      async () =>
        z
          .array(z.string())
          .parse(
            await page.evaluate(
              `[...document.querySelectorAll('#steps .done')].map((e) => e.textContent)`,
            ),
          ),
      (all) => all.some((text) => text.includes('Picture')),
      TIMEOUT_MS,
    );
    assert.ok(
      texts.some((text) => /Token200, valid 300 s, 1 ICE servers, 1 of them TURN/u.test(text)),
      texts.join('\n'),
    );
    assert.ok(
      texts.some((text) => /Candidate pairrelay udp 127\.0\.0\.1:\d+ over udp ⇄ host/u.test(text)),
      texts.join('\n'),
    );
    await page.close();
  });

  it('is refused by coturn when its credentials have expired', async () => {
    const clock = new FakeClock(Date.now() - 7_200_000);
    const options = { urls: [turn.url], secret: SECRET, ttlSeconds: 3600 };
    const { servers } = await new SharedSecretTurnProvider(clock, options).issue();
    const [stale] = servers;
    assert.ok(stale);
    const page = await browser.open(`${server.origin}/webrtc/health`);
    const reply = JSON.stringify({ iceServers: [{ urls: stale.url, ...stale }] });
    await page.evaluate(`globalThis.fetch = ((real) => (url, options) =>
      url === '/webrtc/ice-config' ? Promise.resolve(new Response(${JSON.stringify(reply)})) : real(url, options)
    )(globalThis.fetch)`);
    await page.evaluate(`${WATCH_BY_ICE_CONFIG}(${JSON.stringify(server.whepUrl('cam'))})`);
    const report = await pollReport(
      page,
      ({ errors, gathering }) => errors.length > 0 && gathering === 'complete',
    );
    assert.deepEqual([report.frames, report.types, report.errors[0]], [0, [], 401]);
    await page.close();
    assert.match(await turn.tryOut(stale), /Cannot complete Allocation/u);
  });

  it('relays for coturn’s own client while the credentials last', async () => {
    const reply = z.object({
      iceServers: z.tuple([z.object({ username: z.string(), credential: z.string() })]),
    });
    const response = await fetch(`${server.origin}/webrtc/ice-config`);
    const [login] = reply.parse(await response.json()).iceServers;
    const said = await turn.tryOut(login);
    assert.match(said, ALL_CAME_BACK);
  });
});

describe('the sample configuration of coturn', () => {
  async function sampleLines(): Promise<string[]> {
    const text = await readFile(SAMPLE, 'utf8');
    const replaced = /^(?:listening-port|tls-listening-port|min-port|max-port|log-file|no-cli)\b/u;
    return text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !replaced.test(line))
      .map((line) => line.replace(/^static-auth-secret=.*/u, `static-auth-secret=${SECRET}`));
  }

  it('relays to nobody on the machine itself', async () => {
    await using turn = await TurnServer.start(await sampleLines());
    const provider = new SharedSecretTurnProvider(systemClock, {
      urls: [turn.url],
      secret: SECRET,
      ttlSeconds: 600,
    });
    const [login] = (await provider.issue()).servers;
    assert.ok(login);
    const said = await turn.tryOut({ ...login, peer: '127.0.0.1' });
    assert.match(said, /403 \(Forbidden IP\)/u, said);
    assert.match(turn.log, /A peer IP 127\.0\.0\.1 denied in the range/u);
  });
});

describe('a coturn with a fixed login', () => {
  it('takes what the ICE service gives by `provider: static`', async () => {
    const lines = ['lt-cred-mech', 'user=myuser:mypassword', 'realm=turn.example.com'];
    await using turn = await TurnServer.start(lines);
    const login = { username: 'myuser', credential: 'mypassword' };
    await using server = await SmartlyServer.start({
      ice: { provider: 'static', urls: [turn.url], ...login },
    });
    const response = await fetch(`${server.origin}/webrtc/ice-config`);
    const { iceServers } = z
      .object({ iceServers: z.array(z.record(z.string(), z.string())) })
      .parse(await response.json());
    assert.deepEqual(iceServers.at(-1), { urls: turn.url, ...login });
    assert.match(await turn.tryOut(login), ALL_CAME_BACK);
  });
});
