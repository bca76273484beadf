// Tests of the choice whether to transcode, and of what happens without ffmpeg.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Codec, TrackDescription } from '../../../core/codec/codec.ts';
import type { PathConfig } from '../../../core/config/config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { Stream } from '../../../core/stream/stream.ts';
import { OpusTranscoders } from '../../../core/transcode/opus-transcoders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const AAC: Codec = {
  name: 'MPEG-4 Audio',
  clockRateHz: 48000,
  sampleRateHz: 48000,
  channelCount: 2,
  config: Buffer.from('1190', 'hex'),
  framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};
const OPUS: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };

function streamOf(...codecs: readonly Codec[]): Stream {
  const descriptions = codecs.map((codec, index): TrackDescription => ({
    kind: 'audio',
    codec,
    payloadType: 96 + index,
  }));
  return new Stream(descriptions, { clock: new FakeClock() });
}

function pathConfig(text = ''): PathConfig {
  return loadConfig({ text, env: {} }).pathDefaults;
}

function create(searchPath: string): { transcoders: OpusTranscoders; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const transcoders = new OpusTranscoders({ clock: new FakeClock(), logger }, { searchPath });
  return { transcoders, logger };
}

describe('OpusTranscoders', () => {
  it('says once that ffmpeg is missing', () => {
    const { transcoders, logger } = create('/nowhere');
    assert.equal(transcoders.wanted(streamOf(AAC), pathConfig()), false);
    assert.equal(transcoders.wanted(streamOf(AAC), pathConfig()), false);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]?.message ?? '', /install ffmpeg/u);
  });

  it('wants only AAC that has no better audio beside it', () => {
    const { transcoders } = create(process.env['PATH'] ?? '');
    assert.equal(transcoders.wanted(streamOf(OPUS), pathConfig()), false);
    assert.equal(transcoders.wanted(streamOf(AAC, OPUS), pathConfig()), false);
    assert.equal(transcoders.count, 0);
  });

  it('is off where the path says so', () => {
    const { transcoders, logger } = create('/nowhere');
    const config = pathConfig('pathDefaults: { webrtcAudioTranscode: no }');
    assert.equal(transcoders.wanted(streamOf(AAC), config), false);
    assert.deepEqual(logger.lines, []);
  });

  it('refuses to start without ffmpeg', () => {
    const { transcoders } = create('/nowhere');
    assert.throws(() => transcoders.acquire(streamOf(AAC)), { code: 'not-transcodable' });
  });

  it('starts a process that died again, gives up after some times, and then lets the video alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'transcoder-'));
    try {
      await writeFile(join(folder, 'ffmpeg'), '#!/bin/sh\necho broken >&2\nexit 3\n', {
        mode: 0o755,
      });
      const clock = new FakeClock();
      const logger = new RecordingLogger();
      const transcoders = new OpusTranscoders({ clock, logger }, { searchPath: folder });
      const stream = streamOf(AAC);
      assert.equal(transcoders.wanted(stream, pathConfig()), true);
      const share = transcoders.acquire(stream);
      for (let starts = 1; starts <= 5; starts++) {
        await until(() => logger.lines.length === starts);
        assert.match(logger.lines.at(-1)?.message ?? '', /exit code 3: broken/u);
        clock.advance(10_000);
      }
      assert.match(logger.lines[0]?.message ?? '', /started again/u);
      assert.match(logger.lines[4]?.message ?? '', /stays without sound/u);
      assert.equal(transcoders.count, 0);
      assert.equal(transcoders.wanted(stream, pathConfig()), false);
      share.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Waits for something that a real process brings about; bounded. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200_000 && !isTrue(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(isTrue());
}
