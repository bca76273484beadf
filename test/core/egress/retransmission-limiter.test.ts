// The allowance for retransmissions: a burst, then so many bytes a second, and a pause per packet.
import assert from 'node:assert/strict';
import { RetransmissionLimiter } from '../../../core/egress/retransmission-limiter.ts';

const LIMITS = { bytesPerSecond: 10_000, burstBytes: 5_000, minRepeatMs: 20 };

function spendAll(limiter: RetransmissionLimiter, row: number): number {
  let spent = 0;
  while (limiter.hasAllowance(row) && spent < 1_000_000) {
    limiter.spend(row, 1000);
    spent += 1000;
  }
  return spent;
}

describe('RetransmissionLimiter', () => {
  it('allows a burst, then its rate', () => {
    const limiter = new RetransmissionLimiter(4, LIMITS);
    limiter.reset(2, 0);
    assert.equal(spendAll(limiter, 2), 5000);
    limiter.refill(2, 300);
    assert.equal(spendAll(limiter, 2), 3000);
    limiter.refill(2, 60_000);
    assert.equal(spendAll(limiter, 2), 5000, 'what is not used is not saved');
  });

  it('takes a clock that stands or goes back for no time', () => {
    const limiter = new RetransmissionLimiter(1, LIMITS);
    limiter.reset(0, 1000);
    spendAll(limiter, 0);
    limiter.refill(0, 1000);
    limiter.refill(0, 500);
    assert.equal(limiter.hasAllowance(0), false);
  });

  it('remembers what was repeated a moment ago, per row', () => {
    const limiter = new RetransmissionLimiter(2, LIMITS);
    limiter.reset(0, 0);
    limiter.reset(1, 0);
    limiter.remember(0, 65535, 100);
    assert.equal(limiter.isRecent(0, 65535, 119), true);
    assert.equal(limiter.isRecent(0, 65535, 120), false);
    assert.equal(limiter.isRecent(0, 65535 - 128, 101), false, 'another number of the same slot');
    assert.equal(limiter.isRecent(1, 65535, 101), false);
    assert.equal(limiter.isRecent(0, 0, 0), false, 'nothing is remembered at first');
  });

  it('keeps allowances and memory when it grows, and resets rows', () => {
    const limiter = new RetransmissionLimiter(1, LIMITS);
    limiter.reset(0, 0);
    spendAll(limiter, 0);
    limiter.remember(0, 7, 0);
    limiter.grow(8);
    limiter.reset(7, 0);
    assert.equal(limiter.hasAllowance(0), false);
    assert.equal(limiter.isRecent(0, 7, 1), true);
    assert.equal(spendAll(limiter, 7), 5000);
    limiter.reset(0, 0);
    assert.equal(limiter.hasAllowance(0), true);
    assert.equal(limiter.isRecent(0, 7, 1), false);
  });
});
