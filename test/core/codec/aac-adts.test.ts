// Tests of ADTS headers.
import assert from 'node:assert/strict';
import { parseAudioSpecificConfig } from '../../../core/codec/audio-specific-config.ts';
import { adtsHeaderLength, AdtsHeaderWriter } from '../../../core/codec/aac-adts.ts';
import { countingBytes } from '../rtp/rtp-packets.ts';

function writerOf(configHex: string): AdtsHeaderWriter {
  const config = parseAudioSpecificConfig(Uint8Array.from(Buffer.from(configHex, 'hex')));
  assert.ok(config);
  return new AdtsHeaderWriter(config);
}

describe('AdtsHeaderWriter', () => {
  it('writes the header that ffmpeg writes for AAC-LC, 48 kHz, stereo', () => {
    const buffer = new Uint8Array(16);
    assert.equal(writerOf('1190').write(buffer, 2, 371), 9);
    assert.equal(Buffer.from(buffer.subarray(2, 9)).toString('hex'), 'fff14c802f5ffc');
  });

  it('writes nothing for what ADTS cannot say', () => {
    const buffer = new Uint8Array(16);
    const writer = writerOf('1190');
    assert.equal(writer.write(buffer, 0, 8192 - 7), 0);
    assert.equal(writer.write(buffer, 10, 100), 10);
    // Explicit rate of 12345 Hz.
    const odd = writerOf('17818' + '1c8' + '88');
    assert.equal(odd.isPossible, false);
    assert.equal(odd.write(buffer, 0, 100), 0);
    assert.ok(buffer.every((byte) => byte === 0));
  });
});

describe('adtsHeaderLength()', () => {
  it('finds exactly one whole frame', () => {
    const frame = new Uint8Array(57);
    writerOf('1408').write(frame, 0, 50);
    assert.equal(adtsHeaderLength(frame, 0, 57), 7);
    assert.equal(adtsHeaderLength(frame, 0, 56), 0);
    assert.equal(adtsHeaderLength(new Uint8Array([...frame, 0]), 0, 58), 0);
    frame[1] = 0xf0;
    assert.equal(adtsHeaderLength(frame, 0, 57), 9);
    frame[6] = 0xfd;
    assert.equal(adtsHeaderLength(frame, 0, 57), 0);
  });

  it('leaves bare access units alone', () => {
    assert.equal(adtsHeaderLength(countingBytes(100, 0x21), 0, 100), 0);
    assert.equal(adtsHeaderLength(Uint8Array.of(0xff, 0xf1), 0, 2), 0);
  });
});
