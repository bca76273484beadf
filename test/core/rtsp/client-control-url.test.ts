// Tests of how control attributes become request URLs.
import assert from 'node:assert/strict';
import { controlBaseUrl, resolveControl } from '../../../core/rtsp/client-control-url.ts';
import { RtspHeaders } from '../../../core/rtsp/rtsp-headers.ts';

const OWN = 'rtsps://cam/x';

describe('controlBaseUrl()', () => {
  const rows: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{}, OWN],
    [{ 'Content-Base': 'rtsp://other/x/' }, 'rtsp://other/x/'],
    [{ 'Content-Base': 'rtsp://u:p@other/x/' }, 'rtsp://other/x/'],
    [{ 'Content-Location': 'rtsp://other/y' }, 'rtsp://other/y'],
    [{ 'Content-Base': '10.0.0.1:554/x/' }, 'rtsps://10.0.0.1:554/x/'],
    [{ 'Content-Base': 'x/' }, OWN],
    [{ 'Content-Base': `rtsp://${'a'.repeat(3000)}/` }, OWN],
  ];
  for (const [headers, base] of rows) {
    it(`makes ${base} of ${JSON.stringify(headers).slice(0, 60)}`, () => {
      assert.equal(controlBaseUrl(RtspHeaders.of(headers), OWN), base);
    });
  }
});

describe('resolveControl()', () => {
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ['rtsp://c/x', undefined, 'rtsp://c/x'],
    ['rtsp://c/x', '*', 'rtsp://c/x'],
    ['rtsp://c/x/', ' ', 'rtsp://c/x/'],
    ['rtsp://c/x', 'trackID=1', 'rtsp://c/x/trackID=1'],
    ['rtsp://c/x/', 'trackID=1', 'rtsp://c/x/trackID=1'],
    ['rtsp://c/x/', '/trackID=1', 'rtsp://c/x/trackID=1'],
    ['rtsp://c/x', '/trackID=1', 'rtsp://c/x/trackID=1'],
    ['rtsp://c/x?a=1', 'track1', 'rtsp://c/x?a=1/track1'],
    ['rtsp://c/x', '?ctype=video', 'rtsp://c/x?ctype=video'],
    ['rtsp://c/x', 'rtsp://u:p@d/y', 'rtsp://d/y'],
    ['rtsp://c/x', 'a'.repeat(3000), 'rtsp://c/x'],
  ];
  for (const [base, control, url] of rows) {
    it(`makes ${url} of ${String(control).slice(0, 30)}`, () => {
      assert.equal(resolveControl(base, control), url);
    });
  }
});
