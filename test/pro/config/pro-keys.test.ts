// The Pro keys of mediamtx.yml: typed values, inheritance, rules with their place, the seed's sample.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatIssue } from '../../../core/config/config-issue.ts';
import type { Config } from '../../../core/config/config.ts';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import { redactConfig } from '../../../core/config/redact-config.ts';
import { loadProConfig } from '../../../pro/config/load-pro-config.ts';
import { ProKeys, type ProPathSettings } from '../../../pro/config/pro-keys.ts';
import { recordFolder } from '../../../core/config/record-path.ts';
import { resolveRecordFolder } from '../../../pro/config/record-folder.ts';
import { sharedSettings } from '../../../pro/config/shared-settings.ts';

const proKeys = new ProKeys();
const { registry } = proKeys;

function load(text: string, env: Record<string, string> = {}): Config {
  return loadConfig({ text, filePath: 'm.yml', env, registry });
}

function settingsOf(text: string): ProPathSettings {
  const config = load(`paths: {cam: {${text}}}`);
  return proKeys.path.read(config.paths.get('cam') ?? config.pathDefaults);
}

function errorsOf(text: string): string[] {
  return checkConfig({ text, filePath: 'm.yml', env: {}, registry }).issues.map(formatIssue);
}

function warningsOf(text: string): string[] {
  return load(text).warnings.map(({ message }) => message);
}

