// Tests of AacEncoder with small programs in the place of ffmpeg.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MediaError } from '../../../core/base/media-error.ts';
import type { FfmpegProvider } from '../../../pro/ffmpeg/ffmpeg-program.ts';
import { AacEncoder } from '../../../pro/put-media/aac-encoder.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const MAX_TURNS = 500;

describe('AacEncoder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aac-encoder-'));
  after(() => rmSync(folder, { recursive: true }));

  function program(script: string): FfmpegProvider {
    const path = join(folder, 'program');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { get: () => Promise.resolve({ path, probePath: undefined, version: '0' }) };
  }

  function create(ffmpeg: FfmpegProvider): {
    readonly encoder: AacEncoder;
    readonly clock: FakeClock;
    readonly logger: RecordingLogger;
    readonly events: string[];
  } {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const events: string[] = [];
    const encoder = new AacEncoder(
      { clock, logger, ffmpeg },
      {
        inputArguments: ['-f', 's16be'],
        channelCount: 1,
        onStarted: () => events.push('started'),
        onFrame: (frame) => events.push(`frame of ${frame.length}`),
        onFailed: (reason) => events.push(reason),
      },
    );
    encoder.start();
    return { encoder, clock, logger, events };
  }

  /** Waits for what real processes do, within bounds. */
  async function until(isDone: () => boolean): Promise<void> {
    for (let turns = 0; !isDone(); turns++) {
      assert.ok(turns < MAX_TURNS, 'it takes too long');
      await wait(5);
    }
  }

  it('tells why it never started', async () => {
    const failure = new MediaError('unavailable', 'ffmpeg-missing', 'no ffmpeg here');
    const { encoder, events } = create({ get: () => Promise.reject(failure) });
    await until(() => events.length > 0);
    assert.deepEqual(events, ['no ffmpeg here']);
    assert.equal(encoder.write(Uint8Array.of(1)), false);
    assert.equal(encoder.droppedWrites, 1);
  });

  it('hands out the frames of the process and ends it', async () => {
    const ffmpeg = program('printf "\\377\\361\\114\\200\\001\\037\\374\\007"; cat > /dev/null');
    const { encoder, clock, events } = create(ffmpeg);
    await until(() => events.length === 2);
    assert.deepEqual(events, ['started', 'frame of 1']);
    assert.equal(encoder.write(Uint8Array.of(1)), true);
    await encoder.close();
    assert.equal(clock.pendingTimers, 0);
    assert.equal(events.length, 2);
  });

  it('starts a process that died again, later each time, and gives up after six', async () => {
    const { clock, logger, events } = create(program('echo broken >&2; exit 3'));
    for (let failures = 1; failures <= 5; failures++) {
      await until(() => logger.lines.length === failures);
      const waitMs = 500 * 2 ** (failures - 1);
      clock.advance(waitMs - 1);
      assert.equal(events.length, failures);
      clock.advance(1);
    }
    await until(() => events.length === 7);
    assert.equal(events.at(-1), 'ffmpeg ended with exit code 3: broken');
    assert.equal(clock.pendingTimers, 0);
  });

  it('drops what a stuck process does not take', async () => {
    const { encoder, events } = create(program('exec sleep 60'));
    await until(() => events.length === 1);
    const block = new Uint8Array(200_000);
    const taken = Array.from({ length: 10 }, () => encoder.write(block)).filter(Boolean).length;
    assert.ok(taken >= 4 && taken <= 6, `${taken}`);
    assert.equal(encoder.droppedWrites, 10 - taken);
    await encoder.close();
  });
});
