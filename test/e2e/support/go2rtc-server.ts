// The media server with the go2rtc API beside it, in the process of whoever starts it.
import { silentLogger } from '../../../core/base/logger.ts';
import { systemClock } from '../../../core/base/clock.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaServer } from '../../../core/server.ts';
import { FfmpegInstallation } from '../../../pro/ffmpeg/ffmpeg-program.ts';
import { Go2rtcServer } from '../../../pro/signaling/go2rtc/go2rtc-server.ts';
import { managedPaths } from '../../../pro/signaling/go2rtc/managed-paths.ts';
import type { FrameCamera } from '../../../pro/signaling/go2rtc/media-routes.ts';
import { KeyFrameDecoderPool } from '../../../pro/snapshot/key-frame-decoder-pool.ts';
import { KeyFrameGrabber } from '../../../pro/snapshot/key-frame-grabber.ts';
import { PathStreams } from '../../../pro/snapshot/path-streams.ts';
import { editPicture } from '../../../pro/snapshot/picture-edit.ts';
import { PictureSource } from '../../../pro/snapshot/picture-source.ts';
import { findFreePorts } from './free-ports.ts';

const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin';
const UNCHANGED = { brightness: 0, contrast: 0, saturation: 0, crop: undefined };

/** A running server. Whoever starts it closes it, best with `await using`. */
export class TestGo2rtcServer implements AsyncDisposable {
  /** Of the go2rtc API, e.g. `http://127.0.0.1:20001`. */
  readonly origin: string;
  readonly core: MediaServer;
  readonly #lifetime: Lifetime;

  private constructor(origin: string, core: MediaServer, lifetime: Lifetime) {
    this.origin = origin;
    this.core = core;
    this.#lifetime = lifetime;
  }

  /** Its paths `cam` and `copy` can be published to by RTSP. */
  static async start(): Promise<TestGo2rtcServer> {
    const text = configText(await findFreePorts(6));
    const lifetime = new Lifetime();
    const core = new MediaServer(
      { logger: silentLogger },
      { config: loadConfig({ text, env: {} }), searchPath: SEARCH_PATH },
    );
    await core.start();
    lifetime.own(core);
    const { pathManager: paths, sessions } = core;
    const facade = new Go2rtcServer(
      {
        ...{ clock: systemClock, logger: silentLogger, paths, sessions },
        manager: core.webRtcSessions,
        registrar: managedPaths(paths),
        forwards: core.peers.extraForwards,
        camera: cameraOf(core, lifetime),
      },
      { address: { host: '127.0.0.1', port: 0 } },
    );
    lifetime.own(facade);
    await facade.start();
    return new TestGo2rtcServer(`http://127.0.0.1:${facade.address.port}`, core, lifetime);
  }

  /** @throws TypeError without an RTSP listener. */
  rtspUrl(path: string): string {
    const url = this.core.rtspUrl(path);
    if (url === undefined) throw new TypeError('RTSP is off');
    return url;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifetime.close();
  }
}

function cameraOf(core: MediaServer, lifetime: Lifetime): FrameCamera {
  const clock = systemClock;
  const ffmpeg = new FfmpegInstallation(clock, { searchPath: SEARCH_PATH });
  const decoders = lifetime.own(new KeyFrameDecoderPool({ clock, logger: silentLogger, ffmpeg }));
  const streams = new PathStreams(core.pathManager);
  const pictures = new PictureSource({ streams, decoders, grabber: new KeyFrameGrabber(clock) });
  return {
    take: async ({ name: pathName }, signal) => {
      const frame = await pictures.grab(pathName, signal ? { signal } : {});
      const picture = await pictures.decode(frame, { pathName });
      return (await editPicture(picture, UNCHANGED, 90)).jpeg;
    },
  };
}

function configText(firstPort: number): string {
  const at = (offset: number): string => `127.0.0.1:${firstPort + offset}`;
  return JSON.stringify({
    rtpAddress: at(0),
    rtcpAddress: at(1),
    rtspAddress: at(2),
    rtmp: false,
    hls: false,
    srt: false,
    webrtcAddress: at(3),
    webrtcLocalUDPAddress: at(4),
    webrtcLocalTCPAddress: at(4),
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: ['127.0.0.1'],
    paths: { cam: {}, copy: {} },
  });
}
