// Cross-origin rules, addresses behind proxies, and JSON of strangers, without sockets.
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { IpSet } from '../../../core/base/ip-address.ts';
import { clientAddress } from '../../../core/http/client-address.ts';
import { Cors } from '../../../core/http/cors.ts';
import { decodeText, parseJson } from '../../../core/http/json-body.ts';

describe('Cors', () => {
  const all = new Cors({ allowOrigins: ['*'] });
  const some = new Cors({ allowOrigins: ['https://a.example', 'https://*.b.example:8443'] });

  it('writes * only when it is listed', () => {
    const headers = { 'Access-Control-Allow-Origin': '*' };
    assert.deepEqual(all.headers({ origin: 'https://x.example' }), headers);
    assert.deepEqual(all.headers({}), headers);
    assert.deepEqual(new Cors({ allowOrigins: [] }).headers({ origin: 'https://a.example' }), {
      Vary: 'Origin',
    });
  });

  for (const [origin, isAllowed] of [
    ['https://a.example', true],
    ['HTTPS://A.example', true],
    ['http://a.example', false],
    ['https://a.example.evil', false],
    ['https://x.b.example:8443', true],
    ['https://x.y.b.example:8443', true],
    ['https://b.example:8443', false],
    ['https://x.b.example', false],
    ['https://evil/.b.example:8443', false],
    ['https://evil@x.b.example:8443', false],
    ['null', false],
    ['', false],
    [`https://${'x'.repeat(600)}.b.example:8443`, false],
  ] as const) {
    it(`${isAllowed ? 'allows' : 'does not allow'} '${origin.slice(0, 40)}'`, () => {
      const headers = some.headers({ origin });
      assert.equal(headers['Access-Control-Allow-Origin'], isAllowed ? origin : undefined);
      assert.equal(headers['Vary'], 'Origin');
      const check = (): void => some.checkOrigin('POST', { origin, host: 'server.example' });
      if (isAllowed) assert.doesNotThrow(check);
      else assert.throws(check, { code: 'origin-not-allowed', kind: 'permission-denied' });
    });
  }

  it('matches several wildcards, each within one name', () => {
    const cors = new Cors({ allowOrigins: ['http*://*.c.*'] });
    const allowed = (origin: string): boolean =>
      'Access-Control-Allow-Origin' in cors.headers({ origin });
    assert(allowed('https://a.c.example'));
    assert(allowed('http://a.c.d'));
    assert(!allowed('http://c.d'));
    assert(!allowed('https://a/.c.d'));
  });

  it('answers only what is a preflight', () => {
    const wants = { 'access-control-request-method': 'POST' };
    assert.deepEqual(all.preflight('OPTIONS', wants), {
      'Access-Control-Allow-Methods': 'OPTIONS, GET, POST, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
    });
    assert.equal(all.preflight('OPTIONS', {}), undefined);
    assert.equal(all.preflight('POST', wants), undefined);
  });

  it('leaves reading, same origins and clients that are no browsers alone', () => {
    const origin = 'https://evil.example';
    const host = 'server.example:9997';
    assert.doesNotThrow(() => some.checkOrigin('GET', { origin, host }));
    assert.doesNotThrow(() => some.checkOrigin('POST', { host }));
    assert.doesNotThrow(() => some.checkOrigin('POST', { origin: `http://${host}`, host }));
    assert.doesNotThrow(() => all.checkOrigin('POST', { origin, host }));
    assert.throws(() => some.checkOrigin('POST', { origin, host }), /evil\.example/u);
    assert.throws(() => some.checkOrigin('GET', { origin, host, upgrade: 'websocket' }));
  });
});

describe('clientAddress()', () => {
  const proxies = new IpSet(['10.0.0.0/8', '::1'], 'test');

  function address(
    peer: string,
    headers: IncomingMessage['headers'],
  ): ReturnType<typeof clientAddress> {
    const socket = new Socket();
    Object.defineProperty(socket, 'remoteAddress', { value: peer });
    const incoming = new IncomingMessage(socket);
    Object.assign(incoming.headers, headers);
    return clientAddress(incoming, proxies);
  }

  for (const [peer, forwardedFor, ip] of [
    ['192.0.2.1', '1.1.1.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '', '192.0.2.1'],
    ['10.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['::ffff:10.0.0.1', '::ffff:1.1.1.1', '1.1.1.1'],
    ['10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['10.0.0.1', '6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1'],
    ['10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', '1.1.1.1:4711', '1.1.1.1'],
    ['::1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['::1', '2001:DB8:0::1', '2001:db8::1'],
    ['10.0.0.1', '1.1.1.1, unknown', '10.0.0.1'],
    ['10.0.0.1', '1.1.1.1, garbage, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '', '10.0.0.1'],
  ] as const) {
    it(`finds ${ip} behind ${peer} with '${forwardedFor}'`, () => {
      assert.equal(address(peer, { 'x-forwarded-for': forwardedFor }).ip, ip);
    });
  }

  it('believes the protocol of a trusted proxy only', () => {
    const headers = { 'x-forwarded-proto': 'http, https' };
    assert.equal(address('10.0.0.1', headers).isSecure, true);
    assert.equal(address('192.0.2.1', headers).isSecure, false);
  });
});

describe('parseJson()', () => {
  it('reads JSON and keeps "__proto__" a plain key', () => {
    const value = parseJson('{"__proto__":{"isAdmin":true},"a":[1,"}"]}');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert(value !== null && typeof value === 'object' && !('isAdmin' in value));
  });

  it('counts the depth outside strings only', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    assert.doesNotThrow(() => parseJson(nested(32)));
    assert.throws(() => parseJson(nested(33)), { message: /deeper than 32/u });
    assert.throws(() => parseJson('['.repeat(1_000_000)), { code: 'malformed-body' });
    assert.equal(
      parseJson(`"${'['.repeat(100)}\\"${'['.repeat(100)}"`),
      `${'['.repeat(100)}"${'['.repeat(100)}`,
    );
  });

  it('names the position of a mistake, never the content', () => {
    assert.throws(() => parseJson('{"password":"secret" x}'), {
      code: 'malformed-body',
      message: /^request body is not JSON at position 21$/u,
    });
    assert.throws(() => parseJson('secret'), {
      message: /^request body is not JSON(?: at position 0)?$/u,
    });
  });

  it('refuses bytes that are not UTF-8', () => {
    assert.throws(() => decodeText(Uint8Array.of(0xc3, 0x28)), { code: 'malformed-body' });
  });
});
