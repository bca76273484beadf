// URLs of strangers: decoded once, tricks refused by name, routes found.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { parseRequestTarget } from '../../../core/http/request-target.ts';
import { RouteMatcher } from '../../../core/http/route-matcher.ts';
import type { Route, UpgradeRoute } from '../../../core/http/route.ts';
import { Router } from '../../../core/http/router.ts';

const parse = (url: string): ReturnType<typeof parseRequestTarget> => parseRequestTarget(url, 1000);

describe('parseRequestTarget()', () => {
  for (const [url, segments, rawQuery] of [
    ['/', [''], ''],
    ['', [''], ''],
    ['/a/b?x=%2F&y', ['a', 'b'], 'x=%2F&y'],
    ['/a/', ['a', ''], ''],
    ['/caf%C3%A9%20%2525', ['café %25'], ''],
    ['/a%2Fb/whep', ['a/b', 'whep'], ''],
    ['/a..b/.c/...', ['a..b', '.c', '...'], ''],
    ['http://host:1/a?', ['a'], ''],
    ['/a?b?c#d', ['a'], 'b?c#d'],
  ] as const) {
    it(`reads '${url}'`, () => {
      const target = parse(url);
      assert.deepEqual(target.segments, segments);
      assert.equal(target.rawQuery, rawQuery);
      assert.equal(target.path, `/${segments.join('/')}`);
    });
  }

  for (const [url, problem] of [
    ['/a%', /malformed percent-encoding/u],
    ['/a%zz', /malformed percent-encoding/u],
    ['/a%c3', /malformed percent-encoding/u],
    ['/a%c0%ae', /malformed percent-encoding/u],
    ['/a/../b', /dot segment/u],
    ['/a/%2e%2E/b', /dot segment/u],
    ['/.', /dot segment/u],
    ['/a%2F..%2Fb', /dot segment/u],
    ['/a%2F', /empty segment/u],
    ['/%2Fa', /empty segment/u],
    ['//evil.example/', /empty segment/u],
    ['/a//b', /empty segment/u],
    ['/a%00', /control character/u],
    ['/a%0d%0aSet-Cookie:x', /control character/u],
    ['/a%5Cb', /backslash/u],
    ['/a\\b', /backslash/u],
    ['/a#b', /fragment/u],
    ['*', /does not start with a slash/u],
    ['http://host\\@evil/a', /does not start with a slash/u],
  ] as const) {
    it(`refuses '${url}'`, () => {
      assert.throws(() => parse(url), { code: 'malformed-url', message: problem });
    });
  }

  it('lets an encoded backslash pass where names may be regular expressions, and nothing more', () => {
    const lenient = (url: string): unknown =>
      parseRequestTarget(url, 1000, { allowsBackslash: true }).segments;
    assert.deepEqual(lenient('/get/~%5E(%5Cd%2B)$'), ['get', '~^(\\d+)$']);
    for (const url of ['/a\\b', '/a%5C%00', '/a%5C/../b', '/a%5C%2F..']) {
      assert.throws(() => lenient(url), { code: 'malformed-url' });
    }
  });

  it('refuses a URL that is too long', () => {
    assert.throws(() => parse(`/${'a'.repeat(1000)}`), { code: 'url-too-long' });
  });

  it('gives back the segments of any URL that was encoded', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 10 })
      .filter((text) => !/[\p{Cc}\\/]|^\.\.?$/u.test(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (segments) => {
        const url = `/${segments.map(encodeURIComponent).join('/')}`;
        assert.deepEqual(parseRequestTarget(url, 8192).segments, segments);
      }),
      { numRuns: 2000 },
    );
  });

  it('never lets a dot segment, a backslash or a control character through', () => {
    const piece = fc.constantFrom('/', '%2f', '..', '.', '%2e', '%', '%5c', '\\', '%00', 'a', '?');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          const { path } = parse(`/${pieces.join('')}`);
          assert.doesNotMatch(path, /[\p{Cc}\\]|\/\.{1,2}(?:\/|$)|\/\//u);
        } catch (thrown) {
          assert(thrown instanceof MediaError && thrown.kind === 'invalid-argument');
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('RouteMatcher', () => {
  for (const [pattern, url, parameters] of [
    ['/', '/', {}],
    ['/', '/a', undefined],
    ['/v3/info', '/v3/info', {}],
    ['/v3/info', '/v3/info/', undefined],
    ['/v3/%69nfo', '/v3/info', undefined],
    ['/v3/info', '/v3/%69nfo', {}],
    ['/kick/:id', '/kick/7', { id: '7' }],
    ['/kick/:id', '/kick/', undefined],
    ['/kick/:id', '/kick/7/8', undefined],
    ['/kick/:id', '/kick/7%2F8', undefined],
    ['/get/*name', '/get/a/b/c', { name: 'a/b/c' }],
    ['/get/*name', '/get/a%2Fb', { name: 'a/b' }],
    ['/get/*name', '/get/', undefined],
    ['/get/*name', '/get', undefined],
    ['/get/*name', '/get/a/', undefined],
    ['/*path/', '/a/b/', { path: 'a/b' }],
    ['/*path/', '/a/b', undefined],
    ['/*path/whep', '/a/b/whep', { path: 'a/b' }],
    ['/*path/whep', '/whep', undefined],
    ['/*path/whep', '/whep/whep', { path: 'whep' }],
    ['/*path/whep', '/a%2Fwhep', undefined],
    ['/*path/whep/:secret', '/a/b/whep/s', { path: 'a/b', secret: 's' }],
    ['/*path/whep/:secret', '/whep/s', undefined],
  ] as const) {
    it(`${parameters ? 'matches' : 'does not match'} '${url}' with '${pattern}'`, () => {
      const matcher = new RouteMatcher<boolean>();
      matcher.add(pattern, true);
      const [matched] = matcher.match(parse(url).segments);
      assert.deepEqual(matched && Object.fromEntries(matched.parameters), parameters);
    });
  }

  for (const pattern of ['a', '', '/*a/*b', '/:a/:a', '/:', '/*']) {
    it(`refuses the pattern '${pattern}'`, () => {
      assert.throws(() => new RouteMatcher<boolean>().add(pattern, true), {
        code: 'invalid-route-pattern',
      });
    });
  }
});

describe('Router', () => {
  const access = { type: 'public', reason: 'test' } as const;
  const action = (): { status: number } => ({ status: 200 });
  const route = (methods: Route['methods'], pattern: string): Route => {
    return { methods, pattern, access, action };
  };
  const upgrade: UpgradeRoute = { pattern: '/ws', access, accept: () => undefined };
  const router = new Router(
    [route(['GET', 'POST'], '/a/:b'), route(['GET'], '/a/*rest'), route(['DELETE'], '/*path/whep')],
    [upgrade],
  );

  it('takes the first route whose pattern and method match', () => {
    assert.equal(router.find('GET', parse('/a/x')).route.pattern, '/a/:b');
    assert.equal(router.find('GET', parse('/a/x/y')).route.pattern, '/a/*rest');
    assert.equal(router.find('DELETE', parse('/a/whep')).route.pattern, '/*path/whep');
  });

  it('gives HEAD the route of GET', () => {
    assert.equal(router.find('HEAD', parse('/a/x')).route.pattern, '/a/:b');
  });

  it('names the methods of all routes that match when none has the method', () => {
    assert.throws(() => router.find('PUT', parse('/a/whep')), {
      code: 'method-not-allowed',
      context: { method: 'PUT', path: '/a/whep', allow: 'GET, POST, DELETE, HEAD' },
    });
  });

  it('tells nothing there from an encoded slash and from a missing handshake', () => {
    assert.throws(() => router.find('GET', parse('/b')), { code: 'route-not-found' });
    assert.throws(() => router.find('GET', parse('/b%2Fc')), {
      code: 'malformed-url',
      message: /encoded slash/u,
    });
    assert.throws(() => router.find('GET', parse('/ws')), { code: 'upgrade-required' });
    assert.equal(router.findUpgrade(parse('/ws'))?.route, upgrade);
    assert.equal(router.findUpgrade(parse('/a/x')), undefined);
  });

  it('refuses two routes for one method and pattern', () => {
    const twice = [route(['GET'], '/a'), route(['POST', 'GET'], '/a')];
    assert.throws(() => new Router(twice), { code: 'duplicate-route' });
    assert.throws(() => new Router([], [upgrade, upgrade]), { code: 'duplicate-route' });
  });
});
