// Tests of numeric IP addresses.
import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import {
  isLinkLocalIpv6,
  parseIpAddress,
  unmapIpAddress,
} from '../../../../core/webrtc/transport/ip-address.ts';

describe('parseIpAddress()', () => {
  it('reads IPv4 and IPv6', () => {
    assert.deepEqual([...(parseIpAddress('192.0.2.255') ?? [])], [192, 0, 2, 255]);
    assert.equal(hex('2001:db8::1'), '20010db8000000000000000000000001');
    assert.equal(hex('::'), '0'.repeat(32));
    assert.equal(hex('fe80::1%eth0'), 'fe800000000000000000000000000001');
    assert.equal(hex('::ffff:1.2.3.4'), '00000000000000000000ffff01020304');
    assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  });

  it('rejects what is no address', () => {
    for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1::2::3', ':::']) {
      assert.equal(parseIpAddress(text), undefined, text);
    }
  });

  it('reads back every IPv6 address that Node prints', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const { address } = new SocketAddress({ address: text, family: 'ipv6' });
        assert.equal(hex(text), hex(address));
      }),
      { numRuns: 300 },
    );
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), (text) => {
        const length = parseIpAddress(text)?.length;
        assert.ok(length === undefined || length === 4 || length === 16);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('unmapIpAddress()', () => {
  it('turns a mapped address into IPv4 and nothing else', () => {
    assert.equal(unmapIpAddress('::ffff:10.0.0.1'), '10.0.0.1');
    assert.equal(unmapIpAddress('::ffff:1:2'), '::ffff:1:2');
    assert.equal(unmapIpAddress('10.0.0.1'), '10.0.0.1');
  });
});

describe('isLinkLocalIpv6()', () => {
  it('knows fe80::/10', () => {
    assert.ok(isLinkLocalIpv6('fe80::1') && isLinkLocalIpv6('FEBF::1'));
    assert.ok(!isLinkLocalIpv6('fec0::1') && !isLinkLocalIpv6('2001:db8::1'));
  });
});

function hex(text: string): string {
  return Buffer.from(parseIpAddress(text) ?? []).toString('hex');
}
