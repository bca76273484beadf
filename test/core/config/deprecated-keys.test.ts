// Keys of older versions: where they go, what is said, and what is refused.
import assert from 'node:assert/strict';
import { PermissionSet } from '../../../core/auth/permission-set.ts';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import type { Config } from '../../../core/config/config.ts';

function load(text: string): Config {
  return loadConfig({ text, filePath: 'm.yml', env: {} });
}

function errorOf(text: string): string | undefined {
  const [issue] = checkConfig({ text, filePath: 'm.yml', env: {} }).issues;
  return issue && `${issue.place.text}: ${issue.key}: ${issue.message}`;
}

describe('deprecated global keys', () => {
  const moved: [text: string, key: keyof Config['global'], value: unknown][] = [
    ['readBufferCount: 256', 'writeQueueSize', 256],
    ['webrtcAllowOrigin: https://a', 'webrtcAllowOrigins', ['https://a']],
    ['rtspDisable: yes', 'rtsp', false],
    ['webrtcDisable: no', 'webrtc', true],
    ['protocols: [tcp]', 'rtspTransports', ['tcp']],
    ['encryption: optional', 'rtspEncryption', 'optional'],
    ['serverKey: k', 'rtspServerKey', 'k'],
    ['authMethods: [basic, digest]', 'rtspAuthMethods', ['basic', 'digest']],
    ['rtspUDPReadBufferSize: 100000', 'udpReadBufferSize', 100_000],
    ['webrtcICEUDPMuxAddress: :9000', 'webrtcLocalUDPAddress', { host: '', port: 9000 }],
    ['webrtcICETCPMuxAddress: :9000', 'webrtcLocalTCPAddress', { host: '', port: 9000 }],
    ['webrtcICEHostNAT1To1IPs: [1.2.3.4]', 'webrtcAdditionalHosts', ['1.2.3.4']],
    [
      'webrtcICEServers: ["stun:h:1", "turn:u:p:h:2"]',
      'webrtcICEServers2',
      [
        { url: 'stun:h:1', username: '', password: '', clientOnly: false },
        { url: 'turn:h:2', username: 'u', password: 'p', clientOnly: false },
      ],
    ],
    ['moqHTTPS2Address: :9000', 'moqHTTP2Address', { host: '', port: 9000 }],
  ];
  for (const [text, key, value] of moved) {
    it(`takes ${text} for ${key}`, () => {
      const config = load(text);
      assert.deepEqual(config.global[key], value);
      const codes = config.warnings.map(({ code }) => code);
      assert.deepEqual(codes, ['config-deprecated-key']);
    });
  }

  it('moves recording keys to pathDefaults', () => {
    const config = load('recordPartDuration: 5s\npaths: {a: {}}');
    assert.equal(config.paths.get('a')?.recordPartDuration, 5000);
  });

  it('lets the new key win and says so', () => {
    const config = load('readBufferCount: 256\nwriteQueueSize: 128');
    assert.equal(config.global.writeQueueSize, 128);
    assert.equal(
      config.warnings[0]?.message,
      "m.yml:1:1: readBufferCount: the key is deprecated (ignored, 'writeQueueSize' is set); write 'writeQueueSize'",
    );
  });

  it('points errors at the old key', () => {
    assert.equal(
      errorOf('\nreadBufferCount: 500'),
      "m.yml:2:1: writeQueueSize: 'writeQueueSize' must be a power of two",
    );
  });

  it('turns external authentication into authMethod http, never into an open server', () => {
    const { global } = loadConfig({ text: 'externalAuthenticationURL: http://h/', env: {} });
    assert.equal(global.authMethod, 'http');
    assert.equal(global.authHTTPAddress, 'http://h/');
  });
});

describe('deprecated path keys', () => {
  const moved: [line: string, key: keyof Config['pathDefaults'], value: unknown][] = [
    ['disablePublisherOverride: yes', 'overridePublisher', false],
    ['sourceProtocol: tcp', 'rtspTransport', 'tcp'],
    ['sourceAnyPortEnable: yes', 'rtspAnyPort', true],
    ['rpiCameraJPEGQuality: 10', 'rpiCameraMJPEGQuality', 10],
    ['rpiCameraProfile: high', 'rpiCameraH264Profile', 'high'],
    ['source: udp://0.0.0.0:5000', 'source', 'udp+mpegts://0.0.0.0:5000'],
  ];
  for (const [line, key, value] of moved) {
    it(`takes ${line} for ${key}`, () => {
      const config = load(`paths:\n  a:\n    ${line}\n`);
      assert.deepEqual(config.paths.get('a')?.[key], value);
      assert.equal(config.warnings[0]?.code, 'config-deprecated-key');
    });
  }

  it('tolerates keys without function', () => {
    const { warnings } = load('paths: {a: {fallback: /b}}');
    assert.match(
      warnings[0]?.message ?? '',
      /paths\.a\.fallback: the key has no function any more/u,
    );
  });
});

