// Tests of the pages over a real listener: who gets in, where redirects lead, what HTML may hold.
import assert from 'node:assert/strict';
import { basic, GUARDED_YML, HTML, openSite, OPEN_YML, OWNER } from './page-site.ts';

describe('pageRoutes()', () => {
  describe('redirects', () => {
    it('adds the slash and keeps the query', async () => {
      await using site = await openSite(OPEN_YML);
      const cases: readonly (readonly [string, string])[] = [
        ['/cam', '/cam/'],
        ['/cam?controls=0&a=%2F%2Fevil', '/cam/?controls=0&a=%2F%2Fevil'],
        ['/a/b/c', '/a/b/c/'],
        ['/a%2Fb', '/a/b/'],
        ['/caf%C3%A9', '/caf%C3%A9/'],
        ['/a%3Fb', '/a%3Fb/'],
        ['/https:evil.example', '/https%3Aevil.example/'],
        ['/@evil.example', '/%40evil.example/'],
      ];
      for (const [from, to] of cases) {
        const { status, headers } = await site.get(from);
        assert.deepEqual([status, headers.location], [302, to], from);
      }
    });

    it('never leads to another host', async () => {
      await using site = await openSite(OPEN_YML);
      const corpus = [
        ...['//evil.example', '///evil.example', '/%2Fevil.example', '/%2F%2Fevil.example'],
        ...['/\\evil.example', '/%5Cevil.example', '/%5C%5Cevil.example', '//evil.example/..'],
        ...['/.//evil.example', '/%2e%2e//evil.example', '/x//evil.example', '/%09/evil.example'],
        ...['/%0d%0aLocation:%20https://evil.example', '/evil.example%2F%2F', '/%2F/evil.example'],
        'http://evil.example//evil.example',
      ];
      for (const path of corpus) {
        const { status, headers } = await site.get(path);
        assert.deepEqual([path, status, headers.location], [path, 400, undefined]);
      }
    });
  });

  describe('the pages', () => {
    it('hold the path name as text and nothing that runs', async () => {
      await using site = await openSite(OPEN_YML);
      for (const path of ['/', '/cam/', '/a/b/', '/cam/publish']) {
        const { status, headers, body } = await site.get(path);
        assert.equal(status, 200, path);
        assert.equal(headers['content-type'], 'text/html; charset=utf-8');
        assert.equal(headers['cache-control'], 'no-cache');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.doesNotMatch(body, /<script(?![^>]* src=)|<style|\son\w+=|style=|javascript:/iu);
        assert.doesNotMatch(body, /\{\{|(?:src|href)="(?:https?:)?\/\//u);
      }
      assert.match((await site.get('/a/b/')).body, / data-path="a\/b"/u);
    });

    it('allow scripts and styles of their own only, and only players inside other pages', async () => {
      await using site = await openSite(OPEN_YML);
      for (const path of ['/', '/cam/', '/cam/publish']) {
        const { headers } = await site.get(path);
        const policy = String(headers['content-security-policy']);
        assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/u);
        assert.doesNotMatch(policy, /unsafe|\*/u);
        const isPlayer = path === '/cam/';
        assert.equal(policy.includes("frame-ancestors 'none'"), !isPlayer);
        assert.equal(headers['x-frame-options'], isPlayer ? undefined : 'DENY');
      }
    });

    it('point to files that exist, at any depth', async () => {
      await using site = await openSite(OPEN_YML);
      for (const path of ['/', '/cam/', '/a/b/c/', '/a/b/publish']) {
        const { body } = await site.get(path);
        const urls = [...body.matchAll(/(?:src|href)="([^"]*mediamtx-pro[^"]*)"/gu)];
        assert(urls.length >= 4, path);
        for (const [, url = ''] of urls) {
          if (url.endsWith('/login')) continue;
          const target = new URL(url, `http://localhost${path}`);
          assert.equal((await site.get(target.pathname + target.search)).status, 200, url);
        }
      }
    });

    it('are answered with 304 to who has them', async () => {
      await using site = await openSite(OPEN_YML);
      for (const path of ['/', '/cam/', '/mediamtx-pro/player.css', '/cam/reader.js']) {
        const { headers } = await site.get(path);
        const etag = String(headers.etag);
        assert.match(etag, /^W\/"[\w-]{20}"$/u);
        for (const known of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
          const again = await site.get(path, { 'if-none-match': known });
          assert.deepEqual([again.status, again.body], [304, ''], known);
        }
        assert.equal((await site.get(path, { 'if-none-match': '"other"' })).status, 200);
      }
      const [one, other] = [await site.get('/cam/'), await site.get('/cam2/')];
      assert.notEqual(one.headers.etag, other.headers.etag);
    });
  });

  describe('files', () => {
    it('are found as reader.js and publisher.js below any prefix, for an hour', async () => {
      await using site = await openSite(OPEN_YML);
      for (const prefix of ['', '/cam', '/a/b', '/not configured'.replace(' ', '%20')]) {
        for (const name of ['reader.js', 'publisher.js']) {
          const { status, headers, body } = await site.get(`${prefix}/${name}`);
          assert.equal(status, 200);
          assert.equal(headers['cache-control'], 'max-age=3600');
          assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
          assert.match(body, /Object\.assign\(globalThis, \{ MediaMTXWebRTC/u);
        }
      }
    });

    it('are sent compressed to who asks for it', async () => {
      await using site = await openSite(OPEN_YML);
      const coding = async (accepted: string): Promise<unknown> => {
        const { headers } = await site.get('/cam/reader.js', { 'accept-encoding': accepted });
        assert.equal(headers.vary, 'Accept-Encoding');
        return headers['content-encoding'];
      };
      assert.equal(await coding('br, gzip'), 'gzip');
      assert.equal(await coding('gzip;q=0.5'), 'gzip');
      for (const accepted of ['', 'identity', 'gzip;q=0', 'gzip;q=0.0', 'xgzip']) {
        assert.equal(await coding(accepted), undefined, accepted);
      }
    });

    it('give the favicon, and 404 for what is not there', async () => {
      await using site = await openSite(OPEN_YML);
      const icon = await site.get('/favicon.ico');
      assert.deepEqual([icon.status, icon.headers['content-type']], [200, 'image/svg+xml']);
      for (const name of [
        'nothing.js',
        '__proto__',
        'constructor',
        'read.html',
        '..%2Fread.html',
      ]) {
        const { status } = await site.get(`/mediamtx-pro/${name}`);
        assert(status === 404 || status === 400 || status === 302, `${name} ${status}`);
      }
    });

    it('leave GET on the URLs of WHIP and WHEP to them', async () => {
      await using site = await openSite(OPEN_YML);
      for (const path of ['/cam/whep', '/a/b/whip', '/cam/whep/some-secret']) {
        const { status, headers, body } = await site.get(path, HTML);
        assert.equal(status, 405, path);
        assert.match(body, /method not allowed/u);
        assert.match(String(headers.allow), /POST|PATCH/u);
      }
    });
  });

  describe('access', () => {
    it('asks for a login where the path needs one', async () => {
      await using site = await openSite(GUARDED_YML);
      for (const path of ['/garden/', '/garden/publish', '/public/publish', '/unknown/']) {
        for (const headers of [{}, HTML]) {
          const reply = await site.get(path, headers);
          assert.equal(reply.status, 401, path);
          assert.equal(reply.headers['www-authenticate'], 'Basic realm="mediamtx"');
        }
      }
      assert.equal((await site.get('/public/')).status, 200);
      assert.equal((await site.get('/garden/', OWNER)).status, 200);
      assert.equal((await site.get('/garden/publish', OWNER)).status, 200);
    });

    it('challenges a browser again after a wrong password, but no script', async () => {
      await using site = await openSite(GUARDED_YML);
      const wrong = basic('owner', 'wrong');
      const page = await site.get('/garden/', { ...wrong, ...HTML });
      assert.equal(page.status, 401);
      assert.equal(page.headers['www-authenticate'], 'Basic realm="mediamtx"');
      assert.match(page.body, /<h1>Wrong user or password<\/h1>/u);
      const script = await site.get('/garden/', wrong);
      assert.equal(script.headers['www-authenticate'], undefined);
    });

    it('tells who is known but not allowed', async () => {
      await using site = await openSite(GUARDED_YML);
      const { status, headers, body } = await site.get('/garden/', {
        ...basic('guest', 'long-enough'),
        ...HTML,
      });
      assert.deepEqual([status, headers['www-authenticate']], [403, undefined]);
      assert.match(body, /Not allowed/u);
    });

    it('tells that a path is not configured, as a page or as JSON', async () => {
      await using site = await openSite(GUARDED_YML);
      const page = await site.get('/nothing/', { ...OWNER, ...HTML });
      assert.equal(page.status, 400);
      assert.match(page.body, /<h1>No such stream<\/h1>[\s\S]*path &#39;nothing&#39; is not/u);
      assert.equal(page.headers['cache-control'], 'no-store');
      assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'/u);
      const json = await site.get('/nothing/', OWNER);
      assert.equal(json.status, 400);
      assert.deepEqual(JSON.parse(json.body), {
        status: 'error',
        error: "path 'nothing' is not configured",
      });
    });

    it('escapes whatever name was asked for', async () => {
      await using site = await openSite(OPEN_YML.replace('  all_others: {}\n', ''));
      const corpus = [
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "'onmouseover='alert(1)",
        '</title><svg onload=alert(1)>',
        '{{path}}$&$1',
        '&lt;b&gt;',
      ];
      for (const name of corpus) {
        for (const page of ['/', '/publish']) {
          const { status, body } = await site.get(`/${encodeURIComponent(name)}${page}`, HTML);
          assert.equal(status, 400, name);
          assert.doesNotMatch(body, /<script|<img|<svg|\sonmouseover='|<b>/u);
        }
      }
    });
  });
});
