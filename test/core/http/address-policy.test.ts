// Where our own requests may go: by name, by address, with and without a list.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AddressPolicy, type AddressPolicyOptions } from '../../../core/http/address-policy.ts';
import { normalizeHost, parseAllowEntry } from '../../../core/http/allow-entry.ts';

function verdict(
  options: AddressPolicyOptions,
  address: string,
  { host = address, port = 80 }: { readonly host?: string; readonly port?: number } = {},
): string {
  const policy = new AddressPolicy(options);
  try {
    policy.checkHost({ host, port });
    policy.checkAddress({ host, port }, address);
    return 'ok';
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'bug';
  }
}

const DENIED = [
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '169.254.169.254', '169.254.0.1'],
  ...['100.100.100.200', '168.63.129.16', '192.0.0.192', '224.0.0.1', '239.255.255.250'],
  ...['240.0.0.1', '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1'],
  ...['::ffff:7f00:1', '::ffff:169.254.169.254', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2002:7f00:1::', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1'],
  ...['ff02::1', 'not-an-address', ''],
];
const REACHABLE = ['10.0.0.7', '172.16.0.1', '192.168.1.7', '8.8.8.8', '100.64.0.1', 'fd12::1'];

describe('AddressPolicy', () => {
  it('denies what no device or service has, in every spelling', () => {
    for (const address of DENIED) assert.equal(verdict({}, address), 'address-denied', address);
    for (const address of REACHABLE) assert.equal(verdict({}, address), 'ok', address);
  });

  it('opens a denied range only for an entry inside it', () => {
    const wide = { allow: ['0.0.0.0/0', '::/0', '127.0.0.0/7', 'localhost'] };
    for (const address of DENIED.slice(0, 20)) {
      assert.equal(verdict(wide, address, { host: 'localhost' }), 'address-denied', address);
    }
    const opened: readonly (readonly [string, string])[] = [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.0/8', '127.9.9.9'],
      ['::ffff:127.0.0.0/104', '127.9.9.9'],
      ['127.0.0.1', '::ffff:127.0.0.1'],
      ['[::1]:80', '::1'],
      ['169.254.3.0/24', '169.254.3.9'],
    ];
    for (const [entry, address] of opened) {
      assert.equal(verdict({ allow: [entry] }, address), 'ok', `${entry} ${address}`);
    }
    assert.equal(verdict({ allow: ['127.0.0.1'] }, '127.0.0.2'), 'address-denied');
    assert.equal(verdict({ allow: ['127.0.0.1:8080'] }, '127.0.0.1'), 'address-denied');
  });

  it('keeps to the list when only the list is allowed', () => {
    const options = { onlyAllowed: true, allow: ['10.1.0.0/16', 'cam.local', 'box.local:8080'] };
    assert.equal(verdict(options, '10.1.2.3'), 'ok');
    assert.equal(verdict(options, '10.2.2.3'), 'destination-not-allowed');
    assert.equal(verdict(options, '10.9.9.9', { host: 'CAM.local.' }), 'ok');
    assert.equal(verdict(options, '10.1.9.9', { host: 'other.local' }), 'ok', 'by its address');
    assert.equal(verdict(options, '10.9.9.9', { host: 'box.local' }), 'destination-not-allowed');
    assert.equal(verdict(options, '10.9.9.9', { host: 'box.local', port: 8080 }), 'ok');
    assert.equal(verdict(options, '127.0.0.1', { host: 'cam.local' }), 'address-denied');
  });

  it('asks no DNS for a name that can not be allowed', () => {
    const policy = new AddressPolicy({ onlyAllowed: true, allow: ['cam.local'] });
    const refused = { code: 'destination-not-allowed' };
    assert.throws(() => policy.checkHost({ host: 'evil.example', port: 80 }), refused);
    policy.checkHost({ host: 'cam.local', port: 80 });
  });

  it('allows hosts that are devices now', () => {
    const devices = new Set(['10.0.0.7']);
    const options = { onlyAllowed: true, isHostAllowed: (host: string) => devices.has(host) };
    assert.equal(verdict(options, '10.0.0.7'), 'ok');
    assert.equal(verdict(options, '10.0.0.8'), 'destination-not-allowed');
  });

  it('protects our own listeners unless their port is named', () => {
    const own = { ownPorts: () => [9997], localAddresses: () => ['10.0.0.5', 'fd12::5'] };
    const allow = ['127.0.0.1', '10.0.0.0/8'];
    for (const address of ['127.0.0.1', '10.0.0.5']) {
      assert.equal(verdict({ ...own, allow }, address, { port: 9997 }), 'address-denied', address);
      assert.equal(verdict({ ...own, allow }, address, { port: 80 }), 'ok');
    }
    assert.equal(verdict(own, 'fd12:0::5', { port: 9997 }), 'address-denied');
    assert.equal(verdict(own, '10.0.0.6', { port: 9997 }), 'ok', 'another machine');
    const named = { ...own, allow: ['10.0.0.5:9997'] };
    assert.equal(verdict(named, '10.0.0.5', { port: 9997 }), 'ok');
  });
});

describe('parseAllowEntry()', () => {
  it('reads addresses, networks and names', () => {
    const port = (text: string): number | undefined => parseAllowEntry(text, 'x').port;
    assert.equal(port('10.0.0.1:81'), 81);
    assert.equal(port('[fd12::1]:81'), 81);
    assert.equal(port('fd12::1'), undefined);
    assert.equal(port('cam_1.local:8080'), 8080);
  });

  it('refuses everything else', () => {
    const bad = [
      '',
      '10.0.0.0/33',
      'a b',
      'http://x',
      'x:0',
      'x:70000',
      'u@h',
      '*.local',
      '-x',
      'a..b',
    ];
    for (const text of bad) assert.throws(() => parseAllowEntry(text, 'list'), /list/u, text);
  });

  it('never throws anything but a MediaError, and takes linear time', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        try {
          parseAllowEntry(text, 'list');
        } catch (thrown) {
          assert.ok(thrown instanceof Error && thrown.name === 'MediaError');
        }
        normalizeHost(text);
      }),
      { numRuns: 2000 },
    );
    assert.throws(() => parseAllowEntry('a.'.repeat(100_000), 'list'));
  });
});
