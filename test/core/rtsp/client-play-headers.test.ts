// Tests of Range and Scale from the configuration.
import assert from 'node:assert/strict';
import { playHeadersOf, type PlaySettings } from '../../../core/rtsp/client-play-headers.ts';

const of = (
  rtspRangeType: PlaySettings['rtspRangeType'],
  rtspRangeStart: string,
  rtspScale = '',
): Readonly<Record<string, string>> => playHeadersOf({ rtspRangeType, rtspRangeStart, rtspScale });

describe('playHeadersOf()', () => {
  it('asks for everything unless a range is configured', () => {
    assert.deepEqual(of('', '5s'), { Range: 'npt=0.000-' });
  });

  it('writes each unit', () => {
    assert.deepEqual(of('npt', '1m1.5s'), { Range: 'npt=61.500-' });
    assert.deepEqual(of('npt', '7.25'), { Range: 'npt=7.250-' });
    assert.deepEqual(of('npt', 'now'), { Range: 'npt=now-' });
    assert.deepEqual(of('smpte', '1h2m3s'), { Range: 'smpte=01:02:03-' });
    assert.deepEqual(of('clock', '20260102T030405Z'), { Range: 'clock=20260102T030405Z-' });
  });

  it('adds the scale', () => {
    assert.deepEqual(of('', '', '-0.5'), { Range: 'npt=0.000-', Scale: '-0.5' });
  });

  it('names the key that cannot be used', () => {
    assert.throws(() => of('npt', 'soon'), /rtspRangeStart 'soon' is not a duration/u);
    assert.throws(() => of('npt', '-5s'), /rtspRangeStart '-5s'/u);
    assert.throws(() => of('clock', '5s'), /rtspRangeStart '5s' is not a time/u);
    assert.throws(() => of('', '', 'fast\r\nX: 1'), /rtspScale/u);
  });
});
