// Tests of payload type tables and format parameters.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { integerParameter, parseFormatParameters } from '../../../core/sdp/format-parameters.ts';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { rtpFormatsOf, rtpmapOf, type RtpFormat } from '../../../core/sdp/rtp-format.ts';

function formatsOf(lines: readonly string[]): RtpFormat[] {
  const [media] = parseSdp(lines.join('\n')).medias;
  assert.ok(media);
  return rtpFormatsOf(media);
}

describe('rtpFormatsOf()', () => {
  it('ties rtpmap, fmtp and feedback to payload types in the order of the m= line', () => {
    const formats = formatsOf([
      'm=video 9 UDP/TLS/RTP/SAVPF 102 96',
      'a=rtpmap:96 VP8/90000',
      'a=rtpmap:102 H264/90000',
      'a=fmtp:102 packetization-mode=1',
      'a=rtcp-fb:* transport-cc',
      'a=rtcp-fb:102 nack pli',
      'a=rtcp-fb:102 nack',
    ]);
    assert.deepEqual(formats, [
      {
        payloadType: 102,
        encoding: 'H264',
        clockRateHz: 90000,
        channelCount: 1,
        fmtp: 'packetization-mode=1',
        rtcpFeedback: ['transport-cc', 'nack pli', 'nack'],
      },
      {
        payloadType: 96,
        encoding: 'VP8',
        clockRateHz: 90000,
        channelCount: 1,
        fmtp: '',
        rtcpFeedback: ['transport-cc'],
      },
    ]);
  });

  it('knows the static payload types', () => {
    const formats = formatsOf(['m=audio 0 RTP/AVP 0 8 9 10 11 14 26 33 77']);
    assert.deepEqual(formats.map(rtpmapOf), [
      'PCMU/8000',
      'PCMA/8000',
      'G722/8000',
      'L16/44100/2',
      'L16/44100',
      'MPA/90000',
      'JPEG/90000',
      'MP2T/90000',
      '',
    ]);
  });

  it('leaves out what is no payload type, and second mentions', () => {
    const formats = formatsOf(['m=audio 0 RTP/AVP 128 x 0 -1 0 1.5 0x8']);
    assert.deepEqual(
      formats.map(({ payloadType }) => payloadType),
      [0],
    );
  });

  it('takes rtpmaps with blanks, without clock rate, or out of range', () => {
    const formats = formatsOf([
      'm=audio 0 RTP/AVP 96 97 98',
      'a=rtpmap:96   L16/44100/2  ',
      'a=rtpmap:97 PCMU',
      'a=rtpmap:98 X/99999999999/999',
    ]);
    assert.deepEqual(
      formats.map(({ encoding, clockRateHz, channelCount }) => [
        encoding,
        clockRateHz,
        channelCount,
      ]),
      [
        ['L16', 44100, 2],
        ['PCMU', 0, 1],
        ['X', 0, 1],
      ],
    );
  });

  it('takes the first of two rtpmaps and of two fmtps', () => {
    const formats = formatsOf([
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 A/1',
      'a=rtpmap:96 B/2',
      'a=fmtp:96 x=1',
      'a=fmtp:96 x=2',
    ]);
    assert.deepEqual([formats[0]?.encoding, formats[0]?.fmtp], ['A', 'x=1']);
  });
});

describe('parseFormatParameters()', () => {
  it('splits at semicolons, with or without blanks, and lowers names', () => {
    const parameters = parseFormatParameters('Mode=AAC-hbr; config=1190;SizeLength=13 ;; flag;x=');
    assert.deepEqual(Object.fromEntries(parameters), {
      mode: 'AAC-hbr',
      config: '1190',
      sizelength: '13',
      flag: '',
      x: '',
    });
  });

  it('keeps equal signs, lists with blanks, and takes quotes off', () => {
    const parameters = parseFormatParameters('sprop-parameter-sets=Z0I=, aM4=; q="a"; e==');
    assert.deepEqual(Object.fromEntries(parameters), {
      'sprop-parameter-sets': 'Z0I=,aM4=',
      q: 'a',
      e: '=',
    });
  });

  it('splits at blanks when a camera knows no semicolon', () => {
    const parameters = parseFormatParameters('DecoderTag=h3c-v3 RTCP=0');
    assert.deepEqual(Object.fromEntries(parameters), { decodertag: 'h3c-v3', rtcp: '0' });
  });

  it('takes the first of two equal names and never throws', () => {
    assert.equal(parseFormatParameters('a=1;a=2').get('a'), '1');
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        assert.ok(parseFormatParameters(text).size <= text.length);
      }),
      { numRuns: 10_000 },
    );
  });

  it('stays fast on long lists', () => {
    const startedAt = performance.now();
    assert.ok(parseFormatParameters(`x=,${' ,'.repeat(30_000)}`).size > 0);
    assert.ok(performance.now() - startedAt < 200);
  });
});

describe('integerParameter()', () => {
  it('takes whole numbers in range only', () => {
    const parameters = parseFormatParameters('a=3;b=-1;c=0x1;d=99999999999;e=;f=4');
    const read = (name: string): number | undefined => integerParameter(parameters, name, 3);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(read), [
      3,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
