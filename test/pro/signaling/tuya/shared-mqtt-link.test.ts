// One connection for many users, where opening and closing take their time.
import assert from 'node:assert/strict';
import type { MqttLink } from '../../../../pro/signaling/tuya/mqtt-link.ts';
import { SharedMqttLink } from '../../../../pro/signaling/tuya/shared-mqtt-link.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { BrokerLink, settle } from './tuya-fixture.ts';

/** A connection that is as slow as the test wants it. */
class SlowBroker {
  readonly clock = new FakeClock();
  readonly links: BrokerLink[] = [];
  /** What new connections wait for. */
  opening: Promise<unknown> = Promise.resolve();
  /** What farewells wait for. */
  closing: Promise<unknown> = Promise.resolve();
  readonly shared: SharedMqttLink;

  constructor() {
    const { clock } = this;
    this.shared = new SharedMqttLink(
      {
        ...{ clock, logger: new RecordingLogger() },
        openLink: async (_components, options, callbacks) => {
          await this.opening;
          const link = new BrokerLink(options, callbacks, false);
          this.links.push(link);
          return this.#closingSlowly(link);
        },
        fetchConfig: () =>
          Promise.resolve({
            ...{ url: 'ssl://broker:8883', clientId: 'c', username: 'u', password: 'p' },
            ...{ msid: 'me', sourceTopic: '/av/u/me', lifeMs: 7_200_000 },
            sinkTopic: '/av/moto/moto_id/u/{device_id}',
          }),
        onMessage: () => undefined,
        onIgnored: () => undefined,
      },
      { fingerprint: '', fingerprintKey: 'mqttFingerprint' },
    );
  }

  get openCount(): number {
    return this.links.filter(({ isClosed }) => !isClosed).length;
  }

  #closingSlowly(link: BrokerLink): MqttLink {
    const close = async (): Promise<void> => {
      await this.closing;
      await link.close();
    };
    return {
      ignoredCount: 0,
      ...{ close, subscribe: (topic) => link.subscribe(topic) },
      publish: (topic, bytes) => link.publish(topic, bytes),
    };
  }
}

describe('SharedMqttLink', () => {
  it('closes a connection that stands only when nobody wants it any more', async () => {
    const broker = new SlowBroker();
    const { clock, shared } = broker;
    const opening = Promise.withResolvers<undefined>();
    broker.opening = opening.promise;
    const leave = new AbortController();
    const release = shared.hold();
    const waiting = shared.ready(leave.signal);
    leave.abort(new Error('the path ended'));
    await assert.rejects(waiting);
    release();
    clock.advance(30_000);
    opening.resolve(undefined);
    await settle();
    clock.advance(30_000);
    await settle();
    assert.deepEqual([broker.links.length, broker.openCount], [1, 0]);
    await shared.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('has one connection after a renewal in which somebody was faster', async () => {
    const broker = new SlowBroker();
    const { clock, shared } = broker;
    const { signal } = new AbortController();
    shared.hold();
    await shared.ready(signal);
    const closing = Promise.withResolvers<undefined>();
    broker.closing = closing.promise;
    clock.advance(7_140_000);
    // The old connection still says goodbye.
    const { link } = await shared.ready(signal);
    closing.resolve(undefined);
    await settle();
    assert.deepEqual([broker.links.length, broker.openCount], [2, 1]);
    assert.equal(shared.active?.link, link);
    await shared.close();
    assert.equal(broker.openCount, 0);
    assert.equal(clock.pendingTimers, 0);
  });
});
