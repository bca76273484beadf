// Argument lists come from templates alone: no name and no number of a client becomes an option.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import {
  encodeAudioArgs,
  encodeVideoArgs,
  probePacketsArgs,
  probeStreamsArgs,
  remuxArgs,
  silenceArgs,
  type CommandInput,
  type EncodeVideo,
} from '../../../pro/export/fluent-commands.ts';

const video = (input: CommandInput, change: Partial<EncodeVideo> = {}): string[] =>
  encodeVideoArgs({
    input,
    streamIndex: 0,
    seekS: 2,
    fromS: 3.04,
    untilS: 4,
    frameCount: 24,
    encoder: 'libx264',
    profile: 'high',
    parameterSetId: 8,
    letterbox: undefined,
    hasFpsMode: true,
    ...change,
  });
const all = (input: CommandInput): string[][] => [
  probeStreamsArgs(input),
  probePacketsArgs(input, { fromS: 1, untilS: 2 }),
  remuxArgs(input, '/tmp/out.mp4', 1e9),
  video(input),
  encodeAudioArgs({
    ...{ input, streamIndex: 1, fromS: 3, untilS: 4 },
    ...{ sampleRateHz: 48000, channelCount: 2 },
  }),
];

describe('argument lists of exports', () => {
  it('keep any name in one argument, as a file and nothing else', () => {
    const plain = all({ fullPath: '/a.mp4', container: 'mov' });
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    const nasty = fc.constantFrom('-i', ' -y x', '%d', "'", '"', '\n', 'http://x', 'a b', '$(x)');
    fc.assert(
      fc.property(fc.oneof(name, nasty), (text) => {
        const fullPath = `/${text.replaceAll('\0', '')}`;
        for (const [index, args] of all({ fullPath, container: 'mov' }).entries()) {
          const expected = plain[index]?.map((arg) =>
            arg === 'file:/a.mp4' ? `file:${fullPath}` : arg,
          );
          assert.deepEqual(args, expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('force the demuxer and allow files only, before each input', () => {
    for (const args of all({ fullPath: '/a.ts', container: 'mpegts' })) {
      const before = args.slice(0, args.indexOf('file:/a.ts'));
      assert.equal(before[before.indexOf('-f') + 1], 'mpegts');
      assert.equal(before[before.indexOf('-protocol_whitelist') + 1], 'file');
    }
  });

  it('refuse relative names, NUL, and numbers that are none', () => {
    for (const fullPath of ['a.mp4', '-i', 'http://x/a.mp4', '/a\0b', '']) {
      assert.throws(() => probeStreamsArgs({ fullPath, container: 'mov' }), MediaError);
    }
    const input = { fullPath: '/a.mp4', container: 'mov' } as const;
    for (const fromS of [NaN, Infinity, 1e10]) {
      assert.throws(() => video(input, { fromS }), { code: 'export-time-invalid' });
    }
  });

  it('select pictures by their times in the file', () => {
    const args = video({ fullPath: '/a.mp4', container: 'mov' });
    assert(args.includes('select=gte(t\\,3.039500)*lt(t\\,3.999500)'));
    assert.equal(args[args.indexOf('-ss') + 1], '2.000500');
    assert.equal(args[args.indexOf('-frames:v') + 1], '24');
    assert.equal(args[args.indexOf('-fps_mode') + 1], 'passthrough');
    assert.equal(args.at(-1), 'pipe:1');
    const old = video({ fullPath: '/a.mp4', container: 'mov' }, { hasFpsMode: false });
    assert.equal(old[old.indexOf('-vsync') + 1], '0');
    const fromStart = video({ fullPath: '/a.mp4', container: 'mov' }, { seekS: undefined });
    assert(!fromStart.includes('-ss'));
  });

  it('letterbox into an even size with square pixels', () => {
    const letterbox = { width: 640, height: 360 };
    const args = video({ fullPath: '/a.mp4', container: 'mov' }, { letterbox });
    const filter = args[args.indexOf('-filter:v') + 1] ?? '';
    assert.match(filter, /pad=640:360:\(ow-iw\)\/2:\(oh-ih\)\/2,setsar=1,format=yuv420p$/u);
  });

  it('write H.265 edges where the rest is H.265', () => {
    const args = video({ fullPath: '/a.mp4', container: 'mov' }, { encoder: 'libx265' });
    assert.equal(args[args.indexOf('-c:v') + 1], 'libx265');
    assert(!args.includes('-x264-params'));
  });

  it('make silence of one or two channels', () => {
    assert(silenceArgs(8000, 1).includes('anullsrc=r=8000:cl=mono'));
    assert(silenceArgs(48000, 2).includes('anullsrc=r=48000:cl=stereo'));
  });
});
