// The rules between keys, with the very messages that users of mediamtx.yml know.
import assert from 'node:assert/strict';
import { checkConfig } from '../../../core/config/load-config.ts';

function errorsOf(text: string): string[] {
  const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
  return issues.map((issue) => `${issue.key}: ${issue.message}`);
}

function path(...lines: string[]): string {
  return `paths:\n  cam:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

const SHA256 = `sha256:${Buffer.alloc(32, 7).toString('base64')}`;
const ARGON2 =
  'argon2:$argon2id$v=19$m=4096,t=3,p=1$MTIzNDU2Nzg$Ux/LWeTgJQPyfMMJo1myR64+o8rALHoPmlE1i/TR+58';

const refused: [text: string, error: string][] = [
  ['readTimeout: 0s', "readTimeout: 'readTimeout' must be greater than zero"],
  ['readTimeout: ""', "readTimeout: 'readTimeout' must be greater than zero"],
  ['readTimeout: -1s', "readTimeout: 'readTimeout' must be greater than zero"],
  ['writeTimeout: 0s', "writeTimeout: 'writeTimeout' must be greater than zero"],
  ['writeQueueSize: 0', "writeQueueSize: 'writeQueueSize' must be greater than zero"],
  ['writeQueueSize: 1001', "writeQueueSize: 'writeQueueSize' must be a power of two"],
  ['udpMaxPayloadSize: 5000', "udpMaxPayloadSize: 'udpMaxPayloadSize' must be less than 1472"],
  ['udpMaxPayloadSize: 1473', "udpMaxPayloadSize: 'udpMaxPayloadSize' must be less than 1472"],
  ['udpMaxPayloadSize: 0', "udpMaxPayloadSize: 'udpMaxPayloadSize' must be at least 64"],
  ['api: yes\napiAddress: ""', "apiAddress: 'apiAddress' must be set when api is enabled"],
  [
    'metrics: yes\nmetricsAddress: ""',
    "metricsAddress: 'metricsAddress' must be set when metrics is enabled",
  ],
  [
    'pprof: yes\npprofAddress: ""',
    "pprofAddress: 'pprofAddress' must be set when pprof is enabled",
  ],
  [
    'playback: yes\nplaybackAddress: ""',
    "playbackAddress: 'playbackAddress' must be set when playback is enabled",
  ],
  ['rtspAddress: ""', "rtspAddress: 'rtspAddress' must be set when rtsp is enabled"],
  [
    'rtspEncryption: strict\nrtspsAddress: ""',
    "rtspsAddress: 'rtspsAddress' must be set when rtsp is enabled",
  ],
  ['rtmpAddress: ""', "rtmpAddress: 'rtmpAddress' must be set when rtmp is enabled"],
  ['hlsAddress: ""', "hlsAddress: 'hlsAddress' must be set when hls is enabled"],
  ['webrtcAddress: ""', "webrtcAddress: 'webrtcAddress' must be set when webrtc is enabled"],
  ['srtAddress: ""', "srtAddress: 'srtAddress' must be set when srt is enabled"],
  ['rtpAddress: ""', "rtpAddress: 'rtpAddress' must be set when udp is enabled"],
  ['rtpAddress: :8101\nrtcpAddress: :8102', "rtpAddress: 'rtpAddress' must have an even port"],
  [
    'rtcpAddress: :8003',
    "rtcpAddress: 'rtcpAddress' must have the port after the one of 'rtpAddress'",
  ],
  [
    'multicastIPRange: 10.0.0.0/8',
    "multicastIPRange: '10.0.0.0/8' is not an IPv4 multicast network",
  ],
  ['webrtcICEServers2: [{url: x}]', "webrtcICEServers2[0].url: invalid ICE server: 'x'"],
  [
    'webrtcLocalUDPAddress: ""\nwebrtcLocalTCPAddress: ""',
    "webrtcLocalUDPAddress: at least one between 'webrtcLocalUDPAddress', 'webrtcLocalTCPAddress' or 'webrtcICEServers2' must be filled",
  ],
  [
    'webrtcIPsFromInterfaces: no',
    "webrtcIPsFromInterfaces: at least one between 'webrtcIPsFromInterfaces' or 'webrtcAdditionalHosts' must be filled",
  ],
  [
    'authInternalUsers: [{user: ""}]',
    'authInternalUsers[0].user: empty usernames are not supported',
  ],
  [
    'authInternalUsers: [{pass: a}]',
    'authInternalUsers[0].user: empty usernames are not supported',
  ],
  [
    'authInternalUsers: [{user: any, pass: x}]',
    "authInternalUsers[0].pass: using a password with 'any' user is not supported",
  ],
  [
    'authInternalUsers: [{user: a, pass: "b/c"}]',
    'authInternalUsers[0].pass: it contains unsupported characters; supported are A-Z a-z 0-9 ! $ ( ) * + . ; < = > [ ] ^ _ - { } @ # &',
  ],
  [
    'authInternalUsers: [{user: a, pass: "sha256:abc"}]',
    "authInternalUsers[0].pass: after 'sha256:' come 32 bytes in base64",
  ],
  [
    'authInternalUsers: [{user: a, pass: "argon2:abc"}]',
    "authInternalUsers[0].pass: after 'argon2:' comes $argon2id$v=19$m=...",
  ],
  [
    'authInternalUsers: [{user: a, permissions: [{action: read, path: "~(x"}]}]',
    "authInternalUsers[0].permissions[0].path: invalid regular expression '(x': '(' without ')' (character 3)",
  ],
  [
    `rtspAuthMethods: [digest]\nauthInternalUsers: [{user: a, pass: "${SHA256}"}]`,
    'authInternalUsers[0]: RTSP digest needs credentials in plain text, not hashed ones',
  ],
  ["paths: {'': {}}", "paths.: invalid path name '': cannot be empty"],
  ['paths: {/a: {}}', "paths./a: invalid path name '/a': can't begin with a slash"],
  ['paths: {a/: {}}', "paths.a/: invalid path name 'a/': can't end with a slash"],
  [
    'paths: {a/../b: {}}',
    "paths.a/../b: invalid path name 'a/../b': can't contain '.' or '..' as a segment",
  ],
  [
    'paths: {"a b": {}}',
    "paths.a b: invalid path name 'a b': can contain only letters A to Z, digits, underscore, minus, slash and dot",
  ],
  ['paths: {"~(": {}}', "paths.~(: invalid regular expression '(': '(' without ')' (character 2)"],
  ['paths: {all: {}, all_others: {}}', "paths.all_others: all_others, all and '~^.*$' are aliases"],
  ["paths: {all_others: {}, '~^.*$': {}}", "paths.~^.*$: all_others, all and '~^.*$' are aliases"],
  [
    path('sourceOnDemand: yes'),
    "paths.cam.sourceOnDemand: 'sourceOnDemand' is useless when source is 'publisher'",
  ],
  [
    "paths: {'~^x': {source: 'rtsp://h/x'}}",
    "paths.~^x.source: a path with a regular expression (or 'all_others') and a static source must have 'sourceOnDemand' set to true",
  ],
  [
    "paths: {'~^x': {runOnInit: run}}",
    "paths.~^x.runOnInit: a path with a regular expression does not support 'runOnInit'",
  ],
  [
    'paths: {all: {alwaysAvailable: yes, alwaysAvailableFile: core/assets/demo.mp4}}',
    "paths.all.alwaysAvailable: a path with a regular expression does not support 'alwaysAvailable'",
  ],
  [
    path('source: rtsp://h/x', 'runOnDemand: run'),
    "paths.cam.runOnDemand: 'runOnDemand' can be used only when source is 'publisher'",
  ],
  [
    path('source: rtsp://h/x', 'runOnUnDemand: run'),
    "paths.cam.runOnUnDemand: 'runOnUnDemand' can be used only when source is 'publisher'",
  ],
  [
    path('sourceRedirect: rtsp://h/x'),
    "paths.cam.sourceRedirect: 'sourceRedirect' is useless when source is not 'redirect'",
  ],
  [
    path('source: redirect'),
    "paths.cam.sourceRedirect: source 'redirect' needs a 'sourceRedirect'",
  ],
  [
    path('source: redirect', 'sourceRedirect: http://h/x'),
    "paths.cam.sourceRedirect: 'http://h/x' is neither /path nor an RTSP URL",
  ],
  [path('source: nonsense'), "paths.cam.source: invalid source: 'nonsense'"],
  [path('source: gopher://h/x'), "paths.cam.source: invalid source: 'gopher://h/x'"],
  [path('source: "rtsp://"'), "paths.cam.source: invalid source: 'rtsp://' is not a valid URL"],
  [path('source: "file:"'), "paths.cam.source: invalid source: 'file:'"],
  [
    path('source: rtsp://user@h/x'),
    'paths.cam.source: username and password must be both provided',
  ],
  [
    path('source: rtsp://:pass@h/x'),
    'paths.cam.source: username and password must be both provided',
  ],
  [
    path('source: srt://h:1?passphrase=short'),
    'paths.cam.source: passphrase must be between 10 and 79 characters',
  ],
  [
    path('source: udp+rtp://0.0.0.0:5000'),
    "paths.cam.rtpSDP: 'rtpSDP' must be set when source is 'udp+rtp'",
  ],
  [
    path('srtReadPassphrase: short'),
    'paths.cam.srtReadPassphrase: must be between 10 and 79 characters',
  ],
  [
    path(`srtPublishPassphrase: ${'x'.repeat(80)}`),
    'paths.cam.srtPublishPassphrase: must be between 10 and 79 characters',
  ],
  [
    path('rtspUDPSourcePortRange: [5, 5]'),
    'paths.cam.rtspUDPSourcePortRange: [5, 5] is no range of ports',
  ],
  [path('recordPath: ./%s-%f'), "paths.cam.recordPath: 'recordPath' must contain %path"],
  [
    path('recordPath: ./%path/%Y'),
    "paths.cam.recordPath: 'recordPath' must contain either %s or %Y %m %d %H %M %S",
  ],
  [
    `playback: yes\n${path('recordPath: ./%path/%s')}`,
    "paths.cam.recordPath: 'recordPath' must contain %f",
  ],
  [
    path('recordSegmentDuration: 25h', 'recordDeleteAfter: 0s'),
    'paths.cam.recordSegmentDuration: maximum segment duration is 1 day, not 1d1h',
  ],
  [
    path('recordSegmentDuration: 1h', 'recordDeleteAfter: 30m'),
    "paths.cam.recordDeleteAfter: 'recordDeleteAfter' cannot be lower than 'recordSegmentDuration'",
  ],
  ['pathDefaults: {recordPath: x%s}', "pathDefaults.recordPath: 'recordPath' must contain %path"],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: H264}]',
      'source: rtsp://h/x',
      'sourceOnDemand: yes',
    ),
    "paths.cam.alwaysAvailable: 'alwaysAvailable' cannot be used together with 'sourceOnDemand'",
  ],
  [
    path('alwaysAvailable: yes', 'alwaysAvailableTracks: [{codec: H264}]', 'runOnDemand: x'),
    "paths.cam.alwaysAvailable: 'alwaysAvailable' cannot be used together with 'runOnDemand'",
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: H264}]',
      'useAbsoluteTimestamp: yes',
    ),
    "paths.cam.alwaysAvailable: 'alwaysAvailable' cannot be used together with 'useAbsoluteTimestamp'",
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: H264}]',
      'alwaysAvailableFile: a.mp4',
    ),
    "paths.cam.alwaysAvailableFile: 'alwaysAvailableFile' and 'alwaysAvailableTracks' cannot be used together",
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: G711, sampleRate: 4000, channelCount: 1}]',
    ),
    'paths.cam.alwaysAvailableTracks[0].sampleRate: G711 needs a sampleRate of at least 8000, not 4000',
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: MPEG4Audio, sampleRate: 8000, channelCount: 2}]',
    ),
    'paths.cam.alwaysAvailableTracks[0].sampleRate: MPEG4Audio needs a sampleRate of at least 22050, not 8000',
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: MPEG4Audio, sampleRate: 48000, channelCount: 7}]',
    ),
    'paths.cam.alwaysAvailableTracks[0].channelCount: MPEG4Audio can have 6 channels at most, not 7',
  ],
  [
    path(
      'alwaysAvailable: yes',
      'alwaysAvailableTracks: [{codec: LPCM, sampleRate: 400000, channelCount: 1}]',
    ),
    'paths.cam.alwaysAvailableTracks[0].sampleRate: must be at most 192000, not 400000',
  ],
  [
    path(
      'source: redirect',
      'sourceRedirect: /other',
      'alwaysAvailable: yes',
      'alwaysAvailableFile: core/assets/demo.mp4',
    ),
    "paths.cam.alwaysAvailable: 'alwaysAvailable' cannot be used when source is 'redirect'",
  ],
  [
    path('forward: [{dest: gopher://h/x}]'),
    "paths.cam.forward[0].dest: unsupported scheme 'gopher'",
  ],
  [
    path('forward: [{dest: rtsp://u@h/x}]'),
    'paths.cam.forward[0].dest: username and password must be both provided',
  ],
  [
    'paths: {a: {source: rpiCamera}, b: {source: rpiCamera}}',
    "paths.b.source: 'rpiCamera' with same camera ID 0 is used as source in two paths, 'a' and 'b'",
  ],
  [
    path(
      'source: rpiCamera',
      'rpiCameraCodec: mjpeg',
      'rpiCameraWidth: 1001',
      'rpiCameraHeight: 480',
    ),
    "paths.cam.rpiCameraWidth: 'rpiCameraWidth' must be a multiple of 8 with MJPEG",
  ],
  [
    path(
      'source: rpiCamera',
      'rpiCameraCodec: mjpeg',
      'rpiCameraWidth: 2048',
      'rpiCameraHeight: 480',
    ),
    "paths.cam.rpiCameraWidth: 'rpiCameraWidth' must be less than 2048 with MJPEG",
  ],
];

const accepted: string[] = [
  path("source: 'rtsp://admin:p@ss#w?rd:x@10.0.0.1:554/x'"),
  'udpMaxPayloadSize: 1472',
  'writeQueueSize: 1024',
  'rtspTransports: [tcp]\nrtpAddress: ""',
  'rtpAddress: 127.0.0.1:0\nrtcpAddress: 127.0.0.1:0',
  'webrtc: no\nwebrtcAddress: ""\nwebrtcLocalUDPAddress: ""\nwebrtcLocalTCPAddress: ""',
  'webrtcLocalUDPAddress: ""\nwebrtcLocalTCPAddress: ""\nwebrtcICEServers2: [{url: "turns:h.example:443?transport=tcp"}]',
  'webrtcIPsFromInterfaces: no\nwebrtcAdditionalHosts: [203.0.113.7]',
  'api: no\napiAddress: ""',
  `authInternalUsers: [{user: a, pass: "${SHA256}"}, {user: b, pass: "${ARGON2}"}, {user: c, pass: "!$()*+.;<=>[]^_-{}@#&"}, {user: any}]`,
  'rtspAuthMethods: [basic, digest]',
  path('recordDeleteAfter: 0s'),
  path('source: rtsp://user:pass@10.0.0.1:554/Streaming?x=1', 'sourceOnDemand: yes'),
  path('source: "rtsp://user:p@ss@10.0.0.1/x"'),
  path('source: rtsps+ws://h/x'),
  path('source: file:./demo.mp4'),
  path('source: file:///srv/demo.mp4'),
  path('source: redirect', 'sourceRedirect: /other'),
  "paths: {'~^cam_(\\d+)$': {source: 'rtsp://10.0.0.$G1:8$G1/x?$MTX_QUERY', sourceOnDemand: yes}}",
  "paths: {'~^x': {source: redirect, sourceRedirect: 'rtsp://h/x'}}",
  'paths: {a: {source: rpiCamera}, b: {source: rpiCamera, rpiCameraSecondary: yes, rpiCameraWidth: 640, rpiCameraHeight: 480}}',
  path('forward: [{dest: "rtmps://u:p@h/x/$MTX_PATH#key"}, {dest: "whip://h:8889/x/whip"}]'),
];

describe('validation', () => {
  for (const [text, error] of refused) {
    it(`refuses ${JSON.stringify(text).slice(0, 90)}`, () =>
      assert.deepEqual(errorsOf(text), [error]));
  }

  for (const text of accepted) {
    it(`accepts ${JSON.stringify(text).slice(0, 90)}`, () => assert.deepEqual(errorsOf(text), []));
  }

  it('blames pathDefaults once for a fault that many paths inherit', () => {
    const text =
      'pathDefaults:\n  recordSegmentDuration: 2d\n  recordDeleteAfter: 3d\npaths: {a: {}, b: {}, c: {}}';
    const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
    assert.deepEqual(
      issues.map(({ place, message }) => `${place.text} ${message}`),
      ['m.yml:2:3 maximum segment duration is 1 day, not 2d'],
    );
  });

  it('reports several broken rules at once, each at its line', () => {
    const text = 'readTimeout: 0s\nwriteQueueSize: 3\npaths:\n  a:\n    sourceOnDemand: yes\n';
    const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
    assert.deepEqual(
      issues.map(({ place }) => [place.line, place.column]),
      [
        [1, 1],
        [2, 1],
        [5, 5],
      ],
    );
  });
});
