// The devices on a broker in the hands of the test: topics, back-off, farewells.
import assert from 'node:assert/strict';
import { MediaError } from '../../../../core/base/media-error.ts';
import { FacadeAgent } from '../../../../pro/signaling/tuya/facade-agent.ts';
import type { MqttLinkCallbacks, OpenMqttLink } from '../../../../pro/signaling/tuya/mqtt-link.ts';
import type { TuyaMessage } from '../../../../pro/signaling/tuya/tuya-message.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

const LOST = new MediaError('unavailable', 'mqtt-lost', 'the broker is gone');
const MESSAGE: TuyaMessage = {
  header: { from: 'dev1', to: 'viewer', sessionId: 's', subDeviceId: '', motoId: 'moto' },
  body: { type: 'disconnect' },
};

const refusalOf = (topic: string): MediaError =>
  new MediaError('permission-denied', 'mqtt-subscription-refused', `refuses '${topic}'`);

/** A broker in the hands of the test. */
class HandBroker {
  readonly topics: string[] = [];
  readonly clientIds: string[] = [];
  readonly published: [topic: string, text: string][] = [];
  opened = 0;
  closed = 0;
  failure: MediaError | undefined;
  /** While set, messages wait for it. */
  holding: Promise<void> | undefined;
  /** Whether subscriptions are never confirmed. */
  isDeaf = false;
  /** Topics that may not be subscribed to. */
  readonly refused = new Set<string>();
  callbacks: MqttLinkCallbacks | undefined;

  readonly open: OpenMqttLink = async (_components, { signal, clientId }, callbacks) => {
    this.opened += 1;
    this.clientIds.push(clientId);
    await Promise.resolve();
    signal.throwIfAborted();
    if (this.failure) throw this.failure;
    this.callbacks = callbacks;
    return {
      ignoredCount: 0,
      subscribe: (topic) => {
        this.topics.push(topic);
        if (this.refused.has(topic)) return Promise.reject(refusalOf(topic));
        return this.isDeaf ? new Promise(() => undefined) : Promise.resolve();
      },
      publish: async (topic, bytes) => {
        await this.holding;
        this.published.push([topic, Buffer.from(bytes).toString()]);
      },
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    };
  };
}

function setUp(): {
  readonly clock: FakeClock;
  readonly broker: HandBroker;
  readonly agent: FacadeAgent;
  readonly logger: RecordingLogger;
  readonly heard: (readonly [string, TuyaMessage])[];
} {
  const clock = new FakeClock();
  const broker = new HandBroker();
  const logger = new RecordingLogger();
  const heard: (readonly [string, TuyaMessage])[] = [];
  const agent = new FacadeAgent(
    {
      ...{ clock, logger, openLink: broker.open },
      onMessage: (deviceId, message) => heard.push([deviceId, message]),
    },
    {
      broker: { url: 'mqtts://b', username: 'u', password: 'canary', fingerprint: '' },
      motoId: 'moto',
      devices: new Map([
        ['dev1', { path: 'a', subPath: '' }],
        ['dev2', { path: 'b', subPath: '' }],
      ]),
      ...{ brokerTimeoutMs: 10_000, minBackoffMs: 1000, maxBackoffMs: 60_000 },
    },
  );
  return { clock, broker, agent, logger, heard };
}

/** Lets everything that is due happen; bounded, as every wait of the agent is a step or two. */
async function settle(): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
}

