// Offers as Chromium 156 writes them, section by section, so that a test can spoil one line.

export const OFFER_UFRAG = '/l9E';
export const OFFER_PWD = 'QM4BvDG6PbsOWdUOdhKnvArh';
export const OFFER_FINGERPRINT =
  'E3:A4:DF:BB:7F:57:B6:D6:49:F2:2C:ED:E1:4C:A8:DC:02:00:83:ED:B9:8E:F6:F5:A3:66:F3:C8:26:1B:D3:F7';

/** One m= section. */
export interface SectionText {
  readonly mid: string;
  /** The m= line without `m=`. */
  readonly line: string;
  readonly lines: readonly string[];
}

export interface SectionOptions {
  readonly mid?: string;
  readonly direction?: 'recvonly' | 'sendonly' | 'sendrecv' | 'inactive';
  /** Names of VIDEO_FORMATS or AUDIO_FORMATS in the order of the offer. */
  readonly formats?: readonly string[];
  readonly hasTransportSequence?: boolean;
}

const FEEDBACK = ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'];
const TRANSPORT_SEQUENCE =
  'extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const TRANSPORT = [
  `ice-ufrag:${OFFER_UFRAG}`,
  `ice-pwd:${OFFER_PWD}`,
  'ice-options:trickle',
  `fingerprint:sha-256 ${OFFER_FINGERPRINT}`,
  'setup:actpass',
];

/** Payload type, encoding and fmtp by a name that tests use. */
export const VIDEO_FORMATS: Readonly<Record<string, readonly [number, string, string]>> = {
  vp8: [96, 'VP8/90000', ''],
  vp9: [98, 'VP9/90000', 'profile-id=0'],
  'vp9-profile2': [100, 'VP9/90000', 'profile-id=2'],
  h264: [102, 'H264/90000', h264(1, '42001f')],
  'h264-mode0': [104, 'H264/90000', h264(0, '42001f')],
  'h264-cbp': [108, 'H264/90000', h264(1, '42e01f')],
  'h264-main': [116, 'H264/90000', h264(1, '4d001f')],
  'h264-high444': [41, 'H264/90000', h264(1, 'f4001f')],
  av1: [45, 'AV1/90000', 'level-idx=5;profile=0;tier=0'],
  'av1-profile1': [47, 'AV1/90000', 'level-idx=5;profile=1;tier=0'],
  h265: [50, 'H265/90000', 'level-id=93;profile-id=1;tier-flag=0'],
  red: [118, 'red/90000', ''],
};

const AUDIO_FORMATS: Readonly<Record<string, readonly [number, string, string]>> = {
  opus: [111, 'opus/48000/2', 'minptime=10;useinbandfec=1'],
  red: [63, 'red/48000/2', '111/111'],
  g722: [9, 'G722/8000', ''],
  pcmu: [0, 'PCMU/8000', ''],
  pcma: [8, 'PCMA/8000', ''],
  cn: [13, 'CN/8000', ''],
  multiopus: [120, 'multiopus/48000/6', 'channel_mapping=0,4,1,2,3,5;coupled_streams=2'],
  l16: [121, 'L16/48000/2', ''],
};

/** What Chromium offers to watch, without VP9 and AV1 of rare profiles. */
export const CHROMIUM_VIDEO = ['vp8', 'vp9', 'h264', 'h264-mode0', 'h264-cbp', 'h264-main'];
export const CHROMIUM_AUDIO = ['opus', 'red', 'g722', 'pcmu', 'pcma', 'cn'];

/** A video section; every format is followed by its retransmission format. */
export function videoSection(options: SectionOptions = {}): SectionText {
  const names = options.formats ?? [...CHROMIUM_VIDEO, 'h264-high444', 'av1'];
  const rows = names.flatMap((name): (readonly [number, string, string])[] => {
    const format = VIDEO_FORMATS[name];
    if (!format) return [];
    return [format, [rtxOf(format[0]), 'rtx/90000', `apt=${format[0]}`]];
  });
  return section('video', rows, { ...options, mid: options.mid ?? '0', feedback: FEEDBACK });
}

export function audioSection(options: SectionOptions = {}): SectionText {
  const names = options.formats ?? CHROMIUM_AUDIO;
  const rows = names.flatMap((name) => {
    const format = AUDIO_FORMATS[name];
    return format ? [format] : [];
  });
  return section('audio', rows, { ...options, mid: options.mid ?? '1', feedback: [] });
}

export function dataSection(mid = '2'): SectionText {
  return {
    mid,
    line: 'application 9 UDP/DTLS/SCTP webrtc-datachannel',
    lines: [...TRANSPORT, `mid:${mid}`, 'sctp-port:5000', 'max-message-size:262144'],
  };
}

/** Retransmission payload type that `videoSection` gives to a format. */
export function rtxOf(payloadType: number): number {
  return payloadType + 1;
}

/** The offer with all its sections bundled. */
export function offerOf(...sections: readonly SectionText[]): string {
  const session = [
    ...['v=0', 'o=- 473620599571444132 2 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    `a=group:BUNDLE ${sections.map(({ mid }) => mid).join(' ')}`,
    ...['a=extmap-allow-mixed', 'a=msid-semantic: WMS'],
  ];
  const lines = sections.flatMap(({ line, lines: attributes }) => [
    `m=${line}`,
    'c=IN IP4 0.0.0.0',
    ...attributes.map((attribute) => `a=${attribute}`),
  ]);
  return [...session, ...lines, ''].join('\r\n');
}

/** Chromium's offer to watch. */
export function viewerOffer(): string {
  return offerOf(videoSection(), audioSection(), dataSection());
}

/** Chromium's offer to publish. */
export function publisherOffer(video: readonly string[] = ['vp8', 'h264', 'av1']): string {
  const direction = 'sendonly';
  return offerOf(videoSection({ direction, formats: video }), audioSection({ direction }));
}

function section(
  kind: string,
  formats: readonly (readonly [number, string, string])[],
  options: SectionOptions & { readonly mid: string; readonly feedback: readonly string[] },
): SectionText {
  const { mid, direction = 'recvonly', hasTransportSequence = true, feedback } = options;
  const attributes = formats.flatMap(([payloadType, rtpmap, fmtp]) => [
    `rtpmap:${payloadType} ${rtpmap}`,
    ...(rtpmap.startsWith('rtx') ? [] : feedback.map((each) => `rtcp-fb:${payloadType} ${each}`)),
    ...(rtpmap.startsWith('opus') ? [`rtcp-fb:${payloadType} transport-cc`] : []),
    ...(fmtp === '' ? [] : [`fmtp:${payloadType} ${fmtp}`]),
  ]);
  return {
    mid,
    line: `${kind} 9 UDP/TLS/RTP/SAVPF ${formats.map(([payloadType]) => payloadType).join(' ')}`,
    lines: [
      ...TRANSPORT,
      `mid:${mid}`,
      'extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid',
      ...(hasTransportSequence ? [TRANSPORT_SEQUENCE] : []),
      ...[direction, 'rtcp-mux', 'rtcp-rsize'],
      ...attributes,
    ],
  };
}

function h264(mode: number, profileLevelId: string): string {
  return `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profileLevelId}`;
}
