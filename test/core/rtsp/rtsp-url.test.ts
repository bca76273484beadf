// Tests of RTSP URLs as FFmpeg, GStreamer, VLC and live555 write them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { controlBaseOf, findControl, parseRtspUrl, targetOf } from '../../../core/rtsp/rtsp-url.ts';

describe('targetOf()', () => {
  const ROWS: readonly [string, string, string, number | undefined][] = [
    ['rtsp://h/cam', 'cam', '', undefined],
    ['rtsp://h:8554/a/b/c/', 'a/b/c', '', undefined],
    ['RTSP://h/cam/trackID=1', 'cam', '', 1],
    ['rtsp://h/cam/trackID=12/', 'cam', '', 12],
    ['rtsp://h/cam/trackID=1?token=x', 'cam', 'token=x', 1],
    ['rtsp://h/cam?token=x/trackID=1', 'cam', 'token=x', 1],
    ['rtsp://h/cam/?token=x/trackID=1', 'cam', 'token=x', 1],
    ['rtsp://h/cam?token=x/', 'cam', 'token=x', undefined],
    ['rtsps://u:p%40@[::1]:8322/a%20b', 'a b', '', undefined],
    ['rtsp://h/cam#frag', 'cam', '', undefined],
    ['rtsp://h', '', '', undefined],
  ];
  for (const [text, pathName, query, trackIndex] of ROWS) {
    it(`reads ${text}`, () => {
      assert.deepEqual(targetOf(parseRtspUrl(text)), { pathName, query, trackIndex });
    });
  }

  it('throws only MediaErrors', () => {
    const piece = fc.constantFrom(
      'rtsp:',
      '//',
      '/',
      '?',
      '%',
      '4',
      '@',
      'trackID=',
      '[',
      'h',
      '#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        try {
          targetOf(parseRtspUrl(pieces.join('')));
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('controlBaseOf()', () => {
  it('leaves out credentials and query and ends with a slash', () => {
    const url = parseRtspUrl('rtsp://u:p@h:8554/a%20b/c?x=1');
    assert.equal(controlBaseOf(url, targetOf(url)), 'rtsp://h:8554/a%20b/c/');
  });
});

describe('findControl()', () => {
  const CONTROLS = [
    'streamid=0',
    'streamid=1',
    'track1',
    '1',
    'rtsp://nat/x/abs?y=2',
    undefined,
    '*',
  ];
  const ROWS: readonly [string, number][] = [
    ['rtsp://h/cam/streamid=0', 0],
    ['rtsp://h/cam/streamid=1/', 1],
    ['rtsp://h/cam?q=1/streamid=1', 1],
    ['rtsp://h/cam/streamid=1?q=1', 1],
    ['rtsp://h/cam/track1', 2],
    ['rtsp://h/cam/1', 3],
    ['rtsp://nat/x/abs?y=2', 4],
    ['rtsp://other:8554/x/abs?y=2', 4],
    ['rtsp://h/cam', -1],
    ['rtsp://h/cam/11', -1],
  ];
  for (const [text, expected] of ROWS) {
    it(`finds ${expected} in ${text}`, () => {
      assert.equal(findControl(parseRtspUrl(text), CONTROLS), expected);
    });
  }
});
