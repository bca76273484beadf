// Descriptions of real cameras: recorded answers beside the repository, and the oddest ones as text here.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { tracksFromSdp } from '../../../core/sdp/tracks-from-sdp.ts';

const FOLDER = new URL('../../../../shared/testdata/cameras/', import.meta.url);

/** Payload type, codec with what matters of it, and where to SETUP it. */
function summaryOf({ codec, payloadType, control }: TrackDescription): string {
  return [payloadType, codecSummary(codec), control ?? 'no control'].join(' ');
}

function codecSummary(codec: TrackDescription['codec']): string {
  switch (codec.name) {
    case 'H264':
      return `H264 ${codec.profileLevelId} sps=${codec.sps?.length} pps=${codec.pps?.length}`;
    case 'H265':
      return `H265 vps=${codec.vps?.length} sps=${codec.sps?.length} pps=${codec.pps?.length}`;
    case 'MPEG-4 Audio':
      return `AAC ${codec.sampleRateHz}x${codec.channelCount} ${Buffer.from(codec.config).toString('hex')}`;
    case 'G711':
      return `${codec.isMuLaw ? 'PCMU' : 'PCMA'} ${codec.clockRateHz}x${codec.channelCount}`;
    case 'Generic':
      return `Generic ${codec.rtpmap}`;
    default:
      return codec.name;
  }
}

/** The body of a recorded answer, or the whole text of a bare description. */
function descriptionIn(text: string): string {
  if (!text.startsWith('RTSP/')) return text;
  const headersEnd = text.indexOf('\r\n\r\n');
  return headersEnd < 0 ? '' : text.slice(headersEnd + 4);
}

const HIKVISION = 'rtsp://192.168.5.106:554/Streaming/Channels/101/';
const HIKVISION_QUERY = '?transportmode=unicast&profile=Profile_1';
const ONVIF = 'Generic vnd.onvif.metadata/90000';

