// Tests of candidates as text.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  candidateExtension,
  formatIceCandidate,
  parseIceCandidate,
  type IceCandidate,
} from '../../../core/sdp/ice-candidate.ts';

const HOST: IceCandidate = {
  foundation: '1',
  component: 1,
  transport: 'udp',
  priority: 2130706431,
  address: '203.0.113.141',
  port: 8998,
  type: 'host',
  extensions: [],
};

describe('parseIceCandidate()', () => {
  it('reads the examples of RFC 8839', () => {
    assert.deepEqual(
      parseIceCandidate('a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host'),
      HOST,
    );
    assert.deepEqual(
      parseIceCandidate(
        'candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998',
      ),
      {
        ...HOST,
        foundation: '2',
        priority: 1694498815,
        address: '192.0.2.3',
        port: 45664,
        type: 'srflx',
        relatedAddress: '203.0.113.141',
        relatedPort: 8998,
      },
    );
  });

  it('reads a TCP candidate and what Chromium appends', () => {
    const text =
      '1467250027 1 tcp 1518214911 fe80::1 9 typ host tcptype active generation 0 ufrag a+/b network-id 1';
    const candidate = parseIceCandidate(`candidate:${text}\r\n`);
    assert.deepEqual(candidate, {
      ...HOST,
      foundation: '1467250027',
      transport: 'tcp',
      priority: 1518214911,
      address: 'fe80::1',
      port: 9,
      tcpType: 'active',
      extensions: [
        ['generation', '0'],
        ['ufrag', 'a+/b'],
        ['network-id', '1'],
      ],
    });
    assert.equal(candidateExtension(candidate, 'ufrag'), 'a+/b');
    assert.equal(candidateExtension(candidate, 'none'), undefined);
  });

  it('takes host names of browsers', () => {
    const name = '7d4e4a5c-1b5a-4b5e-8a3a-0d9f2f4a6c11.local';
    const candidate = parseIceCandidate(`1 1 udp 1 ${name} 5000 typ HOST`);
    assert.equal(candidate?.address, name);
  });

  for (const text of [
    '',
    'candidate:',
    '1 1 udp 1 192.0.2.1 5000 typ',
    '1 1 udp 1 192.0.2.1 5000 host',
    '1 0x1 udp 1 192.0.2.1 5000 typ host',
    '1 257 udp 1 192.0.2.1 5000 typ host',
    '1 1 sctp 1 192.0.2.1 5000 typ host',
    '1 1 udp 4294967296 192.0.2.1 5000 typ host',
    '1 1 udp 1 192.0.2.1 65536 typ host',
    '1 1 udp 1 192.0.2.1 5000 typ guest',
    'ä 1 udp 1 192.0.2.1 5000 typ host',
    `${'f'.repeat(33)} 1 udp 1 192.0.2.1 5000 typ host`,
    `1 1 udp 1 192.0.2.1 5000 typ host ${'x y '.repeat(300)}`,
  ]) {
    it(`refuses "${text.slice(0, 50)}"`, () => {
      assert.equal(parseIceCandidate(text), undefined);
    });
  }

  it('leaves out a related port that is none, and extensions beyond 16', () => {
    const pairs = 'rport x raddr r tcptype y '.repeat(1) + 'a b '.repeat(30) + 'last';
    const candidate = parseIceCandidate(`1 1 udp 1 192.0.2.1 5000 typ relay ${pairs}`);
    assert.equal(candidate?.relatedPort, undefined);
    assert.equal(candidate?.relatedAddress, 'r');
    assert.equal(candidate.tcpType, undefined);
    assert.equal(candidate.extensions.length, 16);
  });

  it('reads what formatIceCandidate() writes', () => {
    const word = fc.stringMatching(/^[!-~]{1,12}$/);
    const extensionName = fc.stringMatching(/^x[a-z]{1,8}$/);
    const candidates: fc.Arbitrary<IceCandidate> = fc.record(
      {
        foundation: fc.stringMatching(/^[A-Za-z0-9+/]{1,32}$/),
        component: fc.nat(256),
        transport: fc.constantFrom('udp', 'tcp'),
        priority: fc.nat(0xffffffff),
        address: word,
        port: fc.nat(65535),
        type: fc.constantFrom('host', 'srflx', 'prflx', 'relay'),
        relatedAddress: word,
        relatedPort: fc.nat(65535),
        tcpType: fc.constantFrom('active', 'passive', 'so'),
        extensions: fc.array(fc.tuple(extensionName, word), { maxLength: 4 }),
      },
      {
        requiredKeys: [
          'foundation',
          'component',
          'transport',
          'priority',
          'address',
          'port',
          'type',
          'extensions',
        ],
        noNullPrototype: true,
      },
    );
    fc.assert(
      fc.property(candidates, (candidate) => {
        assert.deepEqual(parseIceCandidate(formatIceCandidate(candidate)), candidate);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        const candidate = parseIceCandidate(text);
        assert.ok(candidate === undefined || candidate.port <= 65535);
      }),
      { numRuns: 10_000 },
    );
  });
});
