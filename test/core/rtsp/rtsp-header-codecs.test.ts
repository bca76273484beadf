// Tests of the Transport, Session, Range and RTP-Info headers.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { parseRangeHeader } from '../../../core/rtsp/range-header.ts';
import { formatRtpInfoHeader, parseRtpInfoHeader } from '../../../core/rtsp/rtp-info-header.ts';
import { formatSessionHeader, parseSessionHeader } from '../../../core/rtsp/session-header.ts';
import { formatTransport, parseTransportHeader } from '../../../core/rtsp/transport-header.ts';

describe('parseTransportHeader()', () => {
  it('reads what FFmpeg sends over TCP', () => {
    const [transport] = parseTransportHeader('RTP/AVP/TCP;unicast;interleaved=2-3;mode=record');
    assert.deepEqual(transport, {
      ...{ lowerTransport: 'tcp', profile: 'AVP', isMulticast: false, mode: 'record' },
      interleaved: { rtp: 2, rtcp: 3 },
    });
  });

  it('reads what GStreamer sends: upper case, quotes, blanks', () => {
    const [transport] = parseTransportHeader(
      'RTP/AVP/UDP; unicast; client_port = 5000 - 5001; MODE="RECORD"',
    );
    assert.deepEqual(transport?.clientPort, { rtp: 5000, rtcp: 5001 });
    assert.equal(transport.mode, 'record');
  });

  it('keeps the order of several transports and commas inside quotes', () => {
    const transports = parseTransportHeader(
      'RTP/AVP;multicast;mode="PLAY,RECORD",RAW/RAW/UDP,RTP/AVP/TCP;interleaved=0',
    );
    assert.deepEqual(
      transports.map(({ lowerTransport, isMulticast }) => [lowerTransport, isMulticast]),
      [
        ['udp', true],
        ['tcp', false],
      ],
    );
    assert.deepEqual(transports[1]?.interleaved, { rtp: 0, rtcp: 1 });
  });

  it('reads a server answer with an ssrc that has blanks', () => {
    const [transport] = parseTransportHeader(
      'RTP/AVP;unicast;client_port=1-2;server_port=3-4;ssrc= 1A2B;source=1.2.3.4',
    );
    assert.equal(transport?.ssrc, 0x1a2b);
    assert.deepEqual(transport.serverPort, { rtp: 3, rtcp: 4 });
    assert.equal(transport.source, '1.2.3.4');
  });

  for (const header of ['', ',', 'RTP/AVP/TCP;interleaved=x', 'RTP/AVP;client_port=70000-70001']) {
    it(`refuses ${JSON.stringify(header)} as malformed`, () => {
      assert.throws(() => parseTransportHeader(header), { kind: 'invalid-argument' });
    });
  }

  it('refuses transports that are not RTP as unsupported', () => {
    const check = { kind: 'unsupported', code: 'rtsp-transport-unsupported' };
    assert.throws(() => parseTransportHeader('RAW/RAW/UDP;unicast'), check);
  });

  it('reads back what formatTransport() writes', () => {
    const pair = fc.tuple(fc.nat(255), fc.nat(255)).map(([rtp, rtcp]) => ({ rtp, rtcp }));
    const transport = fc.record(
      {
        lowerTransport: fc.constantFrom('udp', 'tcp'),
        profile: fc.constantFrom('AVP', 'SAVP'),
        isMulticast: fc.boolean(),
        interleaved: pair,
        clientPort: pair,
        serverPort: pair,
        port: pair,
        source: fc.ipV4(),
        destination: fc.ipV6(),
        ssrc: fc.nat(0xffffffff),
        mode: fc.constantFrom('play', 'record'),
      },
      { requiredKeys: ['lowerTransport', 'profile', 'isMulticast'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(transport, (value) => {
        assert.deepEqual(parseTransportHeader(formatTransport(value)), [value]);
      }),
      { numRuns: 500 },
    );
  });

  it('survives random text', () => {
    const text = fc.string({
      unit: fc.constantFrom('RTP/AVP', '/TCP', ';', ',', '=', '-', '"', ' ', '7', 'interleaved'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (header) => {
        try {
          parseTransportHeader(header);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('parseSessionHeader()', () => {
  it('reads id and time-out', () => {
    assert.deepEqual(parseSessionHeader('abc;timeout=30'), { id: 'abc', timeoutSeconds: 30 });
    assert.deepEqual(parseSessionHeader(' a b ; Timeout = 5.5 '), { id: 'a b', timeoutSeconds: 5 });
    assert.deepEqual(parseSessionHeader('7;timeout=0'), { id: '7', timeoutSeconds: 60 });
    assert.deepEqual(parseSessionHeader('7'), { id: '7', timeoutSeconds: 60 });
    assert.equal(parseSessionHeader(';timeout=30'), undefined);
  });

  it('reads back what formatSessionHeader() writes', () => {
    const header = { id: 'x', timeoutSeconds: 60 };
    assert.deepEqual(parseSessionHeader(formatSessionHeader(header)), header);
  });
});

describe('parseRangeHeader()', () => {
  const ROWS: readonly [string, unknown][] = [
    ['npt=0.000-', { unit: 'npt', start: 0, end: undefined }],
    ['npt=now-', { unit: 'npt', start: 'now', end: undefined }],
    ['NPT = 1:02:03.5 - 7200;time=x', { unit: 'npt', start: 3723.5, end: 7200 }],
    ['npt=-5', { unit: 'npt', start: undefined, end: 5 }],
    ['npt=-', undefined],
    ['npt=a-b', undefined],
    ['npt=1:99:00-', undefined],
    ['clock=20260101T000000Z-', { unit: 'clock', start: '20260101T000000Z', end: undefined }],
    ['smpte-30-drop=0:1:2-0:1:3', { unit: 'smpte', start: '0:1:2', end: '0:1:3' }],
    ['bytes=0-1', undefined],
  ];
  for (const [header, expected] of ROWS) {
    it(`reads ${header}`, () => assert.deepEqual(parseRangeHeader(header), expected));
  }
});

describe('parseRtpInfoHeader()', () => {
  it('reads back what formatRtpInfoHeader() writes', () => {
    const infos = [
      { url: 'rtsp://h/a,b/trackID=0', sequenceNumber: 65_535, timestampTicks: 4_294_967_295 },
      { url: 'rtsp://h/p/trackID=1' },
    ];
    assert.deepEqual(parseRtpInfoHeader(formatRtpInfoHeader(infos)), infos);
  });

  it('leaves out what it does not understand', () => {
    assert.deepEqual(parseRtpInfoHeader('url="x";seq=-1;rtptime=abc;ssrc=1, url=y ; seq=70000'), [
      { url: 'x' },
      { url: 'y', sequenceNumber: 4464 },
    ]);
    assert.deepEqual(parseRtpInfoHeader('seq=1'), []);
  });
});
