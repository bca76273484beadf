// Replays every recorded camera message at its place in a dialogue with the real client.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { PathConfig } from '../../../core/config/config.ts';
import {
  cameraPacket,
  CAMERA_SDP,
  describeReply,
  FakeCamera,
  replay,
  type FakeCameraOptions,
} from '../../support/fake-camera.ts';
import { OVER_TCP, OVER_UDP, pull, type Pull } from './client-pull.ts';

const FOLDER = new URL('../../../../shared/testdata/cameras/', import.meta.url);

/** Accepted: where SETUP and PLAY go, `~` for the camera's own URL. */
interface AcceptedDescription {
  readonly setups: readonly string[];
  readonly play: string;
}

const accepted = (play: string, ...setups: string[]): AcceptedDescription => ({ play, setups });
const DAHUA =
  'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/';
const GEOVISION = 'rtsp://192.168.5.237/media/video1';
const HIKVISION = 'rtsp://192.168.5.106:554/Streaming/Channels/101/';
const HIKVISION_QUERY = '?transportmode=unicast&profile=Profile_1';
const GW = 'unicast=true&proto=Onvif';
const WOWZA = 'rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/';
const REOLINK = 'rtsp://192.168.5.206/h264Preview_01_main/';

/** Answers to DESCRIBE, and bare descriptions as the body of one. */
const DESCRIPTIONS: Readonly<Record<string, AcceptedDescription>> = {
  'anjvision_describe.txt': accepted(
    'rtsp://192.168.1.10:554/stream0/',
    'rtsp://192.168.1.10:554/stream0/trackID=1',
  ),
  'anpviz_sdp.txt': accepted('~/', '~/trackID=1', '~/trackID=2'),
  'bunny_describe.txt': accepted(WOWZA, `${WOWZA}trackID=1`, `${WOWZA}trackID=2`),
  'dahua_describe_h264_aac_onvif.txt': accepted(
    DAHUA,
    ...[`${DAHUA}trackID=0`, `${DAHUA}trackID=1`, `${DAHUA}trackID=4`],
  ),
  'dahua_describe_h265_pcma.txt': accepted(
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/',
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=0',
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=1',
  ),
  'foscam_describe.txt': accepted(
    'rtsp://192.168.5.107:65534/videoMain/',
    'rtsp://192.168.5.107:65534/videoMain/track1',
    'rtsp://192.168.5.107:65534/videoMain/track2',
  ),
  'geovision_sdp.txt': accepted('~/', `${GEOVISION}/video`, `${GEOVISION}/metadata`),
  'gw_main_describe.txt': accepted(
    `rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&${GW}`,
    `rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&${GW}/video`,
    `rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&${GW}/audio`,
  ),
  'gw_sub_describe.txt': accepted(
    `rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&${GW}`,
    `rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&${GW}/video`,
  ),
  'h264dvr_describe.txt': accepted(
    'rtsp://127.0.0.1:554/camera',
    'rtsp://127.0.0.1:554/camera/trackID=3',
    'rtsp://127.0.0.1:554/camera/trackID=4',
  ),
  'hikvision_describe.txt': accepted(
    `${HIKVISION}${HIKVISION_QUERY}`,
    `${HIKVISION}trackID=1${HIKVISION_QUERY}`,
    `${HIKVISION}trackID=3${HIKVISION_QUERY}`,
  ),
  'ipcam_describe.txt': accepted('~', '~/trackID=1'),
  'macrovideo_describe.txt': accepted('~', '~/track1'),
  'missing_content_type_describe.txt': accepted('~', '~/streamid=0', '~/streamid=1'),
  'reolink_describe.txt': accepted(REOLINK, `${REOLINK}trackID=1`, `${REOLINK}trackID=2`),
  'reolink_describe_control_first.txt': accepted(
    REOLINK,
    `${REOLINK}trackID=1`,
    `${REOLINK}trackID=2`,
  ),
  'tplink_sdp.txt': accepted('~/', '~/track1', '~/track2'),
  'ubiquiti_sdp.txt': accepted('~/', '~/trackID=0', '~/trackID=1', '~/trackID=2'),
  'vstarcam_describe.txt': accepted('~', '~/track0', '~/track1'),
};

