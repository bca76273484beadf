// Which sources clients may name.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../../core/base/media-error.ts';
import { readSource } from '../../../../pro/signaling/go2rtc/stream-source.ts';

const SCHEMES = ['rtsp', 'rtsps'];
const read = (text: string): ReturnType<typeof readSource> => readSource(text, SCHEMES);

describe('readSource()', () => {
  const pulls: Readonly<Record<string, string>> = {
    'rtsp://cam/1': 'rtsp://cam/1',
    'RTSPS://user:pass@cam:322/1?a=b': 'RTSPS://user:pass@cam:322/1?a=b',
    'rtsp://cam/1#backchannel=0#timeout=30': 'rtsp://cam/1',
    'rtsp://cam/1#': 'rtsp://cam/1',
    'rtsp://user:p#ss@cam/1#media=video': 'rtsp://user:p#ss@cam/1',
    'ffmpeg:rtsp://cam/1#video=copy#audio=opus': 'rtsp://cam/1',
  };
  for (const [text, url] of Object.entries(pulls)) {
    it(`pulls ${url} for ${text}`, () => {
      assert.deepEqual(read(text), { type: 'pull', url });
    });
  }

  for (const text of [
    'ffmpeg:camera.door#audio=opus#query=log_level=debug',
    'ffmpeg:camera.door#video=mjpeg',
    'ffmpeg:camera.door',
  ]) {
    it(`takes ${text} as another form of a stream of ours`, () => {
      assert.deepEqual(read(text), { type: 'own', stream: 'camera.door' });
    });
  }

  const refused: Readonly<Record<string, RegExp>> = {
    'exec:ffmpeg -i x': /from insecure producer/u,
    'EXEC:rm': /from insecure producer/u,
    exec: /from insecure producer/u,
    'echo:hello': /from insecure producer/u,
    'expr:x+1': /from insecure producer/u,
    'ffmpeg:exec:sh': /from insecure producer/u,
    'rtsp://cam/a b': /with spaces may be insecure/u,
    'rtsp://cam/\nb': /with spaces may be insecure/u,
    'file:///etc/passwd': /not supported/u,
    'rtsp:cam': /not supported/u,
    'gopher://x': /not supported/u,
    '': /not supported/u,
    'ffmpeg:': /not supported/u,
    'ffmpeg:rtsp://cam/1#video=h264': /not supported/u,
    'ffmpeg:file:///etc/passwd': /not supported/u,
    [`rtsp://${'x'.repeat(2048)}`]: /longer than/u,
  };
  for (const [text, reason] of Object.entries(refused)) {
    it(`refuses '${text.slice(0, 40)}'`, () => {
      assert.throws(() => read(text), reason);
    });
  }

  it('takes a file name behind ffmpeg: for the name of a stream, never for a file', () => {
    assert.deepEqual(read('ffmpeg:/etc/passwd'), { type: 'own', stream: '/etc/passwd' });
  });

  it('gives a URL of an allowed scheme, the name of a stream or a refusal, whatever comes', () => {
    const part = fc.constantFrom(
      'ffmpeg:',
      'rtsp://',
      'exec:',
      '#',
      'a=b',
      '@',
      '\u{1f600}',
      ' ',
      '..',
    );
    const text = fc.array(fc.oneof(part, fc.string({ maxLength: 5 })), { maxLength: 8 });
    fc.assert(
      fc.property(text, (parts) => {
        try {
          const source = read(parts.join(''));
          if (source.type === 'pull') assert.match(source.url, /^rtsps?:\/\//iu);
          else assert.doesNotMatch(source.stream, /:\/\/|\s|^exec$/u);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError && thrown.code === 'go2rtc-source-refused');
        }
      }),
      { numRuns: 5000 },
    );
  });
});
