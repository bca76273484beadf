// What this version cannot do: one warning per key.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import { notBuiltGlobalKeys } from '../../../core/config/not-built-keys.ts';

function warningsOf(text: string): string[] {
  return loadConfig({ text, filePath: 'm.yml', env: {} }).warnings.map(({ message }) => message);
}

describe('functions that are not built', () => {
  for (const { key, feature, off } of notBuiltGlobalKeys) {
    const value = off === false ? 'yes' : 'x';
    it(`are ignored with a warning: ${key}`, () => {
      const config = loadConfig({ text: `${key}: ${value}`, filePath: 'm.yml', env: {} });
      assert.deepEqual(
        config.warnings.map(({ message }) => message),
        [`m.yml:1:1: ${key}: ${feature} is not available in this version; key ignored`],
      );
      assert.deepEqual({ ...config.global }[key], off);
    });
  }

  it('warn about proxies whose header is not read, and keep the list', () => {
    const text = 'rtspTrustedProxies: [10.0.0.0/8]';
    assert.deepEqual(warningsOf(text), [
      'm.yml:1:1: rtspTrustedProxies: the PROXY protocol of RTSP is not available in this version; key ignored',
    ]);
    const { global } = loadConfig({ text, env: {} });
    assert.deepEqual(global.rtspTrustedProxies, ['10.0.0.0/8']);
    assert.deepEqual(warningsOf('rtspTrustedProxies: []'), []);
  });

  it('warn once for a key that many paths set', () => {
    const secret = 'srtReadPassphrase: twelve letters';
    assert.deepEqual(
      warningsOf(`pathDefaults: {${secret}}\npaths: {a: {${secret}}, b: {srtReadPassphrase: ""}}`),
      [
        'm.yml:1:16: pathDefaults.srtReadPassphrase: SRT is not available in this version; key ignored (here and in 1 other places)',
      ],
    );
  });

  it('say nothing about keys that turn nothing on', () => {
    assert.deepEqual(
      warningsOf(
        'rtmp: no\nrtmpAddress: :1\nhlsVariant: fmp4\nhls: no\nrunOnConnect:\npathDefaults: {record: no, forward: []}',
      ),
      [],
    );
  });

  it('do not swallow the log: stdout stands in for syslog', () => {
    const load = (list: string): readonly unknown[] => {
      const { global, warnings } = loadConfig({ text: `logDestinations: ${list}`, env: {} });
      return [global.logDestinations, warnings.map(({ message }) => message)];
    };
    const said =
      "configuration:1:1: logDestinations: 'syslog' is not available in this version; 'stdout' is used instead";
    assert.deepEqual(load('[syslog]'), [['stdout'], [said]]);
    assert.deepEqual(load('[file, syslog, stdout]'), [['stdout', 'file'], [said]]);
    assert.deepEqual(load('[file]'), [['file'], []]);
  });

  it('name each target that nothing can be sent to', () => {
    const forward = '[{dest: "rtsp://h/a"}, {dest: "rtmp://u:p@h/b"}, {dest: "srt://h:1"}]';
    assert.deepEqual(warningsOf(`paths:\n  a:\n    forward: ${forward}`), [
      "m.yml:3:38: paths.a.forward[1].dest: forward to 'rtmp:' is not available in this version; nothing is sent there",
      "m.yml:3:64: paths.a.forward[2].dest: forward to 'srt:' is not available in this version; nothing is sent there",
    ]);
  });

  it('name each path whose source cannot be pulled', () => {
    assert.deepEqual(warningsOf('paths: {a: {source: "srt://h:1"}}'), [
      "m.yml:1:13: paths.a.source: sources of kind 'srt' are not available in this version; the path stays without stream",
    ]);
  });
});