describe('FacadeAgent', () => {
  it('listens for every device, and answers on the topic of the viewer', async () => {
    const { agent, broker } = setUp();
    agent.start();
    await settle();
    assert.deepEqual(broker.topics, ['/av/moto/moto/u/dev1', '/av/moto/moto/u/dev2']);
    assert.equal(agent.isConnected, true);
    agent.send(MESSAGE);
    await agent.close();
    assert.equal(broker.published[0]?.[0], '/av/u/viewer');
    assert.match(broker.published[0][1], /"type":"disconnect"/u);
    assert.deepEqual([broker.closed, agent.isConnected], [1, false]);
  });

  it('has another name for each connection, which no viewer could take over', async () => {
    const { agent, broker, clock } = setUp();
    agent.start();
    await settle();
    broker.callbacks?.onLost(LOST);
    await settle();
    clock.advance(1000);
    await settle();
    assert.equal(new Set(broker.clientIds).size, 2);
    for (const clientId of broker.clientIds) assert.match(clientId, /^agent_[0-9a-f]{16}$/u);
    await agent.close();
  });

  it('ends at once though the broker confirms no subscription', async () => {
    const { agent, broker } = setUp();
    broker.isDeaf = true;
    agent.start();
    await settle();
    await agent.close();
    assert.deepEqual([broker.topics.length, broker.closed], [1, 1]);
  });

  it('goes on with the other devices when the broker refuses one, and asks for that again', async () => {
    const { agent, broker, clock, heard, logger } = setUp();
    const topic = '/av/moto/moto/u/dev1';
    broker.refused.add(topic);
    agent.start();
    await settle();
    assert.equal(agent.isConnected, true);
    const header = { type: 'disconnect', from: 'v', to: 'dev2', sessionid: 's', moto_id: 'moto' };
    const envelope = { protocol: 302, data: { header, msg: {} } };
    const bytes = Buffer.from(JSON.stringify(envelope));
    broker.callbacks?.onMessage('/av/moto/moto/u/dev2', bytes);
    assert.equal(heard.length, 1);
    clock.advance(60_000);
    await settle();
    broker.refused.clear();
    clock.advance(60_000);
    await settle();
    assert.deepEqual(broker.topics.slice(2), [topic, topic]);
    assert.deepEqual(
      logger.lines.map(({ level, message }) => `${level} ${message}`),
      [
        'info 1 devices listen on the MQTT broker',
        `warn no viewer reaches dev1: refuses '${topic}'; asked again each 60 s`,
        'info all devices listen on the MQTT broker',
      ],
    );
    assert.deepEqual([broker.opened, clock.pendingTimers], [1, 0]);
    await agent.close();
  });

  it('does not ask again for a device on a connection that is over', async () => {
    const { agent, broker, clock } = setUp();
    broker.refused.add('/av/moto/moto/u/dev1');
    agent.start();
    await settle();
    broker.callbacks?.onLost(LOST);
    await settle();
    broker.failure = LOST;
    clock.advance(60_000);
    await settle();
    assert.equal(broker.topics.length, 2);
    await agent.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('leaves a broker that refuses all devices', async () => {
    const { agent, broker, logger } = setUp();
    for (const device of ['dev1', 'dev2']) broker.refused.add(`/av/moto/moto/u/${device}`);
    agent.start();
    await settle();
    assert.deepEqual([agent.isConnected, broker.closed], [false, 1]);
    assert.match(logger.lines[0]?.message ?? '', /^refuses '.*dev1'; next try in 1 s$/u);
    await agent.close();
  });

  it('hands messages on by their topic, and counts what is none', async () => {
    const { agent, broker, heard } = setUp();
    agent.start();
    await settle();
    const header = { type: 'disconnect', from: 'v', to: 'dev2', sessionid: 's', moto_id: 'moto' };
    const envelope = { protocol: 302, pv: '2.2', t: 1, data: { header, msg: { mode: 'webrtc' } } };
    const bytes = Buffer.from(JSON.stringify(envelope));
    broker.callbacks?.onMessage('/av/moto/moto/u/dev2', bytes);
    broker.callbacks?.onMessage('/elsewhere', bytes);
    broker.callbacks?.onMessage('/av/moto/moto/u/dev2', Buffer.from('{'));
    broker.callbacks?.onMessage('/av/moto/moto/u/dev2', Buffer.from('{"protocol":1}'));
    assert.deepEqual(
      heard.map(([deviceId, { body }]) => [deviceId, body.type]),
      [['dev2', 'disconnect']],
    );
    assert.equal(agent.stats.malformed, 1);
    await agent.close();
  });

  it('comes back in growing steps up to a minute, and says why', async () => {
    const { agent, broker, clock, logger } = setUp();
    broker.failure = LOST;
    agent.start();
    await settle();
    const steps = [1, 2, 4, 8, 16, 32, 60, 60];
    for (const [index, seconds] of steps.entries()) {
      assert.equal(broker.opened, index + 1);
      clock.advance(seconds * 1000 - 1);
      await settle();
      assert.equal(broker.opened, index + 1);
      clock.advance(1);
      await settle();
    }
    assert.match(logger.lines[0]?.message ?? '', /the broker is gone; next try in 1 s/u);
    assert.equal(JSON.stringify(logger.lines).includes('canary'), false);
    await agent.close();
  });

  it('subscribes again when the broker was lost after a while, beginning with a second', async () => {
    const { agent, broker, clock } = setUp();
    agent.start();
    await settle();
    clock.advance(61_000);
    broker.callbacks?.onLost(LOST);
    await settle();
    assert.deepEqual([agent.isConnected, broker.closed], [false, 1]);
    agent.send(MESSAGE);
    assert.equal(agent.stats.unsent, 1);
    clock.advance(1000);
    await settle();
    assert.deepEqual([agent.isConnected, broker.topics.length], [true, 4]);
    await agent.close();
  });

  it('waits a second for its last messages, not longer', async () => {
    const { agent, broker, clock } = setUp();
    agent.start();
    await settle();
    broker.holding = new Promise(() => undefined);
    agent.send(MESSAGE);
    const closing = agent.close();
    await settle();
    assert.equal(broker.closed, 0);
    clock.advance(1000);
    await closing;
    assert.equal(broker.closed, 1);
    await agent.close();
  });

  it('says once what to install', async () => {
    const { agent, broker, clock, logger } = setUp();
    broker.failure = new MediaError('unsupported', 'package-missing', 'npm install mqtt');
    agent.start();
    await settle();
    clock.advance(120_000);
    await settle();
    assert.deepEqual(
      logger.lines.map(({ level, message }) => [level, message]),
      [['error', 'npm install mqtt']],
    );
    assert.equal(broker.opened, 1);
    await agent.close();
  });

  it('ends while it connects or waits, and leaves no timer', async () => {
    for (const isDown of [false, true]) {
      const { agent, broker, clock } = setUp();
      broker.failure = isDown ? LOST : undefined;
      agent.start();
      if (isDown) await settle();
      await agent.close();
      assert.equal(clock.pendingTimers, 0);
      assert.equal(agent.isConnected, false);
    }
    await setUp().agent.close();
  });
});
