// Tests of the queue in front of a channel: pace, order, bounds.
import assert from 'node:assert/strict';
import { KvsSendQueue } from '../../../../pro/signaling/kvs/kvs-send-queue.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('KvsSendQueue', () => {
  let clock: FakeClock;
  let sent: string[];
  let isOpen: boolean;
  let queue: KvsSendQueue;

  beforeEach(() => {
    clock = new FakeClock();
    sent = [];
    isOpen = true;
    queue = new KvsSendQueue(clock, (text) => {
      if (isOpen) sent.push(text);
      return isOpen;
    });
  });

  it('sends five descriptions and twenty candidates in a second, in order', () => {
    for (let index = 0; index < 7; index++) queue.push('SDP_ANSWER', `answer ${index}`);
    for (let index = 0; index < 30; index++) queue.push('ICE_CANDIDATE', `${index}`);
    assert.equal(sent.length, 5);
    clock.advance(1099);
    assert.equal(sent.length, 5);
    clock.advance(1);
    assert.equal(sent.length, 27);
    clock.advance(1100);
    assert.deepEqual([sent.length, sent[6], sent[7], sent.at(-1)], [37, 'answer 6', '0', '29']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('keeps the newest 64 while there is no connection', () => {
    isOpen = false;
    for (let index = 0; index < 70; index++) queue.push('ICE_CANDIDATE', `${index}`);
    isOpen = true;
    queue.flush();
    clock.advance(10_000);
    assert.deepEqual([sent.length, sent[0], sent.at(-1)], [64, '6', '69']);
  });

  it('sends nothing after its end', () => {
    for (let index = 0; index < 6; index++) queue.push('SDP_OFFER', `${index}`);
    queue.close();
    queue.push('ICE_CANDIDATE', 'late');
    clock.advance(5000);
    assert.deepEqual([sent.length, clock.pendingTimers], [5, 0]);
  });
});
