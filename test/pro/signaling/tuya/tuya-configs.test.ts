// What the cloud tells of devices and broker, what URLs say, and the offers that are made of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { MediaError } from '../../../../core/base/media-error.ts';
import {
  canChooseResolution,
  fetchDeviceConfig,
  readDeviceConfig,
} from '../../../../pro/signaling/tuya/device-config.ts';
import {
  MqttConfigs,
  readMqttConfig,
  sinkTopicOf,
} from '../../../../pro/signaling/tuya/mqtt-config.ts';
import type { OpenApi, OpenApiRequest } from '../../../../pro/signaling/tuya/open-api-client.ts';
import { MAX_SENT_TUYA_MESSAGE_BYTES } from '../../../../pro/signaling/tuya/tuya-message.ts';
import {
  chooseStream,
  fitOffer,
  tuyaSections,
  withoutCandidates,
} from '../../../../pro/signaling/tuya/tuya-offer.ts';
import { parseTuyaUrl } from '../../../../pro/signaling/tuya/tuya-url.ts';
import { writeOffer } from '../../../../core/webrtc/client/write-offer.ts';

const { signal } = new AbortController();

function golden(name: string): { readonly result: Record<string, unknown> } {
  const parsed: unknown = JSON.parse(
    readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8'),
  );
  assert.ok(parsed !== null && typeof parsed === 'object' && 'result' in parsed);
  const { result } = parsed;
  assert.ok(result !== null && typeof result === 'object');
  return { result: { ...result } };
}

function apiWith(
  answer: (request: OpenApiRequest) => unknown,
): OpenApi & { calls: OpenApiRequest[] } {
  const calls: OpenApiRequest[] = [];
  const call = (request: OpenApiRequest): Promise<unknown> => {
    calls.push(request);
    return new Promise((resolve) => resolve(answer(request)));
  };
  return { calls, call, uid: () => Promise.resolve('') };
}

describe('readDeviceConfig()', () => {
  it("reads the documentation's sample, without nat: servers", () => {
    const config = readDeviceConfig(golden('webrtc-configs.json').result);
    assert.equal(config.motoId, 'moto_cnpref002');
    assert.match(config.auth, /^h85L4/u);
    assert.deepEqual(
      config.iceServers.map(({ url }) => url),
      [
        'stun:49.234.141.77:3478',
        'stun:tx1stun.tuyacn.com:3478',
        'turn:49.234.141.77:3478',
        'turn:tx1turn.tuyacn.com:3478',
      ],
    );
    assert.equal(config.iceServers[2]?.credential, 'kb/EA2whGCcNSM5FjXV2dxAM1MU=');
    assert.equal(config.deviceIceServers[2]?.ttl, 36_000);
    assert.equal(config.skill.webrtc, 3);
    assert.deepEqual(config.skill.videos[1], {
      streamType: 4,
      codecType: 2,
      width: 640,
      height: 360,
    });
    assert.equal(config.skill.audios[0]?.codecType, 101);
    assert.equal(canChooseResolution(config.skill), false);
    assert.equal(canChooseResolution({ ...config.skill, webrtc: 35 }), true);
  });

  it('reads a skill that is a text, missing or junk, and lists of URLs', () => {
    const { result } = golden('webrtc-configs.json');
    const { skill } = readDeviceConfig({ ...result, skill: JSON.stringify(result['skill']) });
    assert.equal(skill.videos.length, 2);
    const nothing = { webrtc: 0, videos: [], audios: [] };
    for (const junk of [undefined, null, '', '{', 5, [], { videos: 'x', webrtc: 'y' }]) {
      assert.deepEqual(readDeviceConfig({ ...result, skill: junk }).skill, nothing);
    }
    assert.deepEqual(readDeviceConfig({}).iceServers, []);
    const ices = [{ urls: ['stun:a:1', 'nat:b:2'] }, { urls: 5 }, 'x'];
    assert.deepEqual(readDeviceConfig({ p2p_config: { ices } }).deviceIceServers, [
      { urls: 'stun:a:1' },
    ]);
  });

  it('refuses devices without WebRTC, and what is no configuration', () => {
    assert.throws(() => readDeviceConfig({ supports_webrtc: false }), /has no WebRTC/u);
    for (const junk of [undefined, 'x', { moto_id: 'a/b' }, { moto_id: '#' }, { auth: 5 }]) {
      assert.throws(() => readDeviceConfig(junk), /configuration that is none/u);
    }
  });

  it('answers any JSON with a configuration or its own error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (p2p, skill) => {
        try {
          readDeviceConfig({ p2p_config: p2p, skill });
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is asked for with and without a user', async () => {
    const api = apiWith(() => ({}));
    await fetchDeviceConfig(api, { deviceId: 'd1', uid: 'u1' }, signal);
    await fetchDeviceConfig(api, { deviceId: 'd1', uid: '' }, signal);
    assert.deepEqual(
      api.calls.map(({ path }) => path),
      ['/v1.0/users/u1/devices/d1/webrtc-configs', '/v1.0/devices/d1/webrtc-configs'],
    );
  });
});

