// Secrets: hidden for display, restored when the redacted form is written back, never moved.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import { redactConfig } from '../../../core/config/redact-config.ts';
import { restoreSecrets } from '../../../core/config/restore-secrets.ts';
import { stringify } from 'yaml';
import { encodeConfig } from '../../../core/config/encode-config.ts';
import type { PathSegment } from '../../../core/config/config-issue.ts';
import type { YmlValue } from '../../../core/config/encode-config.ts';

const config = loadConfig({
  text: `
hlsCDNSecret: topsecret1
authInternalUsers:
  - {user: ann, pass: topsecret2, permissions: [{action: read}]}
  - {user: bob, pass: topsecret3}
  - {user: any}
webrtcICEServers2: [{url: 'turn:h:1', username: u, password: topsecret4}]
pathDefaults: {whepBearerToken: topsecret5}
paths:
  cam: {source: 'rtsp://u:topsecret6@h/x', srtReadPassphrase: topsecret7}
  out: {forward: [{dest: 'rtsp://u:topsecret8@h/x', whipBearerToken: topsecret9}]}
`,
  env: {},
});

function restore(path: PathSegment[], value: YmlValue): YmlValue | undefined {
  return restoreSecrets(config, { path, value }).value;
}

describe('redactConfig()', () => {
  it('shows no secret anywhere', () => {
    const shown = JSON.stringify(redactConfig(config));
    assert.doesNotMatch(shown, /topsecret/u);
    assert.match(shown, /"source":"rtsp:\/\/\*\*\*@h\/x"/u);
    assert.match(shown, /"user":"ann","pass":"\*\*\*"/u);
  });

  it('shows whether a secret is set', () => {
    const shown = JSON.stringify(redactConfig(config).global['authInternalUsers']);
    assert.match(shown, /"user":"any","pass":""/u);
  });

  it('writes values as the file has them', () => {
    const { global, pathDefaults } = redactConfig(config);
    assert.deepEqual(
      [global['readTimeout'], global['rtspAddress'], global['hlsSegmentMaxSize']],
      ['10s', ':8554', '50M'],
    );
    assert.equal(pathDefaults['recordSegmentDuration'], '1h');
  });
});

describe('encodeConfig()', () => {
  it('writes what loads to the same values', () => {
    const { global, pathDefaults, paths } = encodeConfig(config);
    const again = loadConfig({
      text: stringify({ ...global, pathDefaults, paths }, { compat: 'yaml-1.1' }),
      env: {},
    });
    assert.deepEqual(again.global, config.global);
    assert.deepEqual([...again.paths], [...config.paths]);
  });
});

describe('restoreSecrets()', () => {
  it('leaves values without mark as they are', () => {
    assert.equal(restore(['hlsCDNSecret'], 'new'), 'new');
    assert.equal(restore(['paths', 'new', 'source'], 'rtsp://a:b@h/x'), 'rtsp://a:b@h/x');
  });

  it('restores single values, also inherited ones', () => {
    assert.equal(restore(['hlsCDNSecret'], '***'), 'topsecret1');
    assert.equal(restore(['paths', 'cam', 'source'], 'rtsp://***@h/x'), 'rtsp://u:topsecret6@h/x');
    assert.equal(restore(['paths', 'cam', 'whepBearerToken'], '***'), 'topsecret5');
  });

  it('restores whole sections as a form sends them', () => {
    const form = redactConfig(config).paths['cam'];
    assert.deepEqual(restore(['paths', 'cam'], form ?? null), encodeConfig(config).paths['cam']);
  });

  it('finds list items again by name, in another order and with other fields changed', () => {
    const users = restore(
      ['authInternalUsers'],
      [
        { user: 'bob', pass: '***', ips: ['10.0.0.0/8'] },
        { user: 'eve', pass: 'new' },
        { user: 'ann', pass: '***', permissions: [{ action: 'publish' }] },
      ],
    );
    assert.deepEqual(users, [
      { user: 'bob', pass: 'topsecret3', ips: ['10.0.0.0/8'] },
      { user: 'eve', pass: 'new' },
      { user: 'ann', pass: 'topsecret2', permissions: [{ action: 'publish' }] },
    ]);
  });

  const refused: [what: string, path: PathSegment[], value: YmlValue][] = [
    ['another user', ['authInternalUsers'], [{ user: 'eve', pass: '***' }]],
    ['another server', ['webrtcICEServers2'], [{ url: 'turn:evil:1', password: '***' }]],
    ['another camera', ['paths', 'cam', 'source'], 'rtsp://***@evil/x'],
    [
      'another target',
      ['paths', 'out', 'forward'],
      [{ dest: 'rtsp://***@evil/x', whipBearerToken: '***' }],
    ],
    ['a new path', ['paths', 'new'], { source: 'rtsp://***@h/x' }],
  ];
  for (const [what, path, value] of refused) {
    it(`gives no secret to ${what}`, () =>
      assert.throws(() => restore(path, value), {
        kind: 'failed-precondition',
        code: 'config-redacted-secret',
      }));
  }
});
