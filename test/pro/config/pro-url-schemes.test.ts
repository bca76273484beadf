// Tuya cameras and Kinesis channels and streams in mediamtx.yml: what is accepted, and what an error says.
import assert from 'node:assert/strict';
import { readPathBody } from '../../../core/api/config-body.ts';
import { definePath } from '../../../core/config/define-path.ts';
import { checkConfig, loadConfig } from '../../../core/config/load-config.ts';
import { ProKeys } from '../../../pro/config/pro-keys.ts';

const { registry } = new ProKeys();

describe('URLs of Pro in mediamtx.yml', () => {
  const sources = [
    'tuya://main/6c9a943f2ea6929675ymcq',
    'tuya://main/6c9a943f2ea6929675ymcq?stream=sub',
    'kvs://ap-northeast-1/webrtc-kvs-agent-channel',
    'kvs://us-gov-west-1/c?clientId=viewer-1&endpoint=https://vpce-1.example.com',
  ];
  for (const source of sources) {
    it(`lets ${source} be a source`, () => {
      const text = `paths: {a: {source: "${source}"}}`;
      assert.equal(loadConfig({ text, env: {}, registry }).paths.get('a')?.source, source);
    });
  }

  const broken = [
    ['source: "tuya://main"', 'is not tuya://<account>/<device>'],
    ['source: "tuya://main/a/b"', 'is not tuya://<account>/<device>'],
    ['source: "tuya://main/a?stream=hd"', "parameter 'stream' can't be 'hd'"],
    ['source: "tuya://main/a?secret=x"', "unknown parameter 'secret'; known are stream, node"],
    ['source: "kvs://tokyo/c"', 'is not kvs://<region>/<channel>'],
    ['source: "kvs://eu-west-1/c?clientId=AWS_x"', "parameter 'clientId' can't be"],
    ['source: "kvs://eu-west-1/c?endpoint=ftp://h"', "parameter 'endpoint' can't be"],
    [
      'source: "kvs://eu-west-1/c?endpoint=https://u:canary@h"',
      "parameter 'endpoint' can't be 'https://***@h'",
    ],
    ['source: "kvs://eu-west-1/c?toString=1"', "unknown parameter 'toString'"],
    ['forward: [{dest: "kvs://eu-west-1/s?audio=mp3"}]', "parameter 'audio' can't be 'mp3'"],
    ['forward: [{type: kvs}]', 'paths.a.forward[0].stream'],
    ['forward: [{type: kvs, stream: "a b"}]', 'is not the name of a Kinesis video stream'],
    [
      'forward: [{type: kvs, stream: s, endpoint: "https://u:canary@h"}]',
      'must not hold a user or password, they would not be sent: use',
    ],
    ['forward: [{type: kvs, stream: s, region: x}]', 'paths.a.forward[0].region'],
    ['forward: [{type: kvs, stream: s, timecode: absolute}]', 'paths.a.forward[0].timecode'],
    ['forward: [{type: kvs, stream: s, dest: x}]', 'dest'],
    ['forward: [{type: s3, stream: s}]', `unknown type "s3"; known are 'kvs'`],
    ['forward: [{type: [kvs]}]', 'unknown type ["kvs"]'],
  ] as const;
  for (const [keys, expected] of broken) {
    it(`refuses ${keys}`, () => {
      const { issues } = checkConfig({ text: `paths:\n  a:\n    ${keys}`, env: {}, registry });
      const texts = issues.map(({ key, message }) => `${key}: ${message}`).join('\n');
      assert.equal(texts.includes(expected), true, texts);
      assert.equal(texts.includes('canary'), false, texts);
      assert.equal(issues[0]?.place.line, 3);
    });
  }

  it('turns a target with a type into its URL', () => {
    const text = `paths:
  a:
    forward:
      - { type: kvs, stream: s }
      - { dest: "rtsp://h/x" }
      - { type: kvs, region: us-west-2, stream: t, retentionHours: 0, timecode: RELATIVE, audio: none, endpoint: "https://h" }`;
    const { forward = [] } = loadConfig({ text, env: {}, registry }).paths.get('a') ?? {};
    assert.deepEqual(
      forward.map(({ dest }) => dest),
      [
        'kvs://ap-northeast-1/s?retentionHours=24&timecode=ABSOLUTE&audio=aac',
        'rtsp://h/x',
        'kvs://us-west-2/t?retentionHours=0&timecode=RELATIVE&audio=none&endpoint=https%3A%2F%2Fh',
      ],
    );
  });

  it('counts for pathDefaults, and for paths that are defined while the server runs', () => {
    const text = 'pathDefaults: {forward: [{type: kvs, stream: "s-$MTX_PATH"}]}';
    const config = loadConfig({ text, env: {}, registry });
    assert.match(config.pathDefaults.forward[0]?.dest ?? '', /\/s-\$MTX_PATH\?/u);
    const { config: path } = definePath(
      config,
      { name: 'b', values: { forward: [{ type: 'kvs', stream: 's' }] } },
      registry,
    );
    assert.match(path.forward[0]?.dest ?? '', /^kvs:\/\/ap-northeast-1\/s\?/u);
    assert.throws(
      () => definePath(config, { name: 'b', values: { forward: [{ type: 'kvs' }] } }, registry),
      {
        kind: 'invalid-argument',
      },
    );
  });

  it('counts for bodies of the Control API', () => {
    const forward = [{ type: 'kvs', stream: 's', region: 'us-west-2' }, { dest: 'rtsp://h/x' }];
    const { section } = readPathBody({ name: 'a', forward }, 'a', registry);
    assert.deepEqual(structuredClone(section), {
      forward: [
        { dest: 'kvs://us-west-2/s?retentionHours=24&timecode=ABSOLUTE&audio=aac' },
        { dest: 'rtsp://h/x' },
      ],
    });
    assert.throws(() => readPathBody({ forward: [{ type: 'kvs' }] }, 'a', registry), {
      ...{ kind: 'invalid-argument', message: /forward\[0\]\.stream/u },
    });
  });

  it('is unknown to a core alone', () => {
    const { issues } = checkConfig({ text: 'paths: {a: {source: "kvs://eu-west-1/c"}}', env: {} });
    assert.match(issues[0]?.message ?? '', /invalid source/u);
  });
});
