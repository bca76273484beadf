// URLs and headers of signalling as operators and servers write them, and random text.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../../core/base/media-error.ts';
import { parseIceServerUrl } from '../../../../core/webrtc/client/ice-server-address.ts';
import { parseIceServerLinks } from '../../../../core/webrtc/client/link-header.ts';
import { localAddresses } from '../../../../core/webrtc/client/local-addresses.ts';
import { parseSignalingUrl } from '../../../../core/webrtc/client/signaling-url.ts';
import { iceServerLinks } from '../../../../core/webrtc/ice-server-provider.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('parseSignalingUrl()', () => {
  const good: readonly [string, string, string | undefined][] = [
    ['whep://h:8889/cam/whep', 'http://h:8889/cam/whep', undefined],
    ['WHEPS://h/cam?a=b', 'https://h/cam?a=b', undefined],
    ['whip://u:p%40ss@h/a', 'http://h/a', basic('u:p@ss')],
    ['whips://u:p@s#s?@h:1/a', 'https://h:1/a', basic('u:p@s#s?')],
    ['whep://u:100%sure@[::1]:5/a#x', 'http://[::1]:5/a', basic('u:100%sure')],
    ['whep://h', 'http://h/', undefined],
  ];
  for (const [text, url, authorization] of good) {
    it(`reads ${text}`, () => {
      const parsed = parseSignalingUrl(text);
      assert.deepEqual([parsed.url.href, parsed.basic], [url, authorization]);
    });
  }

  it('refuses others without showing a password', () => {
    for (const text of [
      'http://h/',
      'whep:h',
      'whep://',
      'whep://u:secret@',
      'whex://u:secret@h',
    ]) {
      assert.throws(
        () => parseSignalingUrl(text),
        (thrown) => thrown instanceof MediaError && !thrown.message.includes('secret'),
        text,
      );
    }
  });

  it('throws nothing but MediaError on random text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseSignalingUrl(`whep://${text}`);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseIceServerLinks()', () => {
  it('reads back what our server writes', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '"', '\\', ';', ',', '<', '>', '=', ' ', '1'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (secrets) => {
        const servers = secrets.map(([username, credential], index) => ({
          url: `turn:h${index}.example:3478?transport=tcp`,
          ...{ username, credential },
        }));
        assert.deepEqual(parseIceServerLinks(iceServerLinks(servers).join(', ')), servers);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves out other relations and other schemes', () => {
    const header =
      '<http://x/>; rel="ice-server", <stun:a>; rel=next, <stun:b:99>;rel="ice-server"';
    assert.deepEqual(
      parseIceServerLinks(header).map(({ url }) => url),
      ['stun:b:99'],
    );
  });

  it('takes linear time on hostile headers', () => {
    const startedMs = performance.now();
    for (const part of ['<a>;a="', '<a>;', ';a=b', '<'.repeat(9), '<stun:a>;rel="\\']) {
      parseIceServerLinks(part.repeat(5000));
    }
    assert.ok(performance.now() - startedMs < 500);
  });
});

describe('parseIceServerUrl()', () => {
  const rows: readonly [string, object | undefined][] = [
    ['stun:h', { kind: 'stun', host: 'h', port: 3478, transport: 'udp' }],
    ['turn:h:5?transport=tcp', { kind: 'turn', host: 'h', port: 5, transport: 'tcp' }],
    ['turns:[::1]', { kind: 'turn', host: '::1', port: 5349, transport: 'tls' }],
    ['stuns:h', undefined],
    ['stun:h:0', undefined],
    ['stun:h:70000', undefined],
    ['stun:u@h', undefined],
  ];
  for (const [text, expected] of rows) {
    it(`reads ${text}`, () => assert.deepEqual(parseIceServerUrl(text), expected));
  }
});

describe('localAddresses()', () => {
  const entry = (address: string, internal = false) =>
    ({ address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null }) as const;
  const interfaces = {
    lo: [entry('127.0.0.1', true)],
    eth0: [entry('192.0.2.1')],
    eth1: [entry('192.0.2.2')],
  };

  it('takes the configured interfaces and addresses, each once', () => {
    const options = {
      ipsFromInterfaces: true,
      interfacesList: ['eth1'],
      additionalHosts: ['198.51.100.1', 'name.example', '192.0.2.2'],
    };
    assert.deepEqual(localAddresses(interfaces, options), ['198.51.100.1', '192.0.2.2']);
  });

  it('falls back to this machine', () => {
    const options = { ipsFromInterfaces: false, interfacesList: [], additionalHosts: [] };
    assert.deepEqual(localAddresses(interfaces, options), ['127.0.0.1']);
  });
});
