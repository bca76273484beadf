// One spelling per IP address, and membership in lists of addresses and ranges.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IpSet, normalizeIp } from '../../../core/base/ip-address.ts';
import { parseListenAddress } from '../../../core/base/listen-address.ts';

describe('normalizeIp()', () => {
  for (const [text, normal] of [
    ['10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['::ffff:0a00:0001', '10.0.0.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FE80::1%eth0', 'fe80::1'],
    ['10.0.0', undefined],
    ['10.0.0.01', undefined],
    ['', undefined],
    ['localhost', undefined],
  ] as const) {
    it(`makes '${text}' ${normal ?? 'undefined'}`, () => {
      assert.equal(normalizeIp(text), normal);
    });
  }

  it('gives the same for the IPv4 and the mapped spelling of any address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        assert.equal(normalizeIp(`::ffff:${ip}`), normalizeIp(ip));
      }),
      { numRuns: 200 },
    );
  });
});

describe('IpSet', () => {
  it('contains single addresses and ranges in every spelling', () => {
    const set = new IpSet(
      [{ text: '10.1.0.0/16' }, '::1', 'fd00::/8', '::ffff:192.168.7.0/120'],
      'test',
    );
    for (const ip of ['10.1.255.255', '::ffff:10.1.2.3', '0::1', 'fdab::1%lan', '192.168.7.9']) {
      assert(set.contains(ip), ip);
    }
    for (const ip of ['10.2.0.0', '::2', 'fe80::1', '192.168.8.1', 'nonsense', '']) {
      assert(!set.contains(ip), ip);
    }
  });

  it('contains nothing when it is empty', () => {
    const set = new IpSet([], 'test');
    assert(set.isEmpty);
    assert(!set.contains('127.0.0.1'));
  });

  it('contains every address in 0.0.0.0/0 and none of IPv6', () => {
    const set = new IpSet(['0.0.0.0/0'], 'test');
    assert(set.contains('8.8.8.8'));
    assert(!set.contains('2001:db8::1'));
  });

  for (const entry of ['10.0.0.0/33', '::/129', '10.0.0.0/8/8', 'host', '', '1.2.3.4/', '/8']) {
    it(`refuses '${entry}' naming it and the place`, () => {
      assert.throws(() => new IpSet([entry], 'apiTrustedProxies'), {
        code: 'invalid-ip',
        message: `invalid IP or CIDR '${entry}'; apiTrustedProxies`,
      });
    });
  }
});

describe('parseListenAddress()', () => {
  it('reads a port alone, a host, an IPv4 and an IPv6 address', () => {
    const parse = (text: string): unknown => parseListenAddress(text, 'test');
    assert.deepEqual(parse(':9997'), { host: '', port: 9997 });
    assert.deepEqual(parse('localhost:0'), { host: 'localhost', port: 0 });
    assert.deepEqual(parse('0.0.0.0:80'), { host: '0.0.0.0', port: 80 });
    assert.deepEqual(parse('[::1]:80'), { host: '::1', port: 80 });
  });

  for (const text of ['', '80', ':', ':65536', '::1:80', 'host:', 'host:8o', ':123456']) {
    it(`refuses '${text}' naming the key`, () => {
      assert.throws(() => parseListenAddress(text, 'apiAddress'), {
        code: 'invalid-listen-address',
        message: /; apiAddress$/u,
      });
    });
  }
});
