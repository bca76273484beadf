// Tests of source URLs: credentials with any character, hosts, ports, and errors that tell nothing.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { parseSourceUrl, placeOf } from '../../../core/rtsp/client-url.ts';

describe('parseSourceUrl()', () => {
  const rows: Readonly<Record<string, readonly [string, number, string, string | undefined]>> = {
    'rtsp://cam/stream': ['cam', 554, 'rtsp://cam/stream', undefined],
    'RTSPS://cam': ['cam', 322, 'rtsps://cam/', undefined],
    'rtsp://cam:8554?a=1&b=2': ['cam', 8554, 'rtsp://cam:8554/?a=1&b=2', undefined],
    'rtsp://[fe80::1%25eth0]:8554/x': [
      'fe80::1%eth0',
      8554,
      'rtsp://[fe80::1%25eth0]:8554/x',
      undefined,
    ],
    'rtsp://admin:1234@cam/a@b': ['cam', 554, 'rtsp://cam/a@b', 'admin 1234'],
    'rtsp://admin:p@ss:w#rd?@cam:80/x': ['cam', 80, 'rtsp://cam:80/x', 'admin p@ss:w#rd?'],
    'rtsp://admin:p%40ss%2F@cam/x': ['cam', 554, 'rtsp://cam/x', 'admin p@ss/'],
    'rtsp://admin:100%@cam/x': ['cam', 554, 'rtsp://cam/x', 'admin 100%'],
    'rtsp://admin@cam/x': ['cam', 554, 'rtsp://cam/x', 'admin '],
    'rtsp://@cam/x': ['cam', 554, 'rtsp://cam/x', undefined],
    ' rtsp://cam/tür 1#frag ': ['cam', 554, 'rtsp://cam/t%C3%BCr%201', undefined],
  };
  for (const [text, [host, port, requestUrl, credentials]] of Object.entries(rows)) {
    it(`reads ${text}`, () => {
      const url = parseSourceUrl(text);
      const shown = url.credentials && `${url.credentials.user} ${url.credentials.password}`;
      assert.deepEqual(
        [url.host, url.port, url.requestUrl, shown],
        [host, port, requestUrl, credentials],
      );
    });
  }

  it('refuses what is no source URL without telling any of it', () => {
    const secret = 'verysecret';
    for (const text of [
      `http://admin:${secret}@cam/`,
      `rtsp://admin:${secret}`,
      `rtsp://admin:${secret}/x@cam/`,
      `rtsp://admin:${secret}@/x`,
      `rtsp://admin:${secret}@cam:0/x`,
      `rtsp://admin:${secret}@cam:65536/x`,
      `rtsp://admin:${secret}@[::1/x`,
      `rtsp://admin:${secret}@a b/x`,
    ]) {
      assert.throws(
        () => parseSourceUrl(text),
        (error) =>
          error instanceof MediaError &&
          error.code === 'rtsp-source-url' &&
          !error.message.includes(secret),
        text,
      );
    }
  });

  it('gives back user and password whatever characters they have', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (user, password) => {
        const userInfo = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
        const url = parseSourceUrl(`rtsp://${userInfo}@cam/x`);
        assert.deepEqual(url.credentials, { user, password });
        assert.equal(url.requestUrl, 'rtsp://cam/x');
      }),
    );
  });

  it('never throws anything but a MediaError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = Buffer.from(bytes).toString('utf16le');
        try {
          assert.match(parseSourceUrl(`rtsp://${text}`).requestUrl, /^rtsp:\/\/[!-~]+$/u);
        } catch (error) {
          assert.ok(error instanceof MediaError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('placeOf()', () => {
  it('writes host and port', () => {
    assert.equal(placeOf(parseSourceUrl('rtsp://a:b@cam/x')), 'cam:554');
    assert.equal(placeOf(parseSourceUrl('rtsp://[::1]:1/x')), '[::1]:1');
  });
});
