// Tests of tracks out of descriptions and descriptions out of tracks.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Codec, TrackDescription } from '../../../core/codec/codec.ts';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { formatLinesOf, sdpFromTracks } from '../../../core/sdp/sdp-from-tracks.ts';
import { tracksFromSdp, type SdpTracks } from '../../../core/sdp/tracks-from-sdp.ts';
import { writeSdp } from '../../../core/sdp/write-sdp.ts';

function read(...lines: readonly string[]): SdpTracks {
  return tracksFromSdp(parseSdp(lines.join('\n')));
}

function codecOf(kind: string, ...lines: readonly string[]): Codec {
  const [track] = read(`m=${kind} 0 RTP/AVP 96`, ...lines).tracks;
  assert.ok(track);
  return track.codec;
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const VIDEO = { clockRateHz: 90000 } as const;

describe('tracksFromSdp()', () => {
  it('reads what ffmpeg announces for H.264, H.265 and Opus', () => {
    const h264 = codecOf(
      'video',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==; profile-level-id=42C01E',
    );
    assert.deepEqual(h264, {
      name: 'H264',
      ...VIDEO,
      packetizationMode: 1,
      profileLevelId: '42c01e',
      sps: hex('6742c01ed903c56840000003004000000c03c58b92'),
      pps: hex('68cb8cb2'),
    });
    const h265 = codecOf('video', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-pps=RAHA8saNA7NA');
    assert.deepEqual(h265, { name: 'H265', ...VIDEO, pps: hex('4401c0f2c68d03b340') });
    const opus = codecOf('audio', 'a=rtpmap:96 OPUS/48000/2', 'a=fmtp:96 sprop-stereo=0');
    assert.deepEqual(opus, {
      name: 'Opus',
      clockRateHz: 48000,
      channelCount: 1,
      fmtp: 'sprop-stereo=0',
    });
  });

  it('takes base64 without its padding, and hex of either case without an SPS', () => {
    const bare = codecOf('video', 'a=rtpmap:96 h264/90000', 'a=fmtp:96 profile-level-id=42C01E');
    assert.deepEqual(bare, {
      name: 'H264',
      ...VIDEO,
      packetizationMode: 0,
      profileLevelId: '42c01e',
    });
    const unpadded = codecOf(
      'video',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA,aO48gA',
    );
    assert.ok(unpadded.name === 'H264');
    assert.deepEqual([unpadded.profileLevelId, unpadded.pps], ['4d001f', hex('68ee3c80')]);
  });

  it('keeps H.264 without or with broken parameter sets as H.264', () => {
    for (const fmtp of [
      '',
      'a=fmtp:96',
      'a=fmtp:96 sprop-parameter-sets=!!,',
      'a=fmtp:96 packetization-mode=9',
    ]) {
      const codec = codecOf('video', 'a=rtpmap:96 H264/90000', fmtp);
      assert.deepEqual(codec, { name: 'H264', ...VIDEO, packetizationMode: 0 });
    }
  });

  for (const [rtpmap, fmtp, codec] of [
    ['VP8/90000', '', { name: 'VP8', ...VIDEO }],
    ['VP9/90000', 'profile-id=2', { name: 'VP9', ...VIDEO, profileId: 2 }],
    ['AV1/90000', 'level-idx=8;tier=1', { name: 'AV1', ...VIDEO, levelIdx: 8, tier: 1 }],
    ['JPEG/90000', '', { name: 'M-JPEG', ...VIDEO }],
    ['PCMU/16000/2', '', { name: 'G711', clockRateHz: 16000, channelCount: 2, isMuLaw: true }],
    ['G722/8000', '', { name: 'G722', clockRateHz: 8000, channelCount: 1 }],
    ['L8/8000', '', { name: 'LPCM', clockRateHz: 8000, channelCount: 1, bitDepth: 8 }],
    ['L16/48000/2', '', { name: 'LPCM', clockRateHz: 48000, channelCount: 2, bitDepth: 16 }],
    ['L24/44100/6', '', { name: 'LPCM', clockRateHz: 44100, channelCount: 6, bitDepth: 24 }],
    [
      'multiopus/48000/6',
      'num_streams=4',
      { name: 'Opus', clockRateHz: 48000, channelCount: 6, fmtp: 'num_streams=4' },
    ],
    [
      'G726-32/8000',
      'x=1',
      { name: 'Generic', clockRateHz: 8000, rtpmap: 'G726-32/8000', fmtp: 'x=1' },
    ],
    ['L16', '', { name: 'Generic', clockRateHz: 8000, rtpmap: 'L16', fmtp: '' }],
    [
      'mpeg4-generic/48000/2',
      'mode=CELP-vbr',
      {
        name: 'Generic',
        clockRateHz: 48000,
        rtpmap: 'mpeg4-generic/48000/2',
        fmtp: 'mode=CELP-vbr',
      },
    ],
    [
      'MP4A-LATM/48000/2',
      'config=400023203fc0',
      {
        name: 'Generic',
        clockRateHz: 48000,
        rtpmap: 'MP4A-LATM/48000/2',
        fmtp: 'config=400023203fc0',
      },
    ],
  ] as const) {
    it(`reads ${rtpmap} ${fmtp}`, () => {
      const lines = [`a=rtpmap:96 ${rtpmap}`, fmtp === '' ? '' : `a=fmtp:96 ${fmtp}`];
      assert.deepEqual(codecOf('audio', ...lines), codec);
    });
  }

  it('reads LATM with its configuration out of band', () => {
    const codec = codecOf(
      'audio',
      'a=rtpmap:96 MP4A-LATM/48000/2',
      'a=fmtp:96 profile-level-id=41;cpresent=0;config=400023203fc0',
    );
    assert.deepEqual(codec, {
      name: 'MPEG-4 Audio',
      clockRateHz: 48000,
      sampleRateHz: 48000,
      channelCount: 2,
      config: hex('1190'),
      framing: { type: 'latm' },
    });
  });

  it('makes up the AAC configuration that a camera left out, or wrote as no hex', () => {
    for (const fmtp of ['', 'a=fmtp:96 config=zz', 'a=fmtp:96 config=', 'a=fmtp:96 config=119']) {
      const codec = codecOf('audio', 'a=rtpmap:96 MPEG4-GENERIC/16000', fmtp);
      assert.ok(codec.name === 'MPEG-4 Audio');
      assert.deepEqual([codec.config, codec.channelCount], [hex('1408'), 1]);
    }
  });

  it('reads the lengths of AAC-lbr and of its own mode', () => {
    const lbr = codecOf(
      'audio',
      'a=rtpmap:96 mpeg4-generic/8000',
      'a=fmtp:96 mode=AAC-lbr;config=1588',
    );
    assert.ok(lbr.name === 'MPEG-4 Audio');
    assert.deepEqual(lbr.framing, {
      type: 'generic',
      sizeLength: 6,
      indexLength: 2,
      indexDeltaLength: 2,
    });
    const own = codecOf(
      'audio',
      'a=rtpmap:96 mpeg4-generic/8000',
      'a=fmtp:96 config=1588;sizelength=16',
    );
    assert.ok(own.name === 'MPEG-4 Audio');
    assert.deepEqual(own.framing, {
      type: 'generic',
      sizeLength: 16,
      indexLength: 0,
      indexDeltaLength: 0,
    });
  });

  it('ignores a back channel and says so', () => {
    const { tracks, ignored } = read(
      'm=video 0 RTP/AVP 26',
      'a=recvonly',
      'm=audio 0 RTP/AVP 0',
      'a=control:trackID=3',
      'a=sendonly',
    );
    assert.deepEqual(
      tracks.map(({ codec }) => codec.name),
      ['M-JPEG'],
    );
    assert.deepEqual(ignored, [
      { mediaIndex: 1, reason: 'back-channel', detail: 'audio 0 RTP/AVP 0', isBackChannel: true },
    ]);
  });

  it('ignores what is not RTP or no kind of media that it knows', () => {
    const { tracks, ignored } = read(
      'm=video 0 udp 33',
      'm=text 0 RTP/AVP 98',
      'm=video 0 RTP/AVP',
      'm=video 0 RTP/SAVPF 96',
      'm=video 0 RTP/AVP/TCP 96',
    );
    assert.equal(tracks.length, 2);
    assert.deepEqual(
      ignored.map(({ reason }) => reason),
      ['unsupported-protocol', 'unsupported-kind', 'no-payload-type'],
    );
  });

  it('chooses the first format that it understands', () => {
    const [track] = read('m=audio 0 RTP/AVP 13 101 8', 'a=rtpmap:101 telephone-event/8000').tracks;
    assert.deepEqual([track?.payloadType, track?.codec.name], [8, 'G711']);
    const [generic] = read('m=audio 0 RTP/AVP 13 101').tracks;
    assert.equal(generic?.payloadType, 13);
  });

  it('keeps a dynamic payload type without rtpmap as generic', () => {
    assert.deepEqual(codecOf('video'), { name: 'Generic', ...VIDEO, rtpmap: '', fmtp: '' });
  });

  it('takes the kind from the codec, and controls from session and media', () => {
    const { tracks, control } = read(
      'a=control:rtsp://h/x',
      'm=application 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'm=video 0 RTP/AVP 33',
      'a=control:',
    );
    assert.equal(control, 'rtsp://h/x');
    assert.deepEqual(
      tracks.map((track) => [track.kind, track.control]),
      [
        ['video', undefined],
        ['video', undefined],
      ],
    );
  });
});

const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
const nal = (head: number): fc.Arbitrary<Uint8Array> =>
  bytes.map((rest) => Uint8Array.from([head, 0x42, 0xc0, 0x1e, ...rest.map((byte) => byte | 4)]));
const nal265 = (type: number): fc.Arbitrary<Uint8Array> =>
  bytes.map((rest) => Uint8Array.from([type << 1, 1, ...rest.map((byte) => byte | 4)]));
const record = <T>(shape: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record<T>(shape, { noNullPrototype: true });
const channels = fc.integer({ min: 1, max: 8 });
const rates = fc.constantFrom(8000, 11025, 16000, 44100, 48000);
const codecs: fc.Arbitrary<Codec> = fc.oneof(
  record<Codec>({
    name: fc.constant('H264' as const),
    clockRateHz: fc.constant(90000 as const),
    packetizationMode: fc.integer({ min: 0, max: 2 }),
    profileLevelId: fc.constant('42c01e'),
    sps: nal(0x67),
    pps: nal(0x68),
  }),
  record<Codec>({
    name: fc.constant('H265' as const),
    clockRateHz: fc.constant(90000 as const),
    vps: nal265(32),
    sps: nal265(33),
    pps: nal265(34),
  }),
  fc.constantFrom<Codec>(
    { name: 'VP8', clockRateHz: 90000 },
    { name: 'VP9', clockRateHz: 90000, profileId: 0 },
    { name: 'VP9', clockRateHz: 90000 },
    { name: 'AV1', clockRateHz: 90000, profile: 0, levelIdx: 8, tier: 0 },
    { name: 'AV1', clockRateHz: 90000 },
    { name: 'M-JPEG', clockRateHz: 90000 },
    { name: 'G722', clockRateHz: 8000, channelCount: 1 },
    { name: 'Opus', clockRateHz: 48000, channelCount: 2, fmtp: 'sprop-stereo=1' },
    { name: 'Opus', clockRateHz: 48000, channelCount: 1, fmtp: 'sprop-stereo=0' },
    { name: 'Generic', clockRateHz: 90000, rtpmap: 'vnd.onvif.metadata/90000', fmtp: 'a b' },
    {
      name: 'MPEG-4 Audio',
      clockRateHz: 44100,
      sampleRateHz: 44100,
      channelCount: 2,
      config: hex('121056e500'),
      framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
    },
    {
      name: 'MPEG-4 Audio',
      clockRateHz: 8000,
      sampleRateHz: 8000,
      channelCount: 1,
      config: hex('1588'),
      framing: { type: 'generic', sizeLength: 6, indexLength: 2, indexDeltaLength: 2 },
    },
    {
      name: 'MPEG-4 Audio',
      clockRateHz: 48000,
      sampleRateHz: 48000,
      channelCount: 2,
      config: hex('1190'),
      framing: { type: 'latm' },
    },
  ),
  record<Codec>({
    name: fc.constant('G711' as const),
    clockRateHz: rates,
    channelCount: channels,
    isMuLaw: fc.boolean(),
  }),
  record<Codec>({
    name: fc.constant('LPCM' as const),
    clockRateHz: rates,
    channelCount: channels,
    bitDepth: fc.constantFrom(8, 16, 24),
  }),
);

describe('sdpFromTracks()', () => {
  it('describes tracks so that they read back as the same', () => {
    const list = fc.array(fc.tuple(codecs, fc.integer({ min: 96, max: 127 })), { maxLength: 4 });
    fc.assert(
      fc.property(list, (pairs) => {
        const tracks = pairs.map(([codec, payloadType]): TrackDescription => {
          const lines = formatLinesOf(codec);
          const kind = /onvif/.test(lines.rtpmap ?? '') ? 'application' : 'video';
          return { kind, codec, payloadType };
        });
        const back = tracksFromSdp(
          parseSdp(writeSdp(sdpFromTracks({ tracks, sessionName: 'cam' }))),
        );
        assert.deepEqual(
          back.tracks.map(({ codec, payloadType, control }) => ({ codec, payloadType, control })),
          tracks.map(({ codec, payloadType }, index) => ({
            codec,
            payloadType,
            control: `trackID=${index}`,
          })),
        );
        assert.equal(back.control, '*');
      }),
      { numRuns: 300 },
    );
  });

  it('writes the text that a reader gets', () => {
    const tracks: TrackDescription[] = [
      {
        kind: 'audio',
        payloadType: 8,
        codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false },
      },
      {
        kind: 'application',
        payloadType: 107,
        codec: { name: 'Generic', clockRateHz: 90000, rtpmap: '', fmtp: '' },
      },
    ];
    const options = { tracks, sessionName: 'cam', address: '::1', sessionId: '7' };
    assert.equal(
      writeSdp(sdpFromTracks({ ...options, protocol: 'RTP/SAVP' })),
      [
        'v=0',
        'o=- 7 7 IN IP6 ::1',
        's=cam',
        'c=IN IP6 ::1',
        't=0 0',
        'a=control:*',
        'm=audio 0 RTP/SAVP 8',
        'a=control:trackID=0',
        'a=rtpmap:8 PCMA/8000',
        'm=application 0 RTP/SAVP 107',
        'a=control:trackID=1',
        '',
      ].join('\r\n'),
    );
  });

  it('announces stereo Opus and more channels as they are', () => {
    const opus = { name: 'Opus', clockRateHz: 48000 } as const;
    assert.deepEqual(formatLinesOf({ ...opus, channelCount: 2 }), {
      rtpmap: 'opus/48000/2',
      fmtp: 'sprop-stereo=1',
    });
    assert.deepEqual(formatLinesOf({ ...opus, channelCount: 6 }), { rtpmap: 'multiopus/48000/6' });
  });
});
