// Tests of StreamMuxConfig with values that ffmpeg writes, and with random bits.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { audioSpecificConfigOfLatm, latmConfigOf } from '../../../core/sdp/latm-config.ts';

function inner(text: string): string | undefined {
  const config = audioSpecificConfigOfLatm(Uint8Array.from(Buffer.from(text, 'hex')));
  return config && Buffer.from(config).toString('hex');
}

function outer(text: string): string | undefined {
  const config = latmConfigOf(Uint8Array.from(Buffer.from(text, 'hex')));
  return config && Buffer.from(config).toString('hex');
}

describe('audioSpecificConfigOfLatm()', () => {
  it('reads what ffmpeg announces', () => {
    assert.equal(inner('400023203fc0'), '1190');
    assert.equal(inner('400024203fc0'), '1210');
  });

  it('reads what GStreamer announces: an SBR extension, then too few bits', () => {
    const config = audioSpecificConfigOfLatm(Buffer.from('40002410adca00', 'hex'));
    assert.equal(Buffer.from(config ?? []).toString('hex'), '1208');
  });

  it('takes elements of several frames', () => {
    assert.equal(inner('410023203fc0'), '1190');
  });

  it('reads version 1, where the length is announced', () => {
    // Version 1, tara fullness of one byte, one program, config of 16 bits.
    const bits =
      '1' +
      '0' +
      '00' +
      '11111111' +
      '1' +
      '000000' +
      '0000' +
      '000' +
      '00' +
      '00010000' +
      '0001000110010000' +
      '000' +
      '11111111' +
      '0' +
      '0';
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
    const bytes = (padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
    assert.equal(inner(Buffer.from(bytes).toString('hex')), '1190');
  });

  for (const [fault, text] of [
    ['nothing', ''],
    ['a cut text', '4000'],
    ['two programs', '401023203fc0'],
    ['two layers', '400223203fc0'],
    ['channels in a program config element', '400023003fc0'],
    ['frames of fixed length', '40002320bfc0'],
    ['other data', '400023203fe0'],
    ['different timing of streams', '000023203fc0'],
    ['a future version', 'c00023203fc0'],
  ] as const) {
    it(`refuses ${fault}`, () => {
      assert.equal(inner(text), undefined);
    });
  }

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const config = audioSpecificConfigOfLatm(bytes);
        assert.ok(config === undefined || config.length <= bytes.length);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('latmConfigOf()', () => {
  it('writes what ffmpeg writes', () => {
    assert.equal(outer('1190'), '400023203fc0');
  });

  it('keeps explicit SBR and drops what stands behind the configuration', () => {
    assert.equal(inner(outer('2b118800') ?? ''), '2b118800');
    assert.equal(outer('119056e500'), outer('1190'));
  });

  it('refuses what it cannot measure', () => {
    assert.equal(outer('1180'), undefined);
    assert.equal(outer(''), undefined);
    assert.equal(outer('f8'), undefined);
  });
});
