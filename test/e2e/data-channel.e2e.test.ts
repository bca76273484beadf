// Data channels of a peer that offers, with aiortc and Chromium as the other end in both roles of DTLS.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { silentLogger } from '../../core/base/logger.ts';
import { systemClock } from '../../core/base/clock.ts';
import { ConfigRegistry } from '../../core/config/config-registry.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import type { Source, SourceContext, SourceFactory } from '../../core/path/source.ts';
import { MediaServer } from '../../core/server.ts';
import { H265Channel } from '../../pro/signaling/tuya/h265-channel.ts';
import { channelTracks } from '../../pro/signaling/tuya/h265-tracks.ts';
import { Chromium } from './support/chromium.ts';
import {
  ChannelUser,
  DataChannelAnswerer,
  loopbackClients,
  offeringPeer,
} from './support/data-channel-peer.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { reportLines } from './support/report-lines.ts';

const COUNT = 1000;
const MESSAGE_BYTES = 1200;
const NO_CALLBACKS = {
  onRtp: () => undefined,
  onRtcp: () => undefined,
  onConnected: () => undefined,
  onAddressChanged: () => undefined,
  onClosed: () => undefined,
};

function numbered(number: number): Uint8Array {
  const bytes = Buffer.alloc(MESSAGE_BYTES);
  bytes.writeUInt32BE(number, 0);
  return bytes;
}

function numberOf(message: string | Uint8Array): number {
  assert.ok(typeof message !== 'string' && message.length === MESSAGE_BYTES);
  return Buffer.from(message.subarray(0, 4)).readUInt32BE(0);
}

describe('data channels', () => {
  for (const role of ['client', 'server'] as const) {
    describe(`with aiortc as ${role} of DTLS`, () => {
      it('carries text and 1000 binary messages each way, in order', async () => {
        const clients = loopbackClients();
        const user = new ChannelUser();
        const peer = await offeringPeer(clients, user.wish);
        await using answerer = new DataChannelAnswerer({ mode: 'echo', role });
        const answer = peer.answer(await answerer.answer(await peer.offer(false)));
        assert.equal(answer.isActive, role === 'client');
        peer.connect(NO_CALLBACKS);
        await user.until(() => user.events.includes('open'), 'channel');
        const { label, ordered, retransmits, id, protocol } = await answerer.waitFor('channel');
        assert.deepEqual(
          [label, ordered, retransmits, id, protocol],
          ['reliable', true, null, role === 'client' ? 1 : 0, ''],
        );
        assert.ok(user.channel.send('grüße'));
        await user.until(() => user.messages.length === 1, 'echo');
        assert.equal(user.messages.pop(), 'echo grüße');
        const startedMs = performance.now();
        assert.ok(user.channel.send(`send ${COUNT}`));
        await user.until(() => user.messages.length === COUNT, 'messages');
        const tookMs = Math.round(performance.now() - startedMs);
        assert.deepEqual(user.messages.splice(0).map(numberOf), [...Array(COUNT).keys()]);
        for (let number = 0; number < COUNT; number++) {
          assert.ok(user.channel.send(numbered(number)), `message ${number}`);
        }
        user.channel.send('count');
        const { count, inOrder, sizes } = await answerer.waitFor('count');
        assert.deepEqual([count, inOrder, sizes], [COUNT, true, [MESSAGE_BYTES]]);
        reportLines([`${COUNT} messages of ${MESSAGE_BYTES} bytes from aiortc in ${tookMs} ms`]);
        user.channel.send('close');
        await user.until(() => user.events.length === 2, 'close');
        assert.deepEqual(user.events, ['open', 'close: the peer closed the channel']);
        peer.close();
        clients.close();
      });
    });
  }

  for (const [setup, role] of [
    ['active', 'client'],
    ['passive', 'server'],
  ] as const) {
    it(`does the same with Chromium as ${role} of DTLS`, async () => {
      await using browser = await Chromium.launch();
      const page = await browser.openKit();
      const call = (text: string): Promise<unknown> => page.evaluate(text);
      await call(`import('/data-channel-answerer.js').then(({ DataChannelAnswerer }) => {
        globalThis.answerer = new DataChannelAnswerer();
      })`);
      const clients = loopbackClients();
      const user = new ChannelUser();
      const peer = await offeringPeer(clients, user.wish);
      const offer = JSON.stringify(await peer.offer(false));
      const text = z.string().parse(await call(`answerer.answer(${offer}, '${setup}')`));
      assert.equal(peer.answer(text).isActive, role === 'client');
      peer.connect(NO_CALLBACKS);
      await user.until(() => user.events.includes('open'), 'channel');
      assert.ok(user.channel.send('grüße'));
      await user.until(() => user.messages.length === 1, 'echo');
      assert.equal(user.messages.pop(), 'echo grüße');
      user.channel.send(`send ${COUNT}`);
      await user.until(() => user.messages.length === COUNT, 'messages');
      assert.deepEqual(user.messages.splice(0).map(numberOf), [...Array(COUNT).keys()]);
      for (let number = 0; number < COUNT; number++) {
        assert.ok(user.channel.send(numbered(number)), `message ${number}`);
      }
      user.channel.send('count');
      await user.until(() => user.messages.length === 1, 'count');
      assert.equal(user.messages[0], JSON.stringify({ count: COUNT, isInOrder: true }));
      const report = { label: 'reliable', id: role === 'client' ? 1 : 0, ordered: true };
      assert.deepEqual(await call('answerer.report()'), {
        ...{ ...report, maxRetransmits: null, protocol: '', isClosed: false },
      });
      user.channel.send('close');
      await user.until(() => user.events.length === 2, 'close');
      assert.deepEqual(user.events, ['open', 'close: the peer closed the channel']);
      peer.close();
      clients.close();
    });
  }

  it('closes the channel from our side, and the connection goes on', async () => {
    const clients = loopbackClients();
    const user = new ChannelUser();
    const peer = await offeringPeer(clients, user.wish);
    await using answerer = new DataChannelAnswerer({ mode: 'echo', role: 'client' });
    peer.answer(await answerer.answer(await peer.offer(false)));
    peer.connect(NO_CALLBACKS);
    await user.until(() => user.events.includes('open'), 'channel');
    await answerer.waitFor('channel');
    user.channel.close();
    await answerer.waitFor('closed');
    assert.deepEqual([peer.state, user.events], ['connected', ['open']]);
    peer.close();
    clients.close();
  });

  it('connects without a channel when the answer refuses it', async () => {
    const clients = loopbackClients();
    const user = new ChannelUser();
    const peer = await offeringPeer(clients, user.wish);
    await using answerer = new DataChannelAnswerer({
      ...{ mode: 'echo', role: 'client', isRefusing: true },
    });
    peer.answer(await answerer.answer(await peer.offer(false)));
    const connected = new Promise<void>((resolve) => {
      peer.connect({ ...NO_CALLBACKS, onConnected: () => resolve() });
    });
    await connected;
    assert.deepEqual(user.events, ['refused: the answer refuses the data channel']);
    peer.close();
    clients.close();
  });
});

