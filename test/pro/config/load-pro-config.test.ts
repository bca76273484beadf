// Tests of config.yml: defaults, typed values, all errors at once with their place, hostile files.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { loadProConfig } from '../../../pro/config/load-pro-config.ts';
import type { ProConfig } from '../../../pro/config/pro-config.ts';

describe('loadProConfig()', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pro-config-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function load(text: string, env: Record<string, string> = {}): Promise<ProConfig> {
    const file = join(folder, 'config.yml');
    await writeFile(file, text);
    return loadProConfig(file, { env });
  }

  async function errorsOf(text: string): Promise<string[]> {
    try {
      await load(text);
    } catch (failure) {
      const lines = toMediaError(failure).message.replaceAll(`${folder}/`, '').split('\n');
      return lines.length === 1 ? lines : lines.slice(1);
    }
    return [];
  }

  it('finds mediamtx.yml beside itself unless told otherwise', async () => {
    assert.equal((await load('')).mediamtxFile, join(folder, 'mediamtx.yml'));
    const named = await load('mediamtx: sub/other.yml\ntokens: {file: ../t.json}');
    assert.equal(named.mediamtxFile, join(folder, 'sub', 'other.yml'));
    assert.equal(named.tokens.filePath, join(folder, '..', 't.json'));
    assert.equal((await load('mediamtx: /etc/mediamtx.yml')).mediamtxFile, '/etc/mediamtx.yml');
  });

  it('has every default without a file', () => {
    const config = loadProConfig(undefined, { folder });
    assert.equal(config.filePath, undefined);
    assert.equal(config.mediamtxFile, join(folder, 'mediamtx.yml'));
    assert.deepEqual(
      [config.websocket.maxClients, config.websocket.pingIntervalMs],
      [1000, 54_000],
    );
    assert.deepEqual([config.health.intervalMs, config.health.failures], [30_000, 3]);
    assert.equal(config.health.reboot, undefined);
    assert.equal(config.licence.isRequired, false);
    assert.deepEqual(config.warnings, []);
  });

  it('reads times and sizes with units, bare numbers as seconds and bytes, yes and no', async () => {
    const config = await load(
      'websocket: {pingInterval: 20, pongTimeout: 1m}\ncleaner: {maxBytes: 2K, minFreeBytes: 7, dryRun: yes}\n' +
        'export: {timeLimit: "90"}\nlicence: {required: no}',
    );
    assert.deepEqual(
      [config.websocket.pingIntervalMs, config.websocket.pongTimeoutMs, config.export.timeLimitMs],
      [20_000, 60_000, 90_000],
    );
    assert.deepEqual(config.cleaner, {
      schedule: '0 * * * *',
      maxBytes: 2048,
      minFreeBytes: 7,
      isDryRun: true,
    });
  });

  it('freezes what it gives', async () => {
    const config = await load('health: {dampening: {changes: 9}}\nsmartly: {clients: []}');
    const parts = [config, config.health, config.health.dampening, config.smartly.clients];
    assert.deepEqual(parts.map(Object.isFrozen), [true, true, true, true]);
    assert.deepEqual(config.health.dampening, { changes: 9, windowMs: 600_000, quietMs: 120_000 });
  });

  it('keeps maps whose keys are free, also entries without settings', async () => {
    const secret = 's'.repeat(32);
    const { smartly, tuya, warnings } = await load(
      `smartly: {clients: [{id: a, secret: ${secret}}], entities: {camera.x: , camera.y: {path: y, allowed: no}}}\n` +
        'tuya: {accounts: {main: {clientId: i, secret: s, uid: u, endpoint: "https://h/"}}, facade: {devices: {d: {path: p}}}}',
    );
    assert.deepEqual(smartly.clients, [{ id: 'a', secret, allowedCidrs: [], entities: ['*'] }]);
    assert.deepEqual(
      [...smartly.entities],
      [
        ['camera.x', { path: '', source: '', isAllowed: true }],
        ['camera.y', { path: 'y', source: '', isAllowed: false }],
      ],
    );
    assert.equal(tuya.accounts.get('main')?.endpoint, 'https://h');
    assert.deepEqual([...tuya.facade.devices], [['d', { path: 'p', subPath: '' }]]);
    assert.deepEqual(warnings, []);
  });

  it('tells all errors at once, each with its place and the nearest key', async () => {
    const text = `mediamxt: a.yml
websocket: {maxClients: 0, pingIntervall: 5s}
health:
  reboot: {url: 'http://{host}/r', user: a, pas: b}
cleaner: {schedule: every day, maxBytes: -1}
smartly: {clients: [{id: a, secet: b}], entities: {e: {pth: x}}}
rvideo: [a]`;
    assert.deepEqual((await errorsOf(text)).sort(), [
      `config.yml:1:1: mediamxt: unknown field "mediamxt"; did you mean "mediamtx"?`,
      `config.yml:2:13: websocket.maxClients: must be at least 1, not '0'`,
      `config.yml:2:28: websocket.pingIntervall: unknown field "websocket.pingIntervall"; did you mean "pingInterval"?`,
      `config.yml:4:45: health.reboot.pas: unknown field "health.reboot.pas"; did you mean "pass"?`,
      `config.yml:5:11: cleaner.schedule: must be a cron expression, for example '0 * * * *' (each hour)`,
      `config.yml:5:32: cleaner.maxBytes: must not be negative, not '-1'`,
      `config.yml:6:21: smartly.clients[0].secret: is missing`,
      `config.yml:6:29: smartly.clients[0].secet: unknown field "smartly.clients[0].secet"; did you mean "secret"?`,
      `config.yml:6:56: smartly.entities.e.pth: unknown field "smartly.entities.e.pth"; did you mean "path"?`,
      'config.yml:7:1: rvideo: must be a map of keys and values',
    ]);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['websocket: {pingInterval: 60s}', 'websocket.pongTimeout: must be longer'],
    ['websocket: {allowedOrigins: [example.com]}', 'websocket.allowedOrigins[0]: must be'],
    ['health: {interval: 0s}', 'health.interval: must be longer than zero'],
    ['health: {interval: 30d}', 'health.interval: must not be longer than 24d'],
    ['health: {interval: [1]}', 'health.interval: must be a number or text'],
    ['health: {interval: soon}', "health.interval: invalid duration 'soon'"],
    ['health: {probe: ping}', "health.probe: must be one of 'rpc', 'tcp', 'http', 'none'"],
    ['health: {reboot: {url: "ftp://x", user: a, pass: b}}', 'health.reboot.url: must be an http'],
    ['health: {reboot: {url: "http://{host}/r"}}', "health.reboot: needs 'user' and 'pass'"],
    ['apiDomain: example.com', 'apiDomain: must be an http:// or https:// URL'],
    ['recordCreateWebhook: "file:///etc/passwd"', 'recordCreateWebhook: must be an http'],
    ['proxyAllowedDevices: ["a b"]', 'proxyAllowedDevices[0]: must be an address'],
    ['mediamtx: ""', 'mediamtx: must be the name of a file'],
    ['cleaner: {maxBytes: 5X}', "cleaner.maxBytes: invalid size '5X'"],
    ['snapshot: {quality: 101}', 'snapshot.quality: must be at most 100'],
    ['turn: {provider: static}', "turn.urls: needed by provider 'static'"],
    ['turn: {provider: static, urls: ["turn:h"]}', "turn.credential: 'username' and"],
    ['turn: {provider: coturn-secret, urls: ["turn:h"]}', 'turn.secret: needed by'],
    ['turn: {urls: ["http://h"]}', 'turn.urls[0]: must be an ICE URL'],
    [
      'rvideo: {url: "https://u:canary@h"}',
      "rvideo.url: must not hold a user or password, they would not be sent: use 'token'",
    ],
    ['rvideo: {url: "https://h/?a=canary"}', "rvideo.url: must not hold '?' or '#'"],
    [
      'twilio: {baseURL: "http://canary@h"}',
      "twilio.baseURL: must not hold a user or password, they would not be sent: use 'accountSid'",
    ],
    ['twilio: {apiKey: k}', "twilio.apiSecret: 'apiKey' and 'apiSecret' belong together"],
    ['smartly: {nonceTTL: 59s}', "smartly.nonceTTL: must be at least twice 'timestampTolerance'"],
    ['smartly: {clients: [{id: a, secret: ""}]}', 'smartly.clients[0].secret: must not be empty'],
    [
      `smartly: {clients: [{id: a, secret: ${'x'.repeat(32)}}, {id: a, secret: ${'y'.repeat(32)}}]}`,
      'smartly.clients[1].id: is the id of a client above',
    ],
    [
      'smartly: {clients: [{id: a, secret: x, allowedCidrs: [x]}]}',
      'smartly.clients[0].allowedCidrs[0]',
    ],
    ['smartly: {engine: go2rtc, go2rtcURL: ""}', 'smartly.go2rtcURL: must be set'],
    ['go2rtc: {username: a}', "go2rtc.password: 'username' and 'password' belong together"],
    ['go2rtc: {enable: yes, address: ""}', 'go2rtc.address: must be set'],
    ['tuya: {accounts: {a: {clientId: i, secret: s}}}', "tuya.accounts.a.uid: needed by 'easy'"],
    [
      'tuya: {accounts: {a: {clientId: i, secret: s, authMode: auth}}}',
      "tuya.accounts.a.code: needed by 'auth'",
    ],
    ['tuya: {accounts: {a: }}', 'tuya.accounts.a.clientId: must be set'],
    [
      'tuya: {accounts: {a: {clientId: i, secret: s, uid: u, endpoint: "https://x:canary@h"}}}',
      'tuya.accounts.a.endpoint: must not hold a user or password, they would not be sent: use',
    ],
    [
      'tuya: {accounts: {a: {clientId: i, secret: s, uid: u, endpoint: ""}}}',
      'tuya.accounts.a.endpoint: must be set',
    ],
    [
      'kvs: {endpoint: "https://x:canary@h"}',
      'kvs.endpoint: must not hold a user or password, they would not be sent: use',
    ],
    ['kvs: {accessKeyId: A}', "kvs.secretAccessKey: 'accessKeyId' and"],
    ['kvs: {stun: "http://h"}', "kvs.stun: 'http://h' is neither auto, none nor"],
    ['kvs: {connectionTime: 45m}', 'kvs.connectionTime: must be at most 44m'],
    ['kvs: {missing: maybe}', 'kvs.missing: '],
    ['kvs: {masters: {a b: {path: p}}}', 'kvs.masters.a b: is not the name of a channel'],
    ['kvs: {masters: {c: }}', 'kvs.masters.c.path: must be set'],
    ['kvs: {masters: {c: {path: p, region: x}}}', 'kvs.masters.c.region: is not an AWS region'],
  ];
  for (const [text, expected] of broken) {
    it(`refuses ${text.slice(0, 70)}`, async () => {
      const [first = ''] = await errorsOf(text);
      assert.match(first, /^config\.yml:\d+:\d+: /u);
      assert.equal(first.includes(`: ${expected}`), true, first);
      assert.equal(first.includes('canary'), false, first);
    });
  }

  it('warns of values that are accepted but doubtful', async () => {
    const { warnings } = await load(
      'turn: {ttl: 5}\nlicence: {required: yes}\ntwilio: {accountSid: x}\nsmartly: {clients: [{id: a, secret: b}]}',
    );
    assert.deepEqual(warnings.map(({ key }) => key).sort(), [
      'licence.publicKey',
      'smartly.clients[0].secret',
      'turn.ttl',
      'twilio.accountSid',
    ]);
  });

  it('refuses duplicate keys, prototype keys, bombs and what is no map', async () => {
    const anchors = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const levels = anchors.map((name, index) => {
      const inner = index === 0 ? 'x,' : `*${anchors[index - 1] ?? ''},`;
      return `${name}: &${name} [${inner.repeat(9)}]`;
    });
    const codes: [string, string][] = [
      ['turn: {}\nturn: {}', 'config-duplicate-key'],
      ['smartly: {entities: {__proto__: {path: x}}}', 'config-unknown-key'],
      ['tuya: {accounts: {constructor: {}}}', 'config-unknown-key'],
      [levels.join('\n'), 'config-too-large'],
      ['- a', 'config-syntax'],
      ['a: [', 'config-syntax'],
    ];
    for (const [text, code] of codes) await assert.rejects(load(text), { code });
  });

  it('names a file that is missing', () => {
    assert.throws(() => loadProConfig(join(folder, 'none.yml')), {
      kind: 'not-found',
      code: 'config-unreadable',
      message: /none\.yml/u,
    });
  });

  it('throws nothing but MediaError, whatever a section holds', async () => {
    const names = Object.keys(loadProConfig(undefined).listing);
    const file = join(folder, 'random.yml');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.jsonValue({ maxDepth: 3 }),
        async (name, value) => {
          await writeFile(file, `${name}: ${JSON.stringify(value)}`);
          try {
            loadProConfig(file);
          } catch (failure) {
            assert.ok(failure instanceof MediaError && failure.kind === 'invalid-argument');
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  describe('listing', () => {
    it('shows every key in yml form', async () => {
      const { listing } = await load('cleaner: {maxBytes: 1048576}\nsmart: {interval: 90}');
      assert.deepEqual(listing['cleaner'], {
        schedule: '0 * * * *',
        maxBytes: '1M',
        minFreeBytes: '0B',
        dryRun: false,
      });
      assert.equal(JSON.stringify(listing['smart']).includes('"interval":"1m30s"'), true);
    });

    it('holds no secret, wherever it stands', async () => {
      const { listing, warnings } = await load(
        `recordCreateWebhook: http://u:canary@h/?token=canary
rvideo: {url: 'https://h', token: canary}
health: {reboot: {url: 'http://u:canary@{host}/', user: u, pass: canary}}
turn: {credential: canary, secret: canary}
twilio: {authToken: canary, apiKey: k, apiSecret: canary}
smartly: {go2rtcURL: 'http://a:canary@h', clients: [{id: a, secret: canary}], entities: {e: {source: 'rtsp://u:canary@h/1'}}}
go2rtc: {username: u, password: canary}
tuya: {accounts: {m: {clientId: i, secret: canary, uid: u, code: canary, localKeys: {d: canary}}}, facade: {secret: canary, code: canary, broker: 'mqtts://u:canary@h', viewerPassword: canary}}
kvs: {accessKeyId: a, secretAccessKey: canary, sessionToken: canary}`,
      );
      assert.equal(JSON.stringify({ listing, warnings }).includes('canary'), false);
      assert.equal(JSON.stringify(listing).split('***').length - 1, 22);
    });

    it('errors hold no secret either', async () => {
      const text = (value: string): string =>
        `turn: {secret: ${value}, credential: ${value}}\nrvideo: {url: "x://u:canary@h", token: ${value}}\n` +
        `smartly: {clients: [{id: a, secret: ${value}}]}\ngo2rtc: {password: ${value}}\n` +
        `tuya: {accounts: {m: {clientId: i, secret: ${value}, code: ${value}}}}\nhealth: {reboot: {pass: ${value}}}`;
      for (const value of ['[canary]', '{canary: canary}', 'canary']) {
        const errors = await errorsOf(text(value));
        assert.ok(errors.length > 0);
        assert.equal(errors.join().replaceAll('{canary', '').includes('canary@'), false);
        assert.equal(/not '?canary/u.test(errors.join()), false);
      }
    });
  });

  describe('TWILIO_ variables', () => {
    const sid = `AC${'0'.repeat(32)}`;

    it('override the file, and both together choose the provider', async () => {
      const file = 'turn: {provider: none, ttl: 120}\ntwilio: {authToken: file}';
      const { turn, twilio, warnings } = await load(file, {
        TWILIO_ACCOUNT_SID: sid,
        TWILIO_AUTH_TOKEN: 'environment',
        TWILIO_ICE_TTL_SECONDS: '600',
      });
      assert.deepEqual([turn.provider, turn.ttlSeconds], ['twilio', 600]);
      assert.deepEqual([twilio.accountSid, twilio.authToken], [sid, 'environment']);
      assert.deepEqual(warnings, []);
    });

    it('leave the provider alone when one of the two is missing or empty', async () => {
      const one = await load('', { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: '' });
      assert.equal(one.turn.provider, 'none');
    });

    for (const [text, seconds, warns] of [
      ['5', 60, 0],
      ['9999999', 86_400, 0],
      ['1h', 3600, 1],
      ['', 3600, 0],
    ] as const) {
      it(`bring a TTL of '${text}' to ${seconds} s`, async () => {
        const { turn, warnings } = await load('', { TWILIO_ICE_TTL_SECONDS: text });
        assert.deepEqual([turn.ttlSeconds, warnings.length], [seconds, warns]);
      });
    }

    it('are named where they are wrong', async () => {
      const { warnings } = await load('', { TWILIO_ACCOUNT_SID: 'x' });
      assert.match(warnings[0]?.message ?? '', /^environment variable TWILIO_ACCOUNT_SID: /u);
    });
  });
});
