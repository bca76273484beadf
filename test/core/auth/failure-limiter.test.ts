// The counter of wrong credentials: slow for guessers, harmless for neighbours, bounded.
import assert from 'node:assert/strict';
import { FailureLimiter } from '../../../core/auth/failure-limiter.ts';
import { networkOf } from '../../../core/base/ip-address.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function fail(limiter: FailureLimiter, ip: string, guesses: readonly string[]): void {
  for (const guess of guesses) limiter.recordFailure(ip, guess);
}

describe('FailureLimiter', () => {
  it('blocks after five different guesses and allows one more each twelve seconds', () => {
    const clock = new FakeClock();
    const limiter = new FailureLimiter(clock);
    fail(limiter, '10.0.0.1', ['1', '2', '3', '4']);
    assert(!limiter.isBlocked('10.0.0.1', '5'));
    fail(limiter, '10.0.0.1', ['5']);
    assert(limiter.isBlocked('10.0.0.1', '6'));
    clock.advance(11_999);
    assert(limiter.isBlocked('10.0.0.1', '6'));
    clock.advance(1);
    assert(!limiter.isBlocked('10.0.0.1', '6'));
    fail(limiter, '10.0.0.1', ['6']);
    assert(limiter.isBlocked('10.0.0.1', '7'));
  });

  it('blocks one wrong login that is repeated, not its neighbours behind the same address', () => {
    const limiter = new FailureLimiter(new FakeClock());
    fail(limiter, '10.0.0.1', ['old', 'old', 'old', 'old', 'old']);
    assert(limiter.isBlocked('10.0.0.1', 'old'));
    assert(!limiter.isBlocked('10.0.0.1', 'right'));
  });

  it('takes an IPv6 /64 as one client and IPv4-mapped addresses as IPv4', () => {
    const limiter = new FailureLimiter(new FakeClock());
    ['1', '2', '3', '4', '5'].forEach((guess) => fail(limiter, `2001:db8::${guess}`, [guess]));
    assert(limiter.isBlocked('2001:db8::ffff', '6'));
    assert(!limiter.isBlocked('2001:db8:0:1::1', '6'));
    assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(networkOf('::1'), '0:0:0:0::/64');
    assert.equal(networkOf('1::'), '1:0:0:0::/64');
  });

  it('remembers a bounded number of clients and guesses, dropping the oldest', () => {
    const limiter = new FailureLimiter(new FakeClock(), { maxNetworks: 3, burst: 1 });
    for (let index = 0; index < 10; index++) fail(limiter, `10.0.0.${index}`, ['x']);
    assert.equal(limiter.size, 3);
    assert(!limiter.isBlocked('10.0.0.6', 'y'));
    assert(limiter.isBlocked('10.0.0.7', 'y'));
  });

  it('keeps counting guesses of a client that repeats hundreds of them', () => {
    const limiter = new FailureLimiter(new FakeClock());
    for (let index = 0; index < 500; index++) fail(limiter, '10.0.0.1', [`guess${index}`]);
    assert(limiter.isBlocked('10.0.0.1', 'guess0'));
    assert(limiter.isBlocked('10.0.0.1', 'guess499'));
  });
});
