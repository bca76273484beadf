// What devices of one account share: connection, renewal, back-off, and the way of messages.
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { TuyaConversation } from '../../../../pro/signaling/tuya/tuya-account.ts';
import type { TuyaBody } from '../../../../pro/signaling/tuya/tuya-message.ts';
import { deviceTopic, settle, TuyaFixture } from './tuya-fixture.ts';

const callee = { deviceId: 'dev1', motoId: 'moto1', subDeviceId: '' };
const { signal } = new AbortController();
const refused = new MediaError('unavailable', 'mqtt-unreachable', 'nobody there');
const hello: TuyaBody = { type: 'candidate', candidate: 'a=candidate:x' };

describe('TuyaAccount', () => {
  it('has one token and one connection for all conversations', async () => {
    const { account, links, cloud } = new TuyaFixture();
    const heard: TuyaBody[] = [];
    const join = (): Promise<TuyaConversation> =>
      account.converse(callee, (body) => heard.push(body), signal);
    const [one, two] = await Promise.all([join(), join()]);
    assert.equal(links.length, 1);
    const [link] = links;
    assert.deepEqual(link?.topics, ['/av/u/me']);
    assert.equal(link.options.url, 'ssl://broker:8883');
    await one.send(hello);
    await two.send(hello);
    const [first, second] = link.said;
    assert.deepEqual(link.published[0]?.[0], deviceTopic);
    assert.deepEqual([first?.header.from, first?.header.to], ['me', 'dev1']);
    assert.match(first?.header.sessionId ?? '', /^[0-9a-f]{32}$/u);
    assert.notEqual(first?.header.sessionId, second?.header.sessionId);
    assert.equal(cloud.calls.filter(({ path }) => path.includes('token')).length, 1);
    await account.close();
  });

  it('tells messages to their conversation only, and counts the others', async () => {
    const fixture = new TuyaFixture();
    const { account } = fixture;
    const heard: TuyaBody[] = [];
    const talk = await account.converse(callee, (body) => heard.push(body), signal);
    await talk.send(hello);
    fixture.say({ type: 'answer', sdp: 'v=0' });
    fixture.say({ type: 'disconnect' }, 'f'.repeat(32));
    for (let count = 0; count < 20; count += 1) fixture.tell(Buffer.from('junk'));
    fixture.tell(Buffer.from('{"protocol":4}'));
    assert.deepEqual(heard, [{ type: 'answer', sdp: 'v=0' }]);
    assert.deepEqual(account.counters, { malformed: 20, foreign: 1, tooLong: 0 });
    const warnings = fixture.logger.lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['invalid Tuya message: it is no JSON text (1 so far)'],
    );
    fixture.clock.advance(10_000);
    fixture.link.callbacks.onIgnored?.(70_000);
    assert.match(fixture.log, /a message of 70000 bytes is ignored \(1 so far\)/u);
    assert.equal(account.counters.tooLong, 1);
    await talk.close();
    fixture.say({ type: 'answer', sdp: 'v=0' });
    assert.equal(heard.length, 1);
    await account.close();
  });

  it('keeps conversations when the broker goes, and comes back with growing pauses', async () => {
    const fixture = new TuyaFixture();
    const { account, clock, links, failures } = fixture;
    const talk = await account.converse(callee, () => undefined, signal);
    failures.push(refused, refused, refused);
    fixture.link.callbacks.onLost(new MediaError('unavailable', 'mqtt-lost', 'it went'));
    assert.match(fixture.log, /it went; running streams go on/u);
    await assert.rejects(talk.send(hello), { code: 'mqtt-lost' });
    await assert.rejects(
      account.converse(callee, () => undefined, signal),
      /it went/u,
    );
    for (const [pauseMs, left] of [
      [1000, 2],
      [2000, 1],
      [4000, 0],
      [8000, 0],
    ] as const) {
      clock.advance(pauseMs - 1);
      await settle();
      const before = failures.length + links.length;
      clock.advance(1);
      await settle();
      assert.equal(failures.length, left);
      assert.notEqual(failures.length + links.length, before);
    }
    assert.equal(links.length, 2);
    await talk.send(hello);
    assert.equal(fixture.link.said.length, 1);
    await account.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('comes back with growing pauses to a broker that only greets, and at once after a while', async () => {
    const fixture = new TuyaFixture();
    const { account, clock, links } = fixture;
    await account.converse(callee, () => undefined, signal);
    const lose = (): void => {
      fixture.link.callbacks.onLost(new MediaError('unavailable', 'mqtt-lost', 'gone'));
    };
    for (const pauseMs of [1000, 2000, 4000, 8000]) {
      lose();
      const before = links.length;
      clock.advance(pauseMs - 1);
      await settle();
      assert.equal(links.length, before, `before ${pauseMs} ms`);
      clock.advance(1);
      await settle();
      assert.equal(links.length, before + 1, `after ${pauseMs} ms`);
    }
    clock.advance(60_001);
    lose();
    clock.advance(1000);
    await settle();
    assert.equal(links.length, 6);
    await account.close();
  });

  it('takes fresh credentials 60 s before the old ones end', async () => {
    const fixture = new TuyaFixture();
    const { account, clock, links, cloud } = fixture;
    const talk = await account.converse(callee, () => undefined, signal);
    clock.advance(7_139_000);
    await settle();
    assert.equal(links.length, 1);
    clock.advance(1000);
    await settle();
    assert.deepEqual(
      links.map(({ isClosed }) => isClosed),
      [true, false],
    );
    assert.equal(cloud.calls.filter(({ path }) => path.includes('access/config')).length, 2);
    await talk.send(hello);
    await account.close();
  });

  it('closes the connection 30 s after the last conversation', async () => {
    const fixture = new TuyaFixture();
    const { account, clock, links } = fixture;
    const talk = await account.converse(callee, () => undefined, signal);
    await talk.close();
    await talk.close();
    assert.deepEqual(fixture.link.said, []);
    clock.advance(29_999);
    const again = await account.converse(callee, () => undefined, signal);
    clock.advance(60_000);
    assert.equal(links[0]?.isClosed, false);
    await again.close();
    clock.advance(30_000);
    await settle();
    assert.equal(links[0].isClosed, true);
    await account.converse(callee, () => undefined, signal);
    assert.equal(links.length, 2);
    await account.close();
    assert.equal(fixture.link.isClosed, true);
    assert.equal(clock.pendingTimers, 0);
  });

  it('says goodbye for a second at most', async () => {
    const fixture = new TuyaFixture();
    const { account, clock } = fixture;
    const talk = await account.converse(callee, () => undefined, signal);
    await talk.send(hello);
    fixture.link.isDeaf = true;
    const closing = talk.close();
    await settle();
    clock.advance(1000);
    await closing;
    assert.equal(fixture.link.said.at(-1)?.body.type, 'disconnect');
    await account.close();
  });

  it('closes at once though the broker confirms no subscription', async () => {
    const fixture = new TuyaFixture();
    const { account, clock } = fixture;
    fixture.isDeaf = true;
    const talk = account.converse(callee, () => undefined, signal);
    await settle();
    await account.close();
    await assert.rejects(talk, { code: 'closed' });
    assert.equal(fixture.link.isClosed, true);
    assert.equal(clock.pendingTimers, 0);
  });

  it('wakes a device by its local key, and waits until it is awake or 5 s', async () => {
    const fixture = new TuyaFixture();
    const { account, clock } = fixture;
    const states: string[] = [];
    const wake = async (name: string): Promise<void> => {
      await account.wake('dev1', signal);
      states.push(name);
    };
    const first = wake('told');
    await settle();
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(crc32('canary-key'));
    assert.deepEqual(fixture.link.published, [['m/w/dev1', expected]]);
    assert.deepEqual(fixture.link.topics, ['/av/u/me', 'smart/decrypt/in/dev1']);
    const status = (text: string): void => fixture.tell(Buffer.from(text), 'smart/decrypt/in/dev1');
    status('{');
    status('{"protocol":4,"data":{"dps":{"149":false}}}');
    await settle();
    assert.deepEqual(states, []);
    status('{"protocol":4,"data":{"dps":{"149":true}}}');
    await first;
    const second = wake('late');
    await settle();
    clock.advance(5000);
    await second;
    await account.wake('without key', signal);
    assert.deepEqual(states, ['told', 'late']);
    assert.equal(fixture.link.published.length, 2);
    await account.close();
  });

  it('closes the connection 30 s after a device was woken and not called', async () => {
    const fixture = new TuyaFixture();
    const { account, clock } = fixture;
    const abort = new AbortController();
    const waking = account.wake('dev1', abort.signal);
    await settle();
    abort.abort();
    await assert.rejects(waking);
    clock.advance(29_000);
    await settle();
    assert.equal(fixture.link.isClosed, false);
    clock.advance(1000);
    await settle();
    assert.equal(fixture.link.isClosed, true);
    await account.close();
  });

  it('never tells a secret', async () => {
    const fixture = new TuyaFixture();
    fixture.failures.push(refused);
    await assert.rejects(
      fixture.account.converse(callee, () => undefined, signal),
      /nobody there/u,
    );
    await fixture.account.close();
    assert.doesNotMatch(fixture.log, /canary|token-1/u);
  });
});
