// Environment variables over the file: every shape, both prefixes, typing mistakes.
import assert from 'node:assert/strict';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import type { Config } from '../../../core/config/config.ts';
import type { Environment } from '../../../core/config/environment.ts';

function load(env: Environment, text = ''): Config {
  return loadConfig({ text, filePath: 'm.yml', env });
}

function errorOf(env: Environment, text = ''): string {
  const { issues } = checkConfig({ text, filePath: 'm.yml', env });
  return issues.map((issue) => `${issue.place.text}: ${issue.key}: ${issue.message}`).join('\n');
}

describe('environment variables', () => {
  it('win over the file', () => {
    const { global } = load({ MTX_READTIMEOUT: '3s' }, 'readTimeout: 20s');
    assert.equal(global.readTimeout, 3000);
  });

  it('set booleans, numbers, enums and addresses', () => {
    const { global } = load({
      MTX_RTSP: 'no',
      MTX_WEBRTC: 'TRUE',
      MTX_WRITEQUEUESIZE: '1024',
      MTX_RTSPENCRYPTION: 'optional',
      MTX_WEBRTCADDRESS: '127.0.0.1:0',
      MTX_WEBRTCLOCALTCPADDRESS: '',
    });
    assert.deepEqual([global.rtsp, global.webrtc, global.writeQueueSize], [false, true, 1024]);
    assert.equal(global.rtspEncryption, 'optional');
    assert.deepEqual(global.webrtcAddress, { host: '127.0.0.1', port: 0 });
    assert.equal(global.webrtcLocalTCPAddress, undefined);
  });

  it('set lists separated by commas; empty is the empty list', () => {
    const { global } = load({ MTX_RTSPTRANSPORTS: 'tcp, udp', MTX_WEBRTCALLOWORIGINS: '' });
    assert.deepEqual([global.rtspTransports, global.webrtcAllowOrigins], [['tcp', 'udp'], []]);
  });

  it('set lists of numbers', () => {
    const env = { MTX_PATHDEFAULTS_RTSPUDPSOURCEPORTRANGE: '40000,41000' };
    assert.deepEqual(load(env).pathDefaults.rtspUDPSourcePortRange, [40_000, 41_000]);
  });

  it('set path keys, making the path when the file has none', () => {
    const { paths } = load({ MTX_PATHS_CAM1_SOURCE: 'rtsp://h/x', MTX_PATHS_CAM1_MAXREADERS: '3' });
    assert.deepEqual([paths.get('cam1')?.source, paths.get('cam1')?.maxReaders], ['rtsp://h/x', 3]);
  });

  it('find path names with underscores and capitals that the file has', () => {
    const env = { MTX_PATHS_FRONT_DOOR_MAXREADERS: '3', MTX_PATHS_ALL_OTHERS_MAXREADERS: '4' };
    const { paths } = load(env, 'paths:\n  Front_Door:\n  all_others:\n');
    assert.deepEqual(
      [paths.get('Front_Door')?.maxReaders, paths.get('all_others')?.maxReaders],
      [3, 4],
    );
    assert.equal(paths.size, 2);
  });

  it('set pathDefaults', () => {
    const config = load({ MTX_PATHDEFAULTS_PUBLISHERHOLDTIME: '0s' }, 'paths: {a: {}}');
    assert.equal(config.paths.get('a')?.publisherHoldTime, 0);
  });

  it('set fields of list items, over those of the file and beyond', () => {
    const env = {
      MTX_AUTHINTERNALUSERS_0_PASS: 'secret',
      MTX_AUTHINTERNALUSERS_1_USER: 'bob',
      MTX_AUTHINTERNALUSERS_1_IPS: '10.0.0.0/8,::1',
      MTX_AUTHINTERNALUSERS_1_PERMISSIONS_0_ACTION: 'read',
      MTX_AUTHINTERNALUSERS_1_PERMISSIONS_0_PATH: 'cam1',
      MTX_AUTHINTERNALUSERS_1_PERMISSIONS_1_ACTION: 'publish',
    };
    const [first, second] = load(env, 'authInternalUsers: [{user: ann}]').global.authInternalUsers;
    assert.deepEqual([first?.user, first?.pass], ['ann', 'secret']);
    assert.deepEqual(second?.ips, ['10.0.0.0/8', '::1']);
    assert.deepEqual(second.permissions, [
      { action: 'read', path: 'cam1' },
      { action: 'publish', path: '' },
    ]);
  });

  it('change fields of the default list when the file has none', () => {
    const users = load({ MTX_AUTHINTERNALUSERS_0_USER: 'ann' }).global.authInternalUsers;
    assert.deepEqual(
      users.map(({ user }) => user),
      ['ann', 'any'],
    );
    assert.equal(load({}).global.authInternalUsers[0]?.user, 'any');
  });

  it('count items by number, not by letter', () => {
    const env = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`MTX_WEBRTCICESERVERS2_${n}_URL`, `stun:h${n}`]),
    );
    assert.equal(load(env).global.webrtcICEServers2[11]?.url, 'stun:h11');
  });

  it('work with the legacy prefix, which MTX_ overrules', () => {
    assert.equal(load({ RTSP_LOGLEVEL: 'debug' }).global.logLevel, 'debug');
    assert.equal(load({ RTSP_LOGLEVEL: 'debug', MTX_LOGLEVEL: 'warn' }).global.logLevel, 'warn');
  });

  it('work with deprecated names', () => {
    assert.deepEqual(load({ MTX_PROTOCOLS: 'tcp' }).global.rtspTransports, ['tcp']);
  });

  it('warn about names that are no key, but not about variables of hooks', () => {
    const env = {
      MTX_REDTIMEOUT: '1s',
      MTX_PATH: 'x',
      MTX_CONN_ID: 'y',
      RTSP_PORT: '8554',
      HOME: '/',
    };
    assert.deepEqual(
      load(env).warnings.map(({ message }) => message),
      [
        'MTX_REDTIMEOUT: there is no such key; the variable is ignored; did you mean MTX_READTIMEOUT?',
      ],
    );
  });

  const faults: [env: Environment, error: string][] = [
    [
      { MTX_READTIMEOUT: '0s' },
      "environment variable MTX_READTIMEOUT: readTimeout: 'readTimeout' must be greater than zero",
    ],
    [
      { MTX_RTSP: 'perhaps' },
      "environment variable MTX_RTSP: rtsp: must be yes or no, not 'perhaps'",
    ],
    [
      { MTX_WRITEQUEUESIZE: 'x' },
      "environment variable MTX_WRITEQUEUESIZE: writeQueueSize: must be a whole number, not 'x'",
    ],
    [
      { MTX_WEBRTCICESERVERS2_5_URL: 'x' },
      "environment variable MTX_WEBRTCICESERVERS2_5_URL: webrtcICEServers2: '_5' in the name is no index of the list (next free or existing)",
    ],
    [
      { MTX_WEBRTCICESERVERS2_0_NAME: 'x' },
      "environment variable MTX_WEBRTCICESERVERS2_0_NAME: webrtcICEServers2: '_NAME' in the name is no field",
    ],
    [
      { MTX_LOGLEVEL_0: 'x' },
      "environment variable MTX_LOGLEVEL_0: logLevel: '_0' in the name is no field",
    ],
    [
      { MTX_PATHS_A_SOURCE: 'nonsense' },
      "environment variable MTX_PATHS_A_SOURCE: paths.a.source: invalid source: 'nonsense'",
    ],
  ];
  for (const [env, error] of faults) {
    it(`say what is wrong with ${JSON.stringify(env)}`, () =>
      assert.equal(errorOf(env).split('\n')[0], error));
  }

  it('have no effect on Object.prototype', () => {
    load({ MTX___PROTO___X: 'y', MTX_PATHS___PROTO___SOURCE: 'publisher' });
    assert.equal(Object.hasOwn(Object.prototype, 'source'), false);
  });
});
