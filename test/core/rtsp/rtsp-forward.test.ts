// A stream pushed to a real RTSP server of ours over TCP and UDP, with and without a password.
import assert from 'node:assert/strict';
import { systemClock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { ForwardContext } from '../../../core/path/forward-target.ts';
import { RtspForwardFactory } from '../../../core/rtsp/rtsp-forward.ts';
import { Stream } from '../../../core/stream/stream.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { rtpPacket, RtspFixture, vp8Payload } from '../../support/rtsp-fixture.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 }, payloadType: 96 },
  {
    ...{ kind: 'audio', payloadType: 8 },
    codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false },
  },
];

interface Push extends AsyncDisposable {
  readonly stream: Stream;
  readonly finished: Promise<void>;
  readonly forwarding: Promise<() => number>;
  readonly abort: AbortController;
  /** Writes one packet of each track. */
  readonly write: (sequenceNumber: number) => void;
}

function push(url: string, rtspTransport: 'automatic' | 'udp' = 'automatic'): Push {
  const stream = new Stream(TRACKS);
  const writer = stream.attach(TRACKS);
  const abort = new AbortController();
  const { promise: forwarding, resolve } = Promise.withResolvers<() => number>();
  const text = 'paths: {cam: {}}';
  const config = loadConfig({ text, env: {} }).paths.get('cam');
  assert.ok(config);
  const context: ForwardContext = {
    ...{ pathName: 'cam', url, fingerprint: '', bearerToken: '', signal: abort.signal },
    config: { ...config, rtspTransport },
    logger: new RecordingLogger(),
    lease: { path: 'cam', stream, close: () => undefined },
    onForwarding: resolve,
  };
  const limits = { readTimeoutMs: () => 2000, writeTimeoutMs: () => 2000 };
  const finished = new RtspForwardFactory(systemClock, limits).create().run(context);
  finished.catch(() => undefined);
  return {
    ...{ stream, finished, forwarding, abort },
    write: (sequenceNumber) => {
      const video = { payloadType: 96, sequenceNumber, payload: vp8Payload(sequenceNumber === 0) };
      writer.writeRtp(0, rtpPacket(video));
      const audio = { payloadType: 8, sequenceNumber, payload: Buffer.alloc(160) };
      writer.writeRtp(1, rtpPacket({ ...audio, timestampTicks: sequenceNumber * 160 }));
      writer.publish();
    },
    async [Symbol.asyncDispose]() {
      abort.abort(new MediaError('canceled', 'test-over', 'the test is over'));
      await finished.catch(() => undefined);
    },
  };
}

/** Writes until the server has media of every track. */
async function arrives(server: RtspFixture, run: Push): Promise<void> {
  for (let sequence = 0; sequence < 300; sequence++) {
    run.write(sequence);
    await new Promise((resolve) => setImmediate(resolve));
    const tracks = server.pathManager.get('copy')?.stream?.tracks ?? [];
    if (tracks.length === 2 && tracks.every(({ ring }) => ring.packetsWritten > 3)) return;
  }
  assert.fail('nothing arrived');
}

describe('RtspForwardFactory', () => {
  for (const transport of ['automatic', 'udp'] as const) {
    it(`announces, records and sends with rtspTransport ${transport}`, async () => {
      await using server = await RtspFixture.start();
      await using run = push(server.url('copy'), transport);
      const sentBytes = await run.forwarding;
      await arrives(server, run);
      assert.ok(sentBytes() > 500);
      const [session] = server.sessions.list();
      assert.equal(session?.transport, transport === 'udp' ? 'UDP' : 'TCP');
      const codecs = server.pathManager.get('copy')?.stream?.tracks.map(({ codec }) => codec.name);
      assert.deepEqual(codecs, ['VP8', 'G711']);
    });
  }

  it('takes the other transport when the server refuses one', async () => {
    await using server = await RtspFixture.start({ yml: ['rtspTransports: [tcp]'] });
    await using run = push(server.url('copy'), 'udp');
    await run.forwarding;
    assert.equal(server.sessions.list()[0]?.transport, 'TCP');
  });

  it('tears the session down when stopped', async () => {
    await using server = await RtspFixture.start();
    const run = push(server.url('copy'));
    await run.forwarding;
    await run[Symbol.asyncDispose]();
    await run.finished;
    assert.ok(server.logger.lines.some(({ message }) => message.includes('torn down')));
    assert.equal(server.sessions.count, 0);
  });

  it('ends without failure when the stream ends', async () => {
    await using server = await RtspFixture.start();
    await using run = push(server.url('copy'));
    await run.forwarding;
    run.stream.close(new MediaError('unavailable', 'stream-ended', 'over'));
    await run.finished;
  });

  it('fails when the server goes away', async () => {
    const server = await RtspFixture.start();
    await using run = push(server.url('copy'));
    await run.forwarding;
    await server[Symbol.asyncDispose]();
    await assert.rejects(run.finished, { kind: 'unavailable' });
  });

  it('names a server that is not there, and one that wants a password', async () => {
    await using server = await RtspFixture.start({
      authorize: () =>
        Promise.reject(new MediaError('unauthenticated', 'credentials-missing', 'who?')),
    });
    await using refused = push(server.url('copy'));
    await assert.rejects(refused.finished, { kind: 'unauthenticated' });
    await using lost = push('rtsp://127.0.0.1:1/copy');
    await assert.rejects(lost.finished, { code: 'rtsp-connect-failed' });
  });
});