/** Pulls from an aiortc that plays the camera. */
class CameraSource implements Source {
  readonly answerer = new DataChannelAnswerer({ mode: 'h265', role: 'client' });

  async run(context: SourceContext): Promise<void> {
    const clients = loopbackClients();
    const tracks = channelTracks({ videos: [], audios: [] });
    const place = 'camera';
    const channel = new H265Channel({ clock: systemClock, context }, { tracks, place });
    const peer = await offeringPeer(clients, channel.wish);
    try {
      peer.answer(await this.answerer.answer(await peer.offer(false)));
      await channel.receive(peer);
    } finally {
      clients.close();
    }
  }
}

describe('H265 over a data channel', () => {
  it('becomes a track that ffprobe and ffmpeg read over RTSP', async () => {
    const source = new CameraSource();
    await using answerer = source.answerer;
    const factory: SourceFactory = {
      schemes: ['camera'],
      type: 'cameraSource',
      create: () => source,
    };
    const registry = new ConfigRegistry();
    registry.addSourceScheme('camera', () => undefined);
    const text = [
      ...['rtspAddress: 127.0.0.1:0', 'rtspTransports: [tcp]', 'webrtc: no', 'api: no'],
      ...['paths:', '  cam:', '    source: camera://one'],
    ].join('\n');
    const server = new MediaServer(
      { logger: silentLogger, sourceFactories: [factory] },
      { config: loadConfig({ text, env: {}, registry }), searchPath: '' },
    );
    await server.start();
    try {
      const [listener] = server.listeners;
      const url = listener?.url.replace('<path>', 'cam') ?? '';
      await answerer.program.waitForOutput(
        () => answerer.events.find(({ type }) => type === 'complete'),
        20_000,
      );
      const { label, ordered, retransmits } = await answerer.waitFor('channel');
      assert.deepEqual([label, ordered, retransmits], ['fmp4Stream', true, 5]);
      const { streams } = await probeWithFfprobe({ url });
      assert.deepEqual(
        streams.map((stream) => [stream.codec_name, stream.width, stream.height]),
        [['hevc', 320, 180]],
      );
      const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
      assert.ok(videoFrames >= 40, `${videoFrames} frames; ${warnings}`);
      reportLines([`${videoFrames} frames in 3 s; ${warnings === '' ? 'no warning' : warnings}`]);
    } finally {
      await server.close();
    }
  });
});