describe('credentials in paths', () => {
  it('become internal users', () => {
    const text =
      'paths:\n  a: {publishUser: u, publishPass: p, publishIPs: [10.0.0.0/8]}\n  b: {readUser: r, readPass: q}\n';
    const { global, warnings } = load(text);
    const users = global.authInternalUsers.map(({ user, pass, ips, permissions }) =>
      [
        user,
        pass,
        ips.join(),
        permissions.map(({ action, path }) => `${action} ${path}`).join(),
      ].join('|'),
    );
    assert.deepEqual(users, [
      'any||127.0.0.1,::1|api ,metrics ,pprof ',
      'u|p|10.0.0.0/8|publish a',
      'any|||read a,playback a',
      'any|||publish b',
      'r|q||read b,playback b',
    ]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['config-deprecated-key'],
    );
  });

  it('count for the catch-all when it stands alone', () => {
    const [, publisher] = load('paths: {all: {publishUser: u, publishPass: p}}').global
      .authInternalUsers;
    assert.deepEqual(
      [publisher?.user, publisher?.permissions],
      ['u', [{ action: 'publish', path: '' }]],
    );
  });

  it('are refused beside authInternalUsers', () => {
    const text = 'authInternalUsers: []\npaths: {a: {publishUser: u, publishPass: p}}';
    assert.match(errorOf(text) ?? '', /credentials stand both in paths and in authInternalUsers/u);
  });

  it('add up, as in MediaMTX: the user of a catch-all may use exactly named paths too', () => {
    const text =
      'paths: {all_others: {publishUser: u, publishPass: p, readUser: r}, "~^x": {readUser: x}, a: {publishUser: v, publishPass: q, readUser: s}}';
    const { authInternalUsers } = load(text).global;
    const publishers = authInternalUsers.filter(({ permissions }) =>
      permissions.some(({ action }) => action === 'publish'),
    );
    assert.deepEqual(
      publishers.map(({ user, permissions }) => [user, permissions[0]?.path]),
      [
        ['u', ''],
        ['any', '~^x'],
        ['v', 'a'],
      ],
    );
  });

  it('guard their paths where the catch-all needs nobody', () => {
    const text =
      'paths: {a/b-1: {readUser: r, readPass: q}, c: {readIPs: [10.0.0.1]}, d: {}, all: {}}';
    const { authInternalUsers } = load(text).global;
    const mayEverybody = (action: string, path: string): boolean =>
      authInternalUsers.some(
        ({ user, ips, permissions }) =>
          user === 'any' &&
          ips.length === 0 &&
          new PermissionSet(permissions.filter((each) => each.action === action)).permits({
            ...{ action: action === 'read' ? 'read' : 'publish', path },
          }),
      );
    const names = ['a/b-1', 'c', 'd', 'a', 'a/b-12', 'e'];
    assert.deepEqual(
      names.map((name) => mayEverybody('read', name)),
      [false, false, true, true, true, true],
    );
    assert.ok(names.every((name) => mayEverybody('publish', name)));
  });

  it('come from pathDefaults where the path leaves them empty', () => {
    const text = 'pathDefaults: {readUser: r, readPass: q}\npaths: {a: {readUser: , readPass: }}';
    const [, , reader] = load(text).global.authInternalUsers;
    assert.deepEqual([reader?.user, reader?.pass], ['r', 'q']);
  });

  it('are refused where more paths have them than an expression can leave out', () => {
    const names = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
    const paths = names.map((letter) => `${letter.repeat(40)}: {readUser: r}`).join();
    assert.match(
      errorOf(`paths: {all_others: {}, ${paths}}`) ?? '',
      /more paths have a readUser than can be left out/u,
    );
    assert.equal(errorOf(`paths: {${paths}}`), undefined);
    assert.equal(errorOf(`paths: {all: {readUser: s}, ${paths}}`), undefined);
  });

  for (const [paths, open, closed] of [
    ['{all_others: {}, "~^a": {publishUser: u, publishPass: p}}', 'all_others', '~^a'],
    ['{a1: {publishUser: u, publishPass: p}, "~^a": {}}', '~^a', 'a1'],
    ['{"~^b": {publishUser: u, publishPass: p}, "~^a": {}}', '~^a', '~^b'],
  ] as const) {
    it(`are refused where ${open} would open ${closed}`, () => {
      const message = `path '${open}' has no publishUser, so it would open path '${closed}'`;
      const error = errorOf(`paths: ${paths}`) ?? '';
      assert.ok(error.includes(message), error);
    });
  }
});
