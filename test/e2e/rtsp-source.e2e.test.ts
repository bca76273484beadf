// The server pulls cameras: another RTSP server fed by ffmpeg, over every transport, through reboots with readers attached.
import assert from 'node:assert/strict';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { ServerProcess } from './support/server-process.ts';

/** What the runner's longest delay, a connection and a GOP leave room for. */
const MAX_RETURN_MS = 5000;

/** A camera that can be switched off and on again at the same address. */
class Camera implements AsyncDisposable {
  #fixture: RtspFixture | undefined;
  #publisher: ChildProgram | undefined;
  #port = 0;
  readonly #encoding: Partial<FfmpegPublisherOptions>;

  constructor(encoding: Partial<FfmpegPublisherOptions> = {}) {
    this.#encoding = encoding;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.#port}/cam`;
  }

  async switchOn(): Promise<void> {
    const fixture = await RtspFixture.start({ rtspAddress: `127.0.0.1:${this.#port}` });
    this.#fixture = fixture;
    this.#port = fixture.port;
    this.#publisher = await publishWithFfmpeg({ ...this.#encoding, url: this.url });
  }

  async switchOff(): Promise<void> {
    await this.#publisher?.stop('SIGKILL');
    await this.#fixture?.[Symbol.asyncDispose]();
  }

  /** Stops sending and answering, connections stay. */
  async unplugPicture(): Promise<void> {
    await this.#publisher?.stop('SIGKILL');
  }

  async plugPicture(): Promise<void> {
    this.#publisher = await publishWithFfmpeg({ ...this.#encoding, url: this.url });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.switchOff();
  }
}

/** ffmpeg that decodes for as long as the test lasts. */
class LastingReader implements AsyncDisposable {
  readonly #program: ChildProgram;

  constructor(url: string) {
    this.#program = new ChildProgram({
      name: 'lasting reader',
      command: 'ffmpeg',
      args: [
        ...['-hide_banner', '-v', 'error', '-nostats', '-progress', 'pipe:1'],
        ...['-stats_period', '0.1', '-rtsp_transport', 'tcp', '-i', url],
        ...['-fps_mode', 'passthrough', '-f', 'null', '-'],
      ],
    });
  }

  get frames(): number {
    return Number([...this.#program.stdout.matchAll(/^frame=(\d+)/gmu)].at(-1)?.[1] ?? 0);
  }

  /** Resolves with the milliseconds until `count` more frames were decoded. */
  async waitForFrames(count: number, timeoutMs: number): Promise<number> {
    const startMs = performance.now();
    const wanted = this.frames + count;
    await this.#program.waitForOutput(() => (this.frames >= wanted ? true : undefined), timeoutMs);
    return performance.now() - startMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop('SIGKILL');
  }
}

describe('a pulled camera', () => {
  const encodings = [
    { video: 'h264', audio: 'aac', names: ['h264', 'aac'] },
    { video: 'h265', audio: 'opus', names: ['hevc', 'opus'] },
  ] as const;
  for (const { video, audio, names } of encodings) {
    it(`arrives as ${names.join(' and ')} over automatic, udp and tcp`, async () => {
      await using camera = new Camera({ video, audio });
      await camera.switchOn();
      const source = camera.url;
      const paths = {
        automatic: { source },
        udp: { source, rtspTransport: 'udp' },
        tcp: { source, rtspTransport: 'tcp', sourceOnDemand: true },
      };
      await using server = await ServerProcess.start({ paths });
      for (const path of Object.keys(paths)) {
        const report = await probeWithFfprobe({ url: server.rtspUrl(path), durationSeconds: 1 });
        assert.deepEqual(
          report.streams.map((stream) => stream.codec_name),
          names,
        );
        const decoded = await decodeWithFfmpeg({ url: server.rtspUrl(path), durationSeconds: 2 });
        assert.ok(decoded.videoFrames >= 45, `${path}: ${decoded.videoFrames} frames`);
        assert.doesNotMatch(decoded.warnings, /error|concealing|no frame|missed/iu, path);
      }
      assert.doesNotMatch(server.log, /trying TCP/u);
    });
  }

  for (const rtspTransport of ['tcp', 'udp'] as const) {
    it(`over ${rtspTransport} is back within 5 s of its reboot, its readers attached`, async () => {
      await using camera = new Camera();
      await camera.switchOn();
      const paths = { cam: { source: camera.url, rtspTransport } };
      await using server = await ServerProcess.start({ paths });
      await using reader = new LastingReader(server.rtspUrl('cam'));
      await reader.waitForFrames(10, 15_000);
      const failed = server.waitForLog(/source failed/u);
      await camera.switchOff();
      await failed;
      // Long enough for the delays between attempts to reach their longest.
      await server.waitForLog(/(?:source failed[^]*){2}/u, 20_000);
      await camera.switchOn();
      const returnMs = await reader.waitForFrames(1, MAX_RETURN_MS);
      assert.ok(returnMs <= MAX_RETURN_MS, `${returnMs} ms`);
      await reader.waitForFrames(20, 5000);
    });
  }

  it('that freezes is given up after readTimeout and back within 5 s', async () => {
    await using camera = new Camera();
    await camera.switchOn();
    const paths = { cam: { source: camera.url, rtspTransport: 'tcp' } };
    await using server = await ServerProcess.start({ paths, settings: { readTimeout: '2s' } });
    await using reader = new LastingReader(server.rtspUrl('cam'));
    await reader.waitForFrames(10, 15_000);
    await camera.unplugPicture();
    await server.waitForLog(/sent no media for 2 s/u, 5000);
    await camera.plugPicture();
    await reader.waitForFrames(1, MAX_RETURN_MS);
    await reader.waitForFrames(20, 5000);
  });
});