/** Answers to other requests: what is asked, and over which transport. All are accepted. */
const OTHERS: Readonly<Record<string, { readonly method: string; readonly isUdp?: true }>> = {
  'bad_rtptime.txt': { method: 'PLAY' },
  'bunny_play.txt': { method: 'PLAY' },
  'bunny_setup.txt': { method: 'SETUP' },
  'dahua_options.txt': { method: 'OPTIONS' },
  'dahua_play.txt': { method: 'PLAY' },
  'dahua_setup.txt': { method: 'SETUP' },
  'gw_main_play.txt': { method: 'PLAY' },
  'gw_main_setup_audio.txt': { method: 'SETUP' },
  'gw_main_setup_video.txt': { method: 'SETUP' },
  'gw_sub_play.txt': { method: 'PLAY' },
  'gw_sub_setup.txt': { method: 'SETUP' },
  'h264dvr_play.txt': { method: 'PLAY' },
  'h264dvr_setup_audio.txt': { method: 'SETUP', isUdp: true },
  'h264dvr_setup_video.txt': { method: 'SETUP', isUdp: true },
  'hikvision_play.txt': { method: 'PLAY' },
  'hikvision_setup.txt': { method: 'SETUP' },
  'hikvision_setup_ssrc_space.txt': { method: 'SETUP' },
  'laureii_play.txt': { method: 'PLAY' },
  'luckfox_rkipc_setup_tcp.txt': { method: 'SETUP' },
  'luckfox_rkipc_setup_udp.txt': { method: 'SETUP', isUdp: true },
  'reolink_play.txt': { method: 'PLAY' },
  'reolink_setup.txt': { method: 'SETUP' },
  'reolink_teardown.txt': { method: 'TEARDOWN' },
};

/** A refusal with its reason: the camera's user is not in the URL. */
const UNAUTHORIZED = 'longse_unauthorized.txt';

const ONE_TRACK = CAMERA_SDP.slice(0, CAMERA_SDP.indexOf('m=audio'));

async function play(
  options: FakeCameraOptions,
  config: Partial<PathConfig>,
  check: (camera: FakeCamera, run: Pull) => Promise<void>,
): Promise<void> {
  await using camera = await FakeCamera.start(options);
  const run = pull(camera, { config });
  const playing = run.logger.waitFor(/^playing/u);
  await Promise.race([playing, run.ended]);
  await check(camera, run);
  assert.equal(await run.stop(), undefined);
  await camera.waitForNobody();
  assert.equal(run.clock.pendingTimers, 0);
}

describe('recorded camera dialogues', () => {
  if (!existsSync(FOLDER)) {
    it('are replayed (shared testdata absent)');
    return;
  }
  const textOf = (file: string): string => readFileSync(new URL(file, FOLDER), 'latin1');

  it('are all in the table', () => {
    const files = readdirSync(FOLDER).filter((name) => !name.startsWith('LICENSE'));
    const listed = [...Object.keys(DESCRIPTIONS), ...Object.keys(OTHERS), UNAUTHORIZED];
    assert.deepEqual(files.sort(), listed.sort());
    assert.equal(files.length, 43);
  });

  for (const [file, expected] of Object.entries(DESCRIPTIONS)) {
    it(`${file}: ${expected.setups.length} tracks are set up and play`, async () => {
      const text = textOf(file);
      const answers = {
        DESCRIBE: text.startsWith('RTSP/')
          ? replay(text)
          : (request: Parameters<typeof describeReply>[0]) => describeReply(request, text),
      };
      await play({ answers }, OVER_TCP, (camera) => {
        const own = camera.url();
        const urls = (method: string): string[] =>
          camera.requests.filter((request) => request.method === method).map(({ url }) => url);
        const absolute = (url: string): string => url.replace(/^~/u, own);
        assert.deepEqual(urls('SETUP'), expected.setups.map(absolute));
        assert.deepEqual(urls('PLAY'), [absolute(expected.play)]);
        return Promise.resolve();
      });
    });
  }

  for (const [file, { method, isUdp }] of Object.entries(OTHERS)) {
    it(`${file}: media arrive after this ${method}`, async () => {
      const options = { sdp: ONE_TRACK, answers: { [method]: replay(textOf(file)) } };
      // The recorded ports are not those of the camera here.
      const config = isUdp ? { ...OVER_UDP, rtspAnyPort: true } : OVER_TCP;
      await play(options, config, async (camera, run) => {
        const { targets } = camera.connection;
        const recorded = /interleaved=(\d+)/u.exec(textOf(file))?.[1];
        if (recorded !== undefined) {
          const rtp = Number(recorded);
          targets[0] = { type: 'tcp', channels: { rtp, rtcp: rtp + 1 } };
        }
        camera.sendRtp(0, cameraPacket({ payloadType: 96, sequence: 1 }));
        const stream = await run.published;
        assert.deepEqual(
          stream.tracks.map((track) => track.codec.name),
          ['H264'],
        );
      });
    });
  }

  it(`${UNAUTHORIZED}: named as a missing password, cured by one`, async () => {
    const answers: FakeCameraOptions['answers'] = {
      DESCRIBE: (request, connection) =>
        request.headers.get('Authorization') === undefined
          ? replay(textOf(UNAUTHORIZED))(request, connection)
          : describeReply(request, CAMERA_SDP),
    };
    await using camera = await FakeCamera.start({ answers });
    const failure = await pull(camera, { config: OVER_TCP }).ended;
    assert.equal(failure?.kind, 'unauthenticated');
    assert.equal(failure.code, 'rtsp-source-unauthorized');
    const run = pull(camera, { config: OVER_TCP, url: camera.url('admin:12345') });
    await run.logger.waitFor(/^playing/u);
    assert.equal(await run.stop(), undefined);
  });
});