/** The tracks of each file that has a description. All others must be refused as `sdp-empty`. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'anjvision_describe.txt': ['96 H265 vps=24 sps=38 pps=8 trackID=1'],
  'anpviz_sdp.txt': ['96 H264 4d401f sps=11 pps=4 trackID=1', '0 AAC 16000x1 1408 trackID=2'],
  'bunny_describe.txt': ['96 AAC 12000x2 1490 trackID=1', '97 H264 42c01e sps=21 pps=4 trackID=2'],
  'dahua_describe_h264_aac_onvif.txt': [
    '96 H264 64001e sps=26 pps=5 trackID=0',
    '97 AAC 48000x1 1188 trackID=1',
    `107 ${ONVIF} trackID=4`,
  ],
  'dahua_describe_h265_pcma.txt': [
    '98 H265 vps=34 sps=44 pps=9 trackID=0',
    '8 PCMA 8000x1 trackID=1',
  ],
  'foscam_describe.txt': ['96 H264 4d001f sps=10 pps=4 track1', '0 PCMU 8000x1 track2'],
  'geovision_sdp.txt': [
    '105 H264 4d4032 sps=24 pps=4 rtsp://192.168.5.237/media/video1/video',
    `107 ${ONVIF} rtsp://192.168.5.237/media/video1/metadata`,
  ],
  'gw_main_describe.txt': ['96 H264 4d002a sps=16 pps=4 video', '8 PCMU 8000x1 audio'],
  'gw_sub_describe.txt': ['96 H264 4d001e sps=14 pps=4 video'],
  'h264dvr_describe.txt': ['96 H264 420029 sps=25 pps=4 trackID=3', '8 PCMA 8000x1 trackID=4'],
  'hikvision_describe.txt': [
    `96 H264 4d0029 sps=25 pps=4 ${HIKVISION}trackID=1${HIKVISION_QUERY}`,
    `107 ${ONVIF} ${HIKVISION}trackID=3${HIKVISION_QUERY}`,
  ],
  'ipcam_describe.txt': ['96 H264 4d0020 sps=21 pps=4 trackID=1'],
  'macrovideo_describe.txt': ['96 H264 4de028 sps=24 pps=5 track1'],
  'missing_content_type_describe.txt': [
    '96 H264 64000d sps=26 pps=6 streamid=0',
    '97 AAC 48000x2 119056e500 streamid=1',
  ],
  'reolink_describe.txt': [
    '96 H264 640033 sps=10 pps=4 trackID=1',
    '97 AAC 16000x1 1408 trackID=2',
  ],
  'reolink_describe_control_first.txt': [
    '96 H264 640033 sps=10 pps=4 trackID=1',
    '97 AAC 16000x1 1408 trackID=2',
  ],
  'tplink_sdp.txt': ['96 H265 vps=24 sps=42 pps=7 track1', '8 PCMA 8000x1 track2'],
  'ubiquiti_sdp.txt': [
    '96 AAC 48000x1 1188 trackID=0',
    '96 Opus trackID=1',
    '97 H264 4d402a sps=29 pps=4 trackID=2',
  ],
  'vstarcam_describe.txt': ['96 H264 4d002a sps=26 pps=4 track0', '8 PCMA 8000x1 track1'],
};

describe('recorded camera answers', () => {
  if (!existsSync(FOLDER)) {
    it('are read (shared testdata absent)');
    return;
  }
  const files = readdirSync(FOLDER).filter(
    (name) => name.endsWith('.txt') && !name.startsWith('LICENSE'),
  );

  it('are all there that the table names', () => {
    assert.deepEqual(
      Object.keys(EXPECTED).filter((name) => !files.includes(name)),
      [],
    );
  });

  for (const file of files) {
    const expected = EXPECTED[file];
    const text = descriptionIn(readFileSync(new URL(file, FOLDER), 'latin1'));
    if (expected === undefined) {
      it(`${file} has no description and is refused`, () => {
        assert.throws(
          () => parseSdp(text),
          (error) => error instanceof MediaError && error.code === 'sdp-empty',
        );
      });
      continue;
    }
    it(`${file} has ${expected.length} tracks, with any line end`, () => {
      for (const lineEnd of ['\r\n', '\n', '\r', '\r\n\r\n', '\0\r\n']) {
        const { tracks } = tracksFromSdp(parseSdp(text.replaceAll('\r\n', lineEnd)));
        assert.deepEqual(tracks.map(summaryOf), expected);
      }
    });
  }
});

function tracksOf(lines: readonly string[]): string[] {
  return tracksFromSdp(parseSdp(lines.join('\r\n'))).tracks.map(summaryOf);
}

describe('camera quirks', () => {
  it('takes the rtpmap before the static payload type', () => {
    const anpviz = [
      'm=audio 0 RTP/AVP 0',
      'a=rtpmap:0 MPEG4-GENERIC/16000/2',
      'a=fmtp:0 config=1408',
    ];
    assert.deepEqual(tracksOf(anpviz), ['0 AAC 16000x1 1408 no control']);
    const gw = ['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMU/8000/1', 'a=fmtp:8 vad=no'];
    assert.deepEqual(tracksOf(gw), ['8 PCMU 8000x1 no control']);
  });

  it('takes the profile from the SPS when the announced one is no hex', () => {
    const macrovideo = [
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 profile-level-id=TeAo;packetization-mode=1;' +
        'sprop-parameter-sets=J03gKI1oBQBboQAAAwABAAADACgPFCKg,KO4BNJI=',
    ];
    assert.deepEqual(tracksOf(macrovideo), ['96 H264 4de028 sps=24 pps=5 no control']);
  });

  it('cuts start codes off the ends of parameter sets', () => {
    const gw = [
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1;profile-level-id=5046314;' +
        'sprop-parameter-sets=Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE=',
    ];
    assert.deepEqual(tracksOf(gw), ['96 H264 4d002a sps=16 pps=4 no control']);
  });

  it('leaves out a section whose format is no payload type', () => {
    const { tracks, ignored } = tracksFromSdp(
      parseSdp('m=application/TP-LINK 0 RTP/AVP smart/1/90000\r\na=rtpmap:95 TP-LINK/90000\r\n'),
    );
    assert.deepEqual(tracks, []);
    assert.deepEqual(ignored, [
      {
        mediaIndex: 0,
        reason: 'no-payload-type',
        detail: 'application/TP-LINK 0 RTP/AVP smart/1/90000',
        isBackChannel: false,
      },
    ]);
  });

  it('reads a payload type behind tabs, and lines behind trailing blanks', () => {
    const vstarcam = [
      'm=audio 0 RTP/AVP 8\t ',
      'a=control:track1 ',
      'a=rtpmap:8 PCMA/8000/1 ',
      '',
      '\0',
    ];
    assert.deepEqual(tracksOf(vstarcam), ['8 PCMA 8000x1 track1']);
  });

  it('reads AAC whose parameters are in mixed case, and an empty fmtp', () => {
    const ubiquiti = [
      'm=audio 0 RTP/AVP 96',
      'a=rtpmap:96 mpeg4-generic/48000/1',
      'a=fmtp:96 streamtype=5; mode=AAC-hbr; config=1188; SizeLength=13; IndexLength=3; IndexDeltaLength=3;',
      'm=audio 0 RTP/AVP 96',
      'a=rtpmap:96 opus/48000/2',
      'a=fmtp:96',
    ];
    assert.deepEqual(tracksOf(ubiquiti), ['96 AAC 48000x1 1188 no control', '96 Opus no control']);
  });
});
