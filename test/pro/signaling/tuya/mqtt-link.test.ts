// The MQTT link against a broker double: logins, messages, limits, ends.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once, EventEmitter } from 'node:events';
import { MqttClient } from 'mqtt';
import { systemClock } from '../../../../core/base/clock.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import {
  openMqttLink,
  type MqttLink,
  type MqttLinkComponents,
  type MqttLinkOptions,
} from '../../../../pro/signaling/tuya/mqtt-link.ts';
import { MqttPacketGuard } from '../../../../pro/signaling/tuya/mqtt-packet-guard.ts';
import { parseMqttUrl } from '../../../../pro/signaling/tuya/mqtt-socket.ts';
import { makeSelfSignedPair } from '../../../support/self-signed-pair.ts';
import {
  startMqttBrokerDouble,
  type MqttBrokerDouble,
} from '../../../support/tuya/mqtt-broker-double.ts';

const components: MqttLinkComponents = { clock: systemClock };
const optionsFor = (port: number, more: Partial<MqttLinkOptions> = {}): MqttLinkOptions => ({
  url: `tcp://127.0.0.1:${port}`,
  ...{ clientId: 'c1', username: 'u1', password: 'secret', fingerprint: '' },
  fingerprintKey: 'mqttFingerprint',
  timeoutMs: 5000,
  signal: new AbortController().signal,
  ...more,
});
const failsWith = (work: Promise<unknown>, code: string, words: RegExp): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof MediaError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /secret/u);
    return true;
  });

interface OpenedLink {
  readonly link: MqttLink;
  readonly events: EventEmitter<{ message: []; lost: [MediaError] }>;
  readonly messages: readonly (readonly [topic: string, text: string])[];
}

async function openOn(
  broker: MqttBrokerDouble,
  more: Partial<MqttLinkOptions> = {},
): Promise<OpenedLink> {
  const events: OpenedLink['events'] = new EventEmitter();
  const messages: (readonly [string, string])[] = [];
  const link = await openMqttLink(components, optionsFor(broker.port, more), {
    onMessage: (topic, bytes) => {
      messages.push([topic, Buffer.from(bytes).toString()]);
      events.emit('message');
    },
    onLost: (reason) => events.emit('lost', reason),
  });
  return { link, events, messages };
}
const silent = { onMessage: () => undefined, onLost: () => undefined };