describe('MqttConfigs', () => {
  const { result } = golden('access-config.json');
  const unknownPath = (): never => {
    throw new MediaError('not-found', 'tuya-path-invalid', 'no');
  };

  it("reads the documentation's sample", () => {
    const config = readMqttConfig(result);
    assert.equal(config.url, 'ssl://m1-cn.wgine.com:8883');
    assert.equal(config.msid, 'd09735be24f4b7eb3583b30bcaa2****');
    assert.equal(config.lifeMs, 7_200_000);
    const topic = sinkTopicOf(config, { motoId: 'moto_$&', deviceId: 'd1' });
    assert.equal(topic, '/av/moto/moto_$&/u/d1');
    const flat = { ...result, source_topic: '/av/u/m', expire_time: 'x' };
    assert.equal(readMqttConfig(flat).msid, 'm');
    assert.throws(
      () => readMqttConfig({ ...result, source_topic: { ipc: '/av/u/#' } }),
      /source_topic/u,
    );
    assert.throws(() => readMqttConfig({ ...result, password: '' }), /'password'/u);
  });

  it('asks by v1 with a link id of at most eight digits', async () => {
    const api = apiWith(() => result);
    await new MqttConfigs(api, 'auto').fetch('u1', signal);
    const [{ path, body }] = api.calls as [OpenApiRequest];
    assert.equal(path, '/v1.0/open-hub/access/config');
    assert.match(
      JSON.stringify(body),
      /^\{"uid":"u1","link_id":"\d{8}","link_type":"mqtt","topics":"ipc"\}$/u,
    );
  });

  it('goes over to v2 where v1 is unknown, and stays there', async () => {
    const api = apiWith(({ path }) => (path.startsWith('/v1') ? unknownPath() : result));
    const configs = new MqttConfigs(api, 'auto');
    await configs.fetch('', signal);
    await configs.fetch('', signal);
    assert.deepEqual(
      api.calls.map(({ path }) => path.slice(0, 5)),
      ['/v1.0', '/v2.0', '/v2.0'],
    );
    assert.match(JSON.stringify(api.calls[1]?.body), /^\{"unique_id":"[\w-]{36}"/u);
    await assert.rejects(new MqttConfigs(api, 'v1').fetch('', signal), /no/u);
  });
});

describe('parseTuyaUrl()', () => {
  it('reads account, device, stream and node', () => {
    const sub = {
      account: 'main',
      deviceId: '6c9a943f2ea6929675ymcq',
      stream: 'sub',
      subDeviceId: '',
    };
    assert.deepEqual(parseTuyaUrl('tuya://main/6c9a943f2ea6929675ymcq'), sub);
    assert.deepEqual(parseTuyaUrl('tuya://main/d?stream=main&node=n1'), {
      ...{ account: 'main', deviceId: 'd', stream: 'main', subDeviceId: 'n1' },
    });
    for (const url of ['tuya://main', 'tuya:///d', 'tuya://a/b/c', 'tuya://a/b#', 'http://a/b']) {
      assert.throws(() => parseTuyaUrl(url), /tuya:\/\/account\/deviceId/u);
    }
    assert.throws(() => parseTuyaUrl('tuya://a/b?stream=hd'), /'main' nor 'sub'/u);
    assert.throws(() => parseTuyaUrl('tuya://a/b?x=1'), /stream and node only/u);
    assert.throws(() => parseTuyaUrl('tuya://a/b?node=%23'), /no id/u);
  });
});

describe('offers for Tuya', () => {
  const transport = {
    credentials: { ufrag: 'u', password: 'p'.repeat(22) },
    fingerprint: { algorithm: 'sha-256', value: 'AA' },
    candidates: [],
  };
  const offerOf = (isSmall: boolean): string =>
    writeOffer(tuyaSections({ isSmall, audioDirection: 'recvonly' }), transport);

  it('have audio in front of video and no header extensions', () => {
    for (const isSmall of [false, true]) {
      const sdp = offerOf(isSmall);
      assert.ok(sdp.indexOf('m=audio') < sdp.indexOf('m=video'));
      assert.doesNotMatch(sdp, /extmap/u);
      assert.match(sdp, /a=rtpmap:0 PCMU\/8000\r\n/u);
      assert.match(sdp, /a=rtpmap:96 H264\/90000\r\n/u);
    }
    const talk = writeOffer(tuyaSections({ isSmall: true, audioDirection: 'sendrecv' }), transport);
    assert.match(talk, /m=audio[^]*a=sendrecv[^]*m=video[^]*a=recvonly/u);
  });

  it('fit into 8 KB: formats go first, then servers', () => {
    const server = { urls: `turn:${'h'.repeat(200)}:1`, username: 'u'.repeat(80), credential: 'c' };
    const fits = (auth: string, servers: readonly (typeof server)[]): number => {
      const { isSmall, servers: kept } = fitOffer(auth, servers);
      const bytes = JSON.stringify({ sdp: offerOf(isSmall), auth, token: kept }).length;
      assert.ok(bytes + 512 <= MAX_SENT_TUYA_MESSAGE_BYTES, `${bytes}`);
      return kept.length + (isSmall ? 0 : 100);
    };
    assert.equal(fits('x', [server]), 101);
    assert.equal(
      fits(
        'x',
        Array.from({ length: 15 }, () => server),
      ),
      15,
    );
    assert.ok(
      fits(
        'x'.repeat(1024),
        Array.from({ length: 30 }, () => server),
      ) < 16,
    );
  });

  it('ask for the stream by its skill, or for the one that there is', () => {
    const stream = { width: 1, height: 1 };
    const main = { ...stream, streamType: 2, codecType: 4 };
    const sub = { ...stream, streamType: 4, codecType: 2 };
    const choose = (videos: readonly (typeof main)[], wanted: 'main' | 'sub'): string => {
      const { streamType, isH265 } = chooseStream({ webrtc: 0, audios: [], videos }, wanted);
      return `${streamType} ${isH265 ? 'H265' : 'H264'}`;
    };
    assert.equal(choose([main, sub], 'main'), '0 H265');
    assert.equal(choose([main, sub], 'sub'), '1 H264');
    assert.equal(choose([main], 'sub'), '0 H265');
    assert.equal(choose([sub], 'main'), '1 H264');
    assert.equal(choose([], 'main'), '0 H264');
    assert.equal(choose([], 'sub'), '1 H264');
  });

  it('go without candidates, which are told one by one', () => {
    const text = 'v=0\r\na=candidate:1 1 udp 1 10.0.0.1 5 typ host\r\na=mid:0\r\n';
    assert.deepEqual(withoutCandidates(text), {
      sdp: 'v=0\r\na=mid:0\r\n',
      candidates: ['a=candidate:1 1 udp 1 10.0.0.1 5 typ host'],
    });
  });
});
