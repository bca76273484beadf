// Loading as a whole: defaults, inheritance, error texts with their place, files.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile } from '../../../core/config/config-file.ts';
import { IpSet } from '../../../core/base/ip-address.ts';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import type { Config } from '../../../core/config/config.ts';

function load(text: string): Config {
  return loadConfig({ text, filePath: 'm.yml', env: {} });
}

function errorsOf(text: string): string[] {
  const { issues } = checkConfig({ text, filePath: 'm.yml', env: {} });
  return issues.map((issue) => `${issue.place.text}: ${issue.key}: ${issue.message}`);
}

describe('loadConfig()', () => {
  it('has defaults and no paths without a file', () => {
    const { global, paths, warnings, filePath } = loadConfig({ env: {} });
    assert.equal(global.readTimeout, 10_000);
    assert.equal(global.udpReadBufferSize, 4 * 1024 * 1024);
    assert.deepEqual(global.rtspAddress, { host: '', port: 8554 });
    assert.deepEqual(global.webrtcLocalTCPAddress, { host: '', port: 8189 });
    assert.deepEqual(global.rtspAuthMethods, ['basic']);
    assert.deepEqual([paths.size, warnings.length, filePath], [0, 0, undefined]);
  });

  it('lets nobody but local networks in by default', () => {
    const [user, admin] = loadConfig({ env: {} }).global.authInternalUsers;
    const isUser = (ip: string): boolean => new IpSet(user?.ips ?? [], '').contains(ip);
    const isAdmin = (ip: string): boolean => new IpSet(admin?.ips ?? [], '').contains(ip);
    for (const ip of [
      '127.0.0.1',
      '::1',
      '10.1.1.1',
      '172.31.0.1',
      '192.168.1.1',
      'fe80::1',
      'fd00::1',
    ]) {
      assert.equal(isUser(ip), true, ip);
    }
    for (const ip of ['8.8.8.8', '172.32.0.1', '2001:db8::1', '100.64.0.1']) {
      assert.equal(isUser(ip), false, ip);
    }
    assert.deepEqual([isAdmin('127.0.0.1'), isAdmin('192.168.1.1')], [true, false]);
    assert.deepEqual(
      admin?.permissions.map(({ action }) => action),
      ['api', 'metrics', 'pprof'],
    );
  });

  it('is frozen all the way down', () => {
    const config = load('paths: {a: {rtspUDPSourcePortRange: [40000, 41000]}}');
    const path = config.paths.get('a');
    const [user] = config.global.authInternalUsers;
    for (const part of [
      config,
      config.global,
      path,
      path?.rtspUDPSourcePortRange,
      user,
      user?.permissions[0],
    ]) {
      assert.equal(Object.isFrozen(part), true);
    }
  });

  it('takes a path value from the path, else pathDefaults, else the built-in default', () => {
    const { paths } = load(
      'pathDefaults: {maxReaders: 5, publisherHoldTime: 1m}\npaths:\n  a:\n    maxReaders: 7\n  b:\n',
    );
    assert.deepEqual([paths.get('a')?.maxReaders, paths.get('b')?.maxReaders], [7, 5]);
    assert.deepEqual(
      [paths.get('a')?.publisherHoldTime, paths.get('b')?.overridePublisher],
      [60_000, true],
    );
    assert.equal(paths.get('b')?.webrtcAudioTranscode, true);
  });

  it('takes null for "not set", also for sections', () => {
    const { global, paths } = load('logLevel:\npathDefaults:\npaths:\n  a:\n    source:\n');
    assert.deepEqual([global.logLevel, paths.get('a')?.source], ['info', 'publisher']);
  });

  it('reads durations, sizes, booleans and encryption in their forms', () => {
    const { global } = load(
      'readTimeout: 1m30s\nhlsSegmentMaxSize: 1.5M\nrtspTrustedProxies: [10.0.0.0/8]\nrtspEncryption: off\nwebrtcEncryption: on\nwebrtcLocalUDPAddress: ""\n',
    );
    assert.deepEqual([global.readTimeout, global.hlsSegmentMaxSize], [90_000, 1_572_864]);
    assert.deepEqual([global.rtspEncryption, global.webrtcEncryption], ['no', true]);
    assert.equal(global.webrtcLocalUDPAddress, undefined);
    assert.deepEqual(global.rtspTrustedProxies, ['10.0.0.0/8']);
    assert.equal(load('rtspEncryption: yes').global.rtspEncryption, 'strict');
    assert.equal(load('rtspEncryption: optional').global.rtspEncryption, 'optional');
  });

  const faults: [text: string, error: string][] = [
    [
      'readTimeot: 10s',
      'm.yml:1:1: readTimeot: unknown field "readTimeot"; did you mean "readTimeout"?',
    ],
    [
      'authInternalUsers:\n  - users: x',
      'm.yml:2:5: authInternalUsers[0].users: unknown field "authInternalUsers[0].users"; did you mean "user"?',
    ],
    [
      'paths:\n  a:\n    sorce: x',
      'm.yml:3:5: paths.a.sorce: unknown field "paths.a.sorce"; did you mean "source"?',
    ],
    [
      'paths:\n  a:\n    readTimeout: 1s',
      'm.yml:3:5: paths.a.readTimeout: unknown field "paths.a.readTimeout"; it is a global key',
    ],
    [
      'source: x',
      'm.yml:1:1: source: unknown field "source"; it belongs into pathDefaults or below a name in paths',
    ],
    ['zzz: 1', 'm.yml:1:1: zzz: unknown field "zzz"'],
    [
      'readTimeout: 10',
      "m.yml:1:1: readTimeout: must be a duration with its unit, such as 10s, not '10'",
    ],
    [
      'readTimeout: 10x',
      "m.yml:1:1: readTimeout: invalid duration '10x': write a number with a unit (ns, us, ms, s, m, h, d), for example 10s or 1h30m",
    ],
    [
      'webrtcHandshakeTimeout: -1s',
      "m.yml:1:1: webrtcHandshakeTimeout: must not be negative, not '-1s'",
    ],
    [
      'webrtcHandshakeTimeout: 30d',
      "m.yml:1:1: webrtcHandshakeTimeout: must not be longer than 24d20h31m23.647s, not '30d'",
    ],
    [
      'logLevel: loud',
      "m.yml:1:1: logLevel: must be one of 'error', 'warn', 'info', 'debug', not 'loud'",
    ],
    ['rtsp: perhaps', "m.yml:1:1: rtsp: must be yes or no, not 'perhaps'"],
    ['writeQueueSize: 1.5', "m.yml:1:1: writeQueueSize: must be a whole number, not '1.5'"],
    ['multicastRTPPort: 70000', "m.yml:1:1: multicastRTPPort: must be at most 65535, not '70000'"],
    ['logDestinations: stdout', "m.yml:1:1: logDestinations: must be a list, not 'stdout'"],
    [
      'logDestinations:',
      'm.yml:1:1: logDestinations: a list cannot be null; write [] for an empty one',
    ],
    [
      'authInternalUsers: [{user: a, ips: }]',
      'm.yml:1:31: authInternalUsers[0].ips: a list cannot be null; write [] for an empty one',
    ],
    [
      'rtspEncryption: maybe',
      "m.yml:1:1: rtspEncryption: must be 'no', 'optional' or 'strict', not 'maybe'",
    ],
    [
      'apiTrustedProxies: [10.0.0.0/99]',
      "m.yml:1:21: apiTrustedProxies[0]: invalid IP or CIDR '10.0.0.0/99'; write for example 192.168.1.7 or 192.168.0.0/16",
    ],
    [
      'rtspAddress: "8554"',
      "m.yml:1:1: rtspAddress: '8554' is not 'host:port', '[ipv6]:port' or ':port'; an empty text turns the listener off",
    ],
    ['paths: [a]', 'm.yml:1:1: paths: must be a map of keys and values'],
    ['api: "yes"', "m.yml:1:1: api: must be yes or no without quotes, not 'yes'"],
    [
      'writeQueueSize: "512"',
      "m.yml:1:1: writeQueueSize: must be a whole number without quotes, not '512'",
    ],
    [
      'apiAddress: 9997',
      "m.yml:1:1: apiAddress: must be an address such as ':8554' or '127.0.0.1:8554', not '9997'",
    ],
    [
      'paths: {a: {recordMaxPartSize: 50}}',
      "m.yml:1:13: paths.a.recordMaxPartSize: must be a size with its unit, such as 50M, not '50'",
    ],
    [
      'paths: {a: {rtspUDPSourcePortRange: [5000]}}',
      'm.yml:1:13: paths.a.rtspUDPSourcePortRange: must have at least 2 values, not a list',
    ],
    [
      'paths: {a: {forward: [{destFingerprint: ab}]}}',
      'm.yml:1:23: paths.a.forward[0].dest: is missing',
    ],
    [
      'paths:\n  a:\n  record: yes',
      "m.yml:3:3: paths.record: must be a map of keys and values; 'record' belongs below the name of its path, indented more",
    ],
    ['paths: {a: 5}', 'm.yml:1:9: paths.a: must be a map of keys and values'],
  ];
  for (const [text, error] of faults) {
    it(`says where and why: ${JSON.stringify(text)}`, () =>
      assert.deepEqual(errorsOf(text), [error]));
  }

  it('collects every error of a file, and throws them as one MediaError', () => {
    const text = 'logLevel: loud\nreadTimeot: 1s\npaths:\n  a: {sorce: x}\n';
    assert.equal(errorsOf(text).length, 3);
    assert.throws(() => load(text), {
      kind: 'invalid-argument',
      code: 'config-invalid-value',
      message:
        /^the configuration has 3 errors:\nm\.yml:1:1: logLevel: .*\nm\.yml:2:1: .*\nm\.yml:4:7: /u,
      context: { key: 'logLevel', line: 1, column: 1, errors: 3 },
    });
  });

  it('never shows a secret in an error', () => {
    const text =
      'hlsCDNSecret: [s3cret]\nauthInternalUsers: [{user: a, pass: 5ecret5}, {user: b, pass: 12345678}, {user: c, pass: "s3cret é"}]\npaths:\n  a: {source: "rtspx://u:s3cret@h/x"}';
    const shown =
      errorsOf(text).join('\n') +
      errorsOf(text.replace('[s3cret]', 'x').replace('12345678', 'y')).join('\n');
    assert.match(shown, /hlsCDNSecret: must be text/u);
    assert.match(shown, /\[2\]\.pass: it contains unsupported characters/u);
    assert.match(shown, /invalid source: 'rtspx:\/\/\*\*\*@h\/x'/u);
    assert.doesNotMatch(shown, /[s5]3?ecret|12345678/u);
  });

  it('has no effect on Object.prototype', () => {
    assert.equal(errorsOf('paths: {__proto__: {source: x}}').length, 1);
    assert.equal(errorsOf('{"__proto__": {"polluted": true}}').length, 1);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  it('refuses encrypted files by name', () => {
    for (const name of ['MTX_CONFKEY', 'RTSP_CONFKEY']) {
      assert.throws(() => loadConfig({ text: 'xxxx', env: { [name]: 'k' } }), {
        kind: 'unsupported',
        code: 'config-encrypted',
      });
    }
  });
});

describe('loadConfig() from a file', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'config-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('reads the file and keeps its name', () => {
    const filePath = join(folder, 'mediamtx.yml');
    writeFileSync(filePath, 'logLevel: debug\n');
    const config = loadConfig({ filePath, env: {} });
    assert.deepEqual([config.global.logLevel, config.filePath], ['debug', filePath]);
    assert.equal(findConfigFile(folder), filePath);
  });

  it('says not-found for a missing file', () => {
    assert.throws(() => loadConfig({ filePath: join(folder, 'none.yml'), env: {} }), {
      kind: 'not-found',
      code: 'config-unreadable',
    });
  });

  it('refuses a file over 10 MiB without reading it', () => {
    const filePath = join(folder, 'huge.yml');
    writeFileSync(filePath, '');
    truncateSync(filePath, 11 * 1024 * 1024);
    assert.throws(() => loadConfig({ filePath, env: {} }), {
      kind: 'resource-exhausted',
      code: 'config-too-large',
    });
  });
});