describe('openMqttLink()', () => {
  it('logs in, subscribes, publishes and receives with QoS 1', async () => {
    await using broker = await startMqttBrokerDouble();
    const { link, events, messages } = await openOn(broker);
    await link.subscribe('/av/u/me');
    await link.publish('/av/moto/x/u/dev', Buffer.from('hello'));
    const came = once(events, 'message');
    broker.publish('/av/u/me', Buffer.from('answer'));
    await came;
    assert.deepEqual(messages, [['/av/u/me', 'answer']]);
    await link.close();
    await link.close();
    const [connect, subscribe, publish] = broker.received;
    // Protocol level 4, user name, password and clean session, 60 s.
    assert.deepEqual(connect?.[1].subarray(2, 10), Buffer.from('MQTT\x04\xc2\0\x3c', 'latin1'));
    assert.equal(subscribe?.[1].at(-1), 1);
    assert.match(publish?.[1].toString('latin1') ?? '', /\/av\/moto\/x\/u\/dev.*hello$/su);
    assert.deepEqual(broker.received.at(-1)?.[0], 14);
  });

  it('says who refuses: login, subscription, nobody there', async () => {
    await using refusing = await startMqttBrokerDouble({ connectCode: 4 });
    await failsWith(
      openMqttLink(components, optionsFor(refusing.port), silent),
      'mqtt-refused',
      /user ?name or password/iu,
    );
    await using denying = await startMqttBrokerDouble({ subscribeCode: 0x80 });
    const { link } = await openOn(denying);
    await failsWith(link.subscribe('/av/u/other'), 'mqtt-subscription-refused', /\/av\/u\/other/u);
    await link.close();
    const { port } = refusing;
    await refusing[Symbol.asyncDispose]();
    const work = openMqttLink(components, optionsFor(port), silent);
    await failsWith(work, 'mqtt-unreachable', /ECONNREFUSED/u);
  });

  it('tells a broker that is gone from one that refuses a subscription', async () => {
    await using mute = await startMqttBrokerDouble({ silentTypes: [8] });
    const { link, events } = await openOn(mute);
    const lost = once(events, 'lost');
    const waiting = failsWith(link.subscribe('/av/u/me'), 'mqtt-lost', /lost/u);
    mute.dropAll();
    await Promise.all([lost, waiting]);
    await failsWith(link.subscribe('/av/u/me'), 'mqtt-lost', /lost/u);
    await link.close();
  });

  it('waits no longer than told for the login and for confirmations', async () => {
    await using mute = await startMqttBrokerDouble({ silentTypes: [1] });
    const brief = { timeoutMs: 30 };
    await failsWith(
      openMqttLink(components, optionsFor(mute.port, brief), silent),
      'mqtt-timeout',
      /did not confirm|did not answer/u,
    );
    await using forgetful = await startMqttBrokerDouble({ silentTypes: [3] });
    const { link } = await openOn(forgetful, { timeoutMs: 200 });
    await failsWith(link.publish('t', Buffer.of(1)), 'mqtt-timeout', /a message/u);
    await link.close();
  });

  it('tells once that the broker is gone, and fails what waits', async () => {
    await using broker = await startMqttBrokerDouble({ silentTypes: [3] });
    const { link, events } = await openOn(broker);
    const lost = once(events, 'lost');
    const waiting = failsWith(link.publish('t', Buffer.of(1)), 'mqtt-lost', /lost/u);
    broker.dropAll();
    const reason: unknown = (await lost)[0];
    assert.equal(reason instanceof MediaError && reason.code, 'mqtt-lost');
    await waiting;
    events.once('lost', () => assert.fail('told twice'));
    await link.close();
  });

  it('drops messages above 64 KB, and ends at packets above 1 MB and at QoS 2', async () => {
    await using broker = await startMqttBrokerDouble();
    const first = await openOn(broker);
    const came = once(first.events, 'message');
    broker.publish('t', Buffer.alloc(65_537));
    broker.publish('t', Buffer.from('small'));
    await came;
    assert.deepEqual(first.messages, [['t', 'small']]);
    assert.equal(first.link.ignoredCount, 1);
    for (const bytes of [Buffer.of(0x32, 0x81, 0x80, 0x40), Buffer.of(0x34, 5)]) {
      const { link, events } = await openOn(broker);
      const lost = once(events, 'lost');
      broker.sendRaw(bytes);
      assert.match(String((await lost)[0]), /1048577 bytes, more than|QoS 2/u);
      await link.close();
    }
    await first.link.close();
  });

  it('leaves a broker that sends and does not read', async () => {
    await using broker = await startMqttBrokerDouble();
    const sockets: Parameters<ConstructorParameters<typeof MqttClient>[0]>[0]['stream'][] = [];
    class SeenClient extends MqttClient {
      constructor(...[build, options]: ConstructorParameters<typeof MqttClient>) {
        super((client) => {
          const socket = build(client);
          sockets.push(socket);
          return socket;
        }, options);
      }
    }
    const load = (): Promise<{ MqttClient: typeof MqttClient }> =>
      Promise.resolve({ MqttClient: SeenClient });
    const { promise: lost, resolve } = Promise.withResolvers<MediaError>();
    const link = await openMqttLink({ ...components, load }, optionsFor(broker.port), {
      ...silent,
      onLost: resolve,
    });
    // Nothing goes out from here on.
    sockets[0]?.cork();
    sockets[0]?.write(Buffer.alloc(1_048_577));
    broker.publish('t', Buffer.from('small'));
    assert.match((await lost).message, /does not read/u);
    await link.close();
  });

  it('trusts certificates by authority or fingerprint only', async () => {
    const tls = makeSelfSignedPair();
    await using broker = await startMqttBrokerDouble({ tls });
    const url = `ssl://localhost:${broker.port}`;
    const seen = new X509Certificate(tls.cert).fingerprint256.replaceAll(':', '').toLowerCase();
    const open = (more: Partial<MqttLinkOptions>): Promise<MqttLink> =>
      openMqttLink(components, optionsFor(broker.port, { url, ...more }), silent);
    await failsWith(open({}), 'mqtt-certificate-untrusted', new RegExp(`mqttFingerprint: ${seen}`));
    await failsWith(open({ fingerprint: 'aa' }), 'mqtt-fingerprint-mismatch', /is aa/u);
    assert.equal(broker.received.length, 0);
    await (await open({ fingerprint: seen.toUpperCase() })).close();
    await (await open({ certificateAuthority: tls.cert })).close();
  });

  it('says which package is missing', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
    const load = (): Promise<never> => Promise.reject(missing);
    const work = openMqttLink({ clock: systemClock, load }, optionsFor(1), silent);
    await failsWith(work, 'package-missing', /npm install mqtt$/u);
  });

  it('obeys its signal', async () => {
    await using mute = await startMqttBrokerDouble({ silentTypes: [1] });
    const stop = new AbortController();
    const reason = new MediaError('canceled', 'source-stopped', 'stopped');
    const options = optionsFor(mute.port, { signal: stop.signal });
    const work = openMqttLink(components, options, silent);
    const timer = setInterval(() => mute.received.length > 0 && stop.abort(reason), 1);
    await failsWith(work, 'source-stopped', /stopped/u);
    clearInterval(timer);
    await failsWith(openMqttLink(components, options, silent), 'source-stopped', /stopped/u);
  });
});

describe('MqttPacketGuard', () => {
  it('follows packets in pieces of any size', () => {
    const packet = Buffer.concat([Buffer.of(0x30, 0xc8, 0x01), Buffer.alloc(200, 0x34)]);
    const bytes = Buffer.concat([packet, Buffer.of(0xd0, 0), packet]);
    for (let size = 1; size < 210; size += 1) {
      const guard = new MqttPacketGuard(200);
      for (let at = 0; at < bytes.length; at += size) {
        assert.equal(guard.watch(bytes.subarray(at, at + size)), undefined);
      }
    }
    assert.match(new MqttPacketGuard(199).watch(packet) ?? '', /200 bytes/u);
    const endless = Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80);
    assert.match(new MqttPacketGuard(200).watch(endless) ?? '', /no end/u);
  });
});

describe('parseMqttUrl()', () => {
  it('knows the schemes with their ports, and refuses others', () => {
    const tls = { host: 'm1.example.com', isTls: true };
    assert.deepEqual(parseMqttUrl('ssl://m1.example.com:8883'), { ...tls, port: 8883 });
    assert.deepEqual(parseMqttUrl('mqtts://m1.example.com'), { ...tls, port: 8883 });
    assert.deepEqual(parseMqttUrl('tcp://[::1]'), { host: '::1', port: 1883, isTls: false });
    for (const url of ['http://h', 'ssl://u:p@h', 'ssl://h:0', 'ssl://h:70000', 'ssl://h/x', '']) {
      assert.throws(() => parseMqttUrl(url), /neither ssl/u);
    }
  });
});