describe('ProKeys', () => {
  it('has the documented defaults', () => {
    const { pathDefaults, global } = load('');
    const settings = proKeys.path.read(pathDefaults);
    assert.deepEqual(settings, {
      isRecorded: false,
      recordFolder: './recordings',
      autoRecordMs: 1_800_000,
      recordClearDays: 30,
      isNetworkCapture: false,
      deviceAddress: '',
      deviceProbe: undefined,
      recordMinThreshold: 60,
      colorMetric: undefined,
      colorBox: { red: [130, 240], green: [60, 160], blue: [40, 130] },
      isFlatIgnored: true,
      sourceName: '',
      groupName: '',
      order: 0,
      isListed: true,
      thumbnailWidth: 320,
      cut: undefined,
      brightness: 0,
      contrast: 0,
      saturation: 0,
      sourceUrl: '',
    });
    assert.equal(proKeys.path.read(pathDefaults), settings);
    assert.equal(Object.isFrozen(settings.colorBox.red), true);
    assert.equal(proKeys.global.read(global).isTokenRequired, false);
  });

  it('loads the sample of the documentation', () => {
    const config = load(`
api: yes
apiAddress: :9997
apiAuth: true
appid: "mediamtx-app"
appsecret: "your-secret-key-here"
paths:
  mystream:
    source: rtsp://camera-ip/stream
    record: yes
    recordPath: ./recordings
    autoRecordTaskOutDuration: 1800
    recordClearDaysAgo: 30
    deviceType: network_capture
    recordMinThreshold: 60
    sourceName: "前门摄像头"
    groupName: "一楼"
    order: 1
    showList: true
`);
    const path = proKeys.path.read(config.paths.get('mystream') ?? config.pathDefaults);
    assert.deepEqual(
      [path.isRecorded, path.isNetworkCapture, path.deviceAddress, path.sourceName, path.order],
      [true, true, 'camera-ip', '前门摄像头', 1],
    );
    assert.equal(config.global.api, true);
    assert.deepEqual(
      config.warnings.map(({ message }) => message),
      ['m.yml:6:1: appsecret: is the one of the documentation: anybody can sign a token'],
    );
  });

  it('inherits from pathDefaults, and takes the environment', () => {
    const config = load('pathDefaults: {recordClearDaysAgo: 5}\npaths: {a: {}, b: {order: 2}}', {
      MTX_PATHS_B_AUTORECORDTASKOUTDURATION: '90',
      MTX_APPSECRET: 'x',
    });
    const [a, b] = [...config.paths.values()].map((path) => proKeys.path.read(path));
    assert.deepEqual([a?.recordClearDays, b?.recordClearDays, b?.order], [5, 5, 2]);
    assert.deepEqual([a?.autoRecordMs, b?.autoRecordMs], [1_800_000, 90_000]);
    assert.equal(proKeys.global.read(config.global).appSecret, 'x');
  });

  it('reads a bare number as seconds and text as duration', () => {
    assert.equal(settingsOf('autoRecordTaskOutDuration: 60').autoRecordMs, 60_000);
    assert.equal(settingsOf('autoRecordTaskOutDuration: 30m').autoRecordMs, 1_800_000);
    assert.equal(settingsOf('autoRecordTaskOutDuration: "1.5"').autoRecordMs, 1500);
  });

  it('reads pictures, colours and probes', () => {
    const settings = settingsOf(
      'cut: [1, 2, 3, 4], colorMetric: box, colorBox: {red: [0, 9]}, deviceProbe: tcp, brightness: -100',
    );
    assert.deepEqual(settings.cut, { x: 1, y: 2, width: 3, height: 4 });
    assert.deepEqual(settings.colorBox, { red: [0, 9], green: [60, 160], blue: [40, 130] });
    assert.deepEqual(
      [settings.colorMetric, settings.deviceProbe, settings.brightness],
      ['box', 'tcp', -100],
    );
  });

  for (const [source, host] of [
    ['rtsp://10.0.0.5:554/1', '10.0.0.5'],
    ['rtsp://user:p@ss#w?rd@[fe80::1]:554/1', '[fe80::1]'],
    ['http://Box-1.lan', 'Box-1.lan'],
    ['publisher', ''],
    ['rtsp://u:a b@h x/1', ''],
  ] as const) {
    it(`finds the device of ${source}`, () => {
      const config = load('paths: {cam: {}}');
      const path = { ...(config.paths.get('cam') ?? config.pathDefaults), source };
      assert.equal(proKeys.path.read(path).deviceAddress, host);
    });
  }

  it('prefers the written address of the device', () => {
    const text = 'source: "rtsp://10.0.0.5/1", deviceAddress: "10.0.0.6:8080"';
    assert.equal(settingsOf(text).deviceAddress, '10.0.0.6:8080');
    assert.equal(settingsOf('deviceAddress: "[fe80::1]:80"').deviceAddress, '[fe80::1]:80');
  });

  const refused: readonly (readonly [string, string])[] = [
    ['deviceAddress: "http://10.0.0.5/"', 'must be an address or a host name'],
    ['deviceAddress: "10.0.0.5:0"', 'must be an address or a host name'],
    ['deviceType: network_captur', "must be one of '', 'network_capture', not 'network_captur'"],
    ['colorMetric: colour', "must be one of '', 'color', 'tissue', 'box', not 'colour'"],
    ['autoRecordTaskOutDuration: 0', "must be longer than zero, not '0'"],
    ['autoRecordTaskOutDuration: soon', "invalid duration 'soon'"],
    ['recordClearDaysAgo: -1', "must be at least 0, not '-1'"],
    ['recordMinThreshold: x', "must be a whole number, not 'x'"],
    ['cut: [1, 2, 3]', 'must be [x, y, width, height] in pixels'],
    ['cut: [1, 2, 0, 4]', 'must be [x, y, width, height] in pixels'],
    ['contrast: 101', "must be at most 100, not '101'"],
    ['colorBox: {red: [9, 1]}', 'must be [lowest, highest]'],
    ['colorBox: {rd: [1, 9]}', 'unknown field "paths.cam.colorBox.rd"; did you mean "red"?'],
    ['recordPath: ""', "'recordPath' cannot be empty"],
    ['groupname: x', 'unknown field "paths.cam.groupname"; did you mean "groupName"?'],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text}`, () => {
      const [first = '', ...more] = errorsOf(`paths: {cam: {${text}}}`);
      assert.match(first, /^m\.yml:1:\d+: paths\.cam\./u);
      assert.equal(first.includes(message), true, first);
      assert.deepEqual(more, []);
    });
  }

  it('demands appid and appsecret when tokens are asked for', () => {
    assert.deepEqual(errorsOf('apiAuth: true'), [
      "m.yml:1:1: appid: must be set when 'apiAuth' is on",
      "m.yml:1:1: appsecret: must be set when 'apiAuth' is on: anybody could sign a token",
    ]);
    assert.deepEqual(errorsOf('apiAuth: false\nappid: a'), []);
  });

  it('warns of secrets that can be guessed', () => {
    const warn = (secret: string): string[] =>
      warningsOf(`apiAuth: yes\nappid: a\nappsecret: ${secret}`);
    assert.match(warn('change-me')[0] ?? '', /the one of the documentation/u);
    assert.match(warn('short')[0] ?? '', /^m\.yml:3:1: appsecret: has 5 characters/u);
    assert.deepEqual(warn('x'.repeat(32)), []);
    assert.deepEqual(warningsOf('appsecret: change-me'), []);
  });

  it('says nothing about a pattern: its files are named by it', () => {
    assert.deepEqual(warningsOf('pathDefaults: {recordPath: ./rec/%path/%s}\npaths: {a: {}}'), []);
  });

  it('warns of keys that do nothing', () => {
    assert.deepEqual(warningsOf('paths: {a: {codecServerAddress: x, videoSnapshotEnable: yes}}'), [
      'm.yml:1:36: paths.a.videoSnapshotEnable: has no function here; key ignored',
      'm.yml:1:13: paths.a.codecServerAddress: has no function here; key ignored',
    ]);
  });

  it('shows no secret', () => {
    const config = load(
      'appsecret: canary\ncoreServerKey: canary\nrecordDelWebhook: http://u:canary@h\npaths: {a: {sourceUrl: "rtsp://u:canary@h"}}',
    );
    assert.equal(JSON.stringify(redactConfig(config, registry)).includes('canary'), false);
    assert.equal(errorsOf('appsecret: [canary]').join().includes('canary'), false);
  });
});

describe("the peer's mediamtx.yml with the Pro keys", () => {
  const peers = fileURLToPath(
    new URL('../../../../shared/testdata/mediamtx/mediamtx.yml', import.meta.url),
  );

  if (!existsSync(peers)) {
    it('is read (shared testdata absent)');
    return;
  }

  it('loads without doubtful values', () => {
    const { warnings } = loadConfig({ filePath: peers, env: {}, registry });
    const doubtful = warnings.filter(({ code }) => code === 'config-doubtful-value');
    assert.deepEqual(doubtful, []);
  });
});

describe('recordFolder()', () => {
  for (const [pattern, folder] of [
    ['./recordings', './recordings'],
    ['./recordings/%path/%Y-%m-%d', './recordings'],
    ['/srv/v-%path/%s', '/srv'],
    ['/%path', '/'],
    ['%path/%s', '.'],
    ['rec%path', '.'],
  ] as const) {
    it(`of ${pattern} is ${folder}`, () => assert.equal(recordFolder(pattern), folder));
  }

  it('counts from the folder of mediamtx.yml', () => {
    assert.equal(resolveRecordFolder('./r/%path', '/etc/m/mediamtx.yml'), '/etc/m/r');
    assert.equal(resolveRecordFolder('/srv/r', '/etc/m/mediamtx.yml'), '/srv/r');
  });
});

describe('sharedSettings()', () => {
  it('takes config.yml where it says something, else mediamtx.yml', () => {
    const core = proKeys.global.read(
      load('apiDomain: https://m\nrecordCreateWebhook: http://m\nproxyAllowedDevices: [10.0.0.1]')
        .global,
    );
    const pro = { ...loadProConfig(undefined), apiDomain: 'https://c' };
    assert.deepEqual(sharedSettings(pro, core), {
      apiDomain: 'https://c',
      recordCreateWebhook: 'http://m',
      recordDelWebhook: '',
      proxyAllowedDevices: ['10.0.0.1'],
    });
    const listed = { ...pro, proxyAllowedDevices: ['10.0.0.2'] };
    assert.deepEqual(sharedSettings(listed, core).proxyAllowedDevices, ['10.0.0.2']);
  });
});
