// The agent's settings: from the environment alone as in a container, or by options.
import assert from 'node:assert/strict';
import {
  parseKvsAgentArguments,
  type KvsAgentSettings,
} from '../../../pro/command/kvs-agent-arguments.ts';

const defaults: KvsAgentSettings = {
  ...{ region: 'ap-northeast-1', channel: 'webrtc-kvs-agent-channel', clientId: '' },
  ...{ stream: 'webrtc-kvs-agent-stream', retentionHours: 24, audio: 'aac', isCreating: true },
  logLevel: 'info',
};

describe('parseKvsAgentArguments()', () => {
  it('has the fixed values of the documented program without any setting', () => {
    assert.deepEqual(parseKvsAgentArguments([], {}), { type: 'run', settings: defaults });
    const empty = { AWS_REGION: '', KVS_CHANNEL: ' ', KVS_AUDIO: '' };
    assert.deepEqual(parseKvsAgentArguments([], empty), { type: 'run', settings: defaults });
  });

  it('takes the environment, and options before it', () => {
    const env = {
      ...{ AWS_REGION: 'us-west-2', KVS_CHANNEL: 'c', KVS_STREAM: 's', KVS_CLIENT_ID: 'v' },
      ...{ KVS_RETENTION_HOURS: '0', KVS_AUDIO: 'none', KVS_CREATE: 'NO', LOG_LEVEL: 'debug' },
    };
    assert.deepEqual(parseKvsAgentArguments(['--stream', 't', '--create=yes'], env), {
      type: 'run',
      settings: {
        ...{ region: 'us-west-2', channel: 'c', stream: 't', clientId: 'v', retentionHours: 0 },
        ...{ audio: 'none', isCreating: true, logLevel: 'debug' },
      },
    });
  });

  it('takes the region of AWS_DEFAULT_REGION when there is no other', () => {
    const command = parseKvsAgentArguments([], { AWS_DEFAULT_REGION: 'eu-west-1' });
    assert.equal(command.type === 'run' && command.settings.region, 'eu-west-1');
  });

  it('shows help', () => {
    assert.deepEqual(parseKvsAgentArguments(['-h'], {}), { type: 'help' });
  });

  const broken: (readonly [readonly string[], Record<string, string>, RegExp])[] = [
    [['--chanel', 'x'], {}, /chanel/u],
    [['x'], {}, /'x'/u],
    [['--channel', 'a b'], {}, /--channel: 'a b' is not understood/u],
    [[], { AWS_REGION: 'tokyo' }, /AWS_REGION: 'tokyo'/u],
    [[], { KVS_CLIENT_ID: 'AWS_x' }, /KVS_CLIENT_ID: 'AWS_x'/u],
    [
      [],
      { KVS_RETENTION_HOURS: '87601' },
      /KVS_RETENTION_HOURS: '87601' is not a number of hours/u,
    ],
    [['--retention-hours', '1.5'], {}, /--retention-hours: '1.5'/u],
    [[], { KVS_AUDIO: 'mp3' }, /KVS_AUDIO: 'mp3' is none of aac, none/u],
    [['--log-level', 'loud'], {}, /--log-level: 'loud' is none of/u],
  ];
  for (const [args, env, message] of broken) {
    it(`refuses ${[...args, ...Object.values(env)].join(' ')}`, () => {
      assert.throws(() => parseKvsAgentArguments(args, env), { code: 'usage', message });
    });
  }
});
