// Tests of warnings that others cause: bounded, and none lost without a word.
import assert from 'node:assert/strict';
import { BoundedLog } from '../../../core/base/bounded-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

describe('BoundedLog', () => {
  it('writes the first lines of a period, and says later how many it left out', () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const log = new BoundedLog({ clock, logger }, { periodMs: 1000, maxLines: 2 });
    for (let line = 1; line <= 5; line++) log.warn(`line ${line}`);
    clock.advance(999);
    log.warn('still too early');
    clock.advance(1);
    log.warn('next period');
    log.warn('and another');
    assert.deepEqual(
      logger.lines.map(({ message }) => message),
      ['line 1', 'line 2', 'next period (4 others were left out before)', 'and another'],
    );
  });
});
