// Tests of candidate gathering with made-up interfaces and names.
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Logger } from '../../../../core/base/logger.ts';
import { silentLogger } from '../../../../core/base/logger.ts';
import {
  HostCandidates,
  type CandidatePorts,
  type HostCandidatesOptions,
} from '../../../../core/webrtc/transport/host-candidates.ts';
import { guessLocalAddress } from '../../../../core/webrtc/transport/local-address.ts';
import { createPeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const INTERFACES = {
  lo: [ipv4('127.0.0.1/8', true)],
  eth0: [ipv4('192.0.2.10/24'), ipv6('fe80::1/64'), ipv6('2001:db8::10/64')],
  wg0: [ipv4('10.9.0.1/16')],
};
const PORTS: CandidatePorts = {
  udpPort: 8189,
  tcpPort: 0,
  udpHost: undefined,
  tcpHost: undefined,
  isIpv6: true,
};

describe('HostCandidates', () => {
  let clock: FakeClock;
  let warnings: unknown[];
  let lookups: string[];
  let resolve: (host: string) => Promise<readonly string[]>;

  beforeEach(() => {
    clock = new FakeClock();
    warnings = [];
    lookups = [];
    resolve = () => Promise.resolve(['198.51.100.1']);
  });

  function create(options: Partial<HostCandidatesOptions>): HostCandidates {
    const logger: Logger = { ...silentLogger, warn: (_text, fields) => warnings.push(fields) };
    const components = {
      clock,
      logger,
      networkInterfaces: () => INTERFACES,
      resolve: (host: string) => {
        lookups.push(host);
        return resolve(host);
      },
    };
    const defaults = { ipsFromInterfaces: true, interfacesList: [], additionalHosts: [] };
    return new HostCandidates(components, { ...defaults, ...options });
  }

  it('lists every interface, IPv4 first, loopback last, no link-local address', async () => {
    assert.deepEqual(await create({}).gather(PORTS), [
      'candidate:1 1 udp 2130706431 192.0.2.10 8189 typ host',
      'candidate:2 1 udp 2130706175 10.9.0.1 8189 typ host',
      'candidate:3 1 udp 2130705919 2001:db8::10 8189 typ host',
      'candidate:4 1 udp 2130705663 127.0.0.1 8189 typ host',
    ]);
  });

  it('adds passive TCP candidates of lower priority', async () => {
    const options = { ipsFromInterfaces: false, additionalHosts: ['127.0.0.1'] };
    assert.deepEqual(await create(options).gather({ ...PORTS, tcpPort: 8190 }), [
      'candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host',
      'candidate:2 1 tcp 1520435199 127.0.0.1 8190 typ host tcptype passive',
    ]);
  });

  it('keeps to the interfaces of the list', async () => {
    const lines = await create({ interfacesList: ['wg0'] }).gather(PORTS);
    assert.deepEqual(lines.map(addressOf), ['10.9.0.1']);
  });

  it('offers only the bound address, and additional hosts', async () => {
    const candidates = create({ additionalHosts: ['203.0.113.5'] });
    const lines = await candidates.gather({ ...PORTS, udpHost: '127.0.0.1' });
    assert.deepEqual(lines.map(addressOf), ['127.0.0.1', '203.0.113.5']);
  });

  it('leaves IPv6 out where the socket has none', async () => {
    const lines = await create({ interfacesList: ['eth0'] }).gather({ ...PORTS, isIpv6: false });
    assert.deepEqual(lines.map(addressOf), ['192.0.2.10']);
  });

  it('resolves names, names an address once, and remembers for 30 seconds', async () => {
    const candidates = create({
      ipsFromInterfaces: false,
      additionalHosts: ['a.test', '198.51.100.1'],
    });
    const first = await candidates.gather(PORTS);
    await candidates.gather(PORTS);
    assert.deepEqual(first.map(addressOf), ['198.51.100.1']);
    assert.deepEqual(lookups, ['a.test']);
    clock.advance(30_000);
    await candidates.gather(PORTS);
    assert.equal(lookups.length, 2);
  });

  it('skips a name that fails or takes too long, with a warning', async () => {
    resolve = () => Promise.reject(new Error('ENOTFOUND a.test'));
    const failing = create({ interfacesList: ['wg0'], additionalHosts: ['a.test'] });
    assert.deepEqual((await failing.gather(PORTS)).map(addressOf), ['10.9.0.1']);
    resolve = () => new Promise(() => undefined);
    const slow = create({ interfacesList: ['wg0'], additionalHosts: ['b.test'] });
    const gathering = slow.gather(PORTS);
    clock.advance(2_000);
    assert.deepEqual((await gathering).map(addressOf), ['10.9.0.1']);
    assert.deepEqual(warnings, [
      { host: 'a.test', reason: 'ENOTFOUND a.test' },
      { host: 'b.test', reason: 'not resolved within 2000 ms' },
    ]);
  });
});

describe('guessLocalAddress()', () => {
  it('prefers the subnet of the peer, then an address that is not loopback', () => {
    const guess = (text: string): string =>
      guessLocalAddress(createPeerAddress(text, 1), INTERFACES);
    assert.equal(guess('127.0.0.1'), '127.0.0.1');
    assert.equal(guess('10.9.200.1'), '10.9.0.1');
    assert.equal(guess('203.0.113.9'), '192.0.2.10');
    assert.equal(guess('2001:db8::99'), '2001:db8::10');
    assert.equal(guessLocalAddress(createPeerAddress('::1', 1), {}), '::');
  });
});

function addressOf(line: string): string | undefined {
  return line.split(' ')[4];
}

function ipv4(cidr: string, internal = false): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/');
  return { address, netmask: '', mac: '', internal, cidr, family: 'IPv4' };
}

function ipv6(cidr: string): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/');
  return { address, netmask: '', mac: '', internal: false, cidr, family: 'IPv6', scopeid: 0 };
}
