// Tests of the parser and the writer of descriptions: tolerance, errors, bounds and round trip.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { MAX_SDP_LENGTH, parseSdp } from '../../../core/sdp/parse-sdp.ts';
import {
  attributeValue,
  attributeValues,
  hasAttribute,
  type SessionDescription,
} from '../../../core/sdp/session-description.ts';
import { writeSdp } from '../../../core/sdp/write-sdp.ts';

/** Everything a line can say. */
const FULL = [
  'v=0',
  'o=- 42 1 IN IP4 192.0.2.7',
  's=Front door',
  'i=of the house',
  'u=http://example.com',
  'e=nobody@example.com',
  'c=IN IP4 239.1.2.3/127',
  'b=AS:5050',
  't=0 0',
  't=1 2',
  'a=control:*',
  'a=recvonly',
  'm=video 5004/2 RTP/AVP 96 97',
  'i=picture',
  'c=IN IP6 2001:db8::1',
  'b=AS:5000',
  'b=TIAS:4800000',
  'a=rtpmap:96 H264/90000',
  'a=x-qt-text-nam:a:b c',
  'm=audio 0 RTP/AVP 0',
].join('\r\n');

function fails(text: string, code: string, pattern: RegExp): void {
  assert.throws(
    () => parseSdp(text),
    (error) => {
      assert.ok(error instanceof MediaError);
      assert.equal(error.kind, 'invalid-argument');
      assert.equal(error.code, code);
      assert.match(error.message, pattern);
      return true;
    },
  );
}

describe('parseSdp()', () => {
  it('reads every kind of line into its place', () => {
    assert.deepEqual(parseSdp(FULL), {
      version: 0,
      origin: '- 42 1 IN IP4 192.0.2.7',
      name: 'Front door',
      information: 'of the house',
      connection: { networkType: 'IN', addressType: 'IP4', address: '239.1.2.3/127' },
      bandwidths: [{ type: 'AS', value: 5050 }],
      times: ['0 0', '1 2'],
      attributes: [{ name: 'control', value: '*' }, { name: 'recvonly' }],
      medias: [
        {
          kind: 'video',
          port: 5004,
          portCount: 2,
          protocol: 'RTP/AVP',
          formats: ['96', '97'],
          information: 'picture',
          connection: { networkType: 'IN', addressType: 'IP6', address: '2001:db8::1' },
          bandwidths: [
            { type: 'AS', value: 5000 },
            { type: 'TIAS', value: 4_800_000 },
          ],
          attributes: [
            { name: 'rtpmap', value: '96 H264/90000' },
            { name: 'x-qt-text-nam', value: 'a:b c' },
          ],
        },
        {
          kind: 'audio',
          port: 0,
          protocol: 'RTP/AVP',
          formats: ['0'],
          bandwidths: [],
          attributes: [],
        },
      ],
    });
  });

  it('takes any line end, and lines in any order', () => {
    const expected = parseSdp(FULL);
    for (const lineEnd of ['\n', '\r', '\r\n\r\n', '\n\r', ' \t\r\n']) {
      assert.deepEqual(parseSdp(FULL.replaceAll('\r\n', lineEnd)), expected);
    }
    const late = parseSdp('m=audio 0 RTP/AVP 0\na=x\nt=0 0\ns=late\nv=0\n');
    assert.deepEqual(
      [late.name, late.times, late.medias[0]?.attributes],
      ['late', ['0 0'], [{ name: 'x' }]],
    );
  });

  it('needs no v=, o=, s= or t= line', () => {
    const { medias, name, origin } = parseSdp('m=video 0 RTP/AVP 96');
    assert.deepEqual([medias.length, name, origin], [1, '', undefined]);
  });

  it('leaves out garbage, NUL bytes, blanks and broken c=, b= and a= lines', () => {
    const text =
      '\0  v=0  \r\nrubbish\r\nA=1\r\n=\r\nc=IN\r\nb=AS\r\nb=:5\r\nb=AS:x\r\na=\r\na=ok\r\n\0\0\0';
    assert.deepEqual(parseSdp(text), {
      version: 0,
      name: '',
      bandwidths: [],
      times: [],
      attributes: [{ name: 'ok' }],
      medias: [],
    });
  });

  it('keeps the first of repeated lines that may come once, and every attribute', () => {
    const sdp = parseSdp('s=one\ns=two\no=a\no=b\na=x:1\na=x:2\nA=x:3\n');
    assert.deepEqual([sdp.name, sdp.origin, attributeValues(sdp, 'x')], ['one', 'a', ['1', '2']]);
  });

  it('names the fault, the value and the line', () => {
    fails('', 'sdp-empty', /no line of the form x=value: ""; line 1$/);
    fails('<html>no</html>', 'sdp-empty', /<html>/);
    fails('v=1\r\n', 'sdp-invalid-version', /the version is not 0: "v=1"; line 1$/);
    fails('v=0\r\nm=video\r\n', 'sdp-invalid-media', /"m=video"; line 2$/);
    fails('v=0\n\nm=video x RTP/AVP 96\n', 'sdp-invalid-media', /port "x" .*; line 3$/);
    fails('m=video 65536 RTP/AVP 96', 'sdp-invalid-media', /port "65536"/);
    fails('m=video -1 RTP/AVP 96', 'sdp-invalid-media', /port "-1"/);
    const formats = Array.from({ length: 257 }, (_, index) => index).join(' ');
    fails(`m=video 0 RTP/AVP ${formats}`, 'sdp-invalid-media', /257 formats.*\.\.\."; line 1$/);
  });

  it('bounds the size and the number of sections', () => {
    fails('a'.repeat(MAX_SDP_LENGTH + 1), 'sdp-too-large', /65537 characters/);
    const section = 'm=audio 0 RTP/AVP 0\n';
    assert.equal(parseSdp(section.repeat(100)).medias.length, 100);
    fails(section.repeat(101), 'sdp-too-many-medias', /line 101$/);
  });

  it('reads the largest texts fast, whatever they are made of', () => {
    const startedAt = performance.now();
    for (const unit of ['a=\n', 'a=x:y\n', ' ', '\0', ':', 'a=x: \t', '\r', 'b=A:1\n']) {
      const text = `v=0\n${unit.repeat(Math.floor(65_000 / unit.length))}`;
      assert.equal(parseSdp(text).version, 0);
    }
    assert.ok(performance.now() - startedAt < 1000);
  });

  it('throws nothing but its own error on random text and mutations', () => {
    const random = fc.string({ unit: 'binary', maxLength: 200 });
    const lineish = fc
      .array(fc.tuple(fc.stringMatching(/^[vosiuepcbtrzkamx]$/), fc.string({ maxLength: 20 })), {
        maxLength: 20,
      })
      .map((lines) => lines.map(([letter, value]) => `${letter}=${value}`).join('\n'));
    const mutated = fc
      .tuple(fc.nat(FULL.length), fc.nat(8), fc.string({ maxLength: 8 }))
      .map(([at, cut, insert]) => FULL.slice(0, at) + insert + FULL.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(random, lineish, mutated), (text) => {
        try {
          writeSdp(parseSdp(text));
        } catch (error) {
          assert.ok(error instanceof MediaError, String(error));
          assert.equal(error.kind, 'invalid-argument');
          assert.match(error.code, /^sdp-/);
          assert.match(error.message, /line \d+$/);
          assert.ok(error.message.length < 400);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

const word = fc.stringMatching(/^[!-9;-~]{1,12}$/);
const text = fc.array(fc.stringMatching(/^[!-~]{1,8}$/), { minLength: 1, maxLength: 4 });
const line = text.map((words) => words.join(' '));
const optionalLine = fc.option(line, { nil: undefined });
const attributes = fc.array(
  fc.record(
    { name: word, value: fc.oneof(line, fc.constant('')) },
    { requiredKeys: ['name'], noNullPrototype: true },
  ),
  { maxLength: 6 },
);
const bandwidths = fc.array(fc.record({ type: word, value: fc.nat() }, { noNullPrototype: true }), {
  maxLength: 2,
});
const connection = fc.record(
  { networkType: word, addressType: word, address: word },
  { noNullPrototype: true },
);
const medias = fc.array(
  fc.record(
    {
      kind: word,
      port: fc.nat(65535),
      portCount: fc.nat(65535),
      protocol: word,
      formats: fc.array(word, { maxLength: 4 }),
      information: line,
      connection,
      bandwidths,
      attributes,
    },
    {
      requiredKeys: ['kind', 'port', 'protocol', 'formats', 'bandwidths', 'attributes'],
      noNullPrototype: true,
    },
  ),
  { maxLength: 4 },
);

describe('writeSdp()', () => {
  it('writes what parseSdp() reads back as the same', () => {
    const sessions: fc.Arbitrary<SessionDescription> = fc
      .record({
        version: fc.constant(0),
        origin: line,
        name: fc.oneof(line, fc.constant('')),
        information: optionalLine,
        bandwidths,
        times: fc.array(line, { minLength: 1, maxLength: 3 }),
        attributes,
        medias,
      })
      .map(({ information, ...rest }) =>
        information === undefined ? rest : { ...rest, information },
      );
    fc.assert(
      fc.property(sessions, (session) => {
        assert.deepEqual(parseSdp(writeSdp(session)), session);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes the same text again for a full description', () => {
    const known = FULL.split('\r\n').filter((text) => !/^[ue]=/.test(text));
    assert.equal(writeSdp(parseSdp(FULL)), `${known.join('\r\n')}\r\n`);
  });

  it('keeps line ends in values from becoming lines', () => {
    const session = { version: 0, bandwidths: [], times: [], attributes: [], medias: [] };
    const written = writeSdp({ ...session, name: 'a\r\na=evil\n\0b' });
    assert.equal(written, 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=a  a=evil  b\r\nt=0 0\r\n');
  });
});

describe('attribute look-up', () => {
  it('ignores the case of names and tells an empty value from none', () => {
    const sdp = parseSdp('a=Control:*\na=recvonly\na=empty:\n');
    assert.equal(attributeValue(sdp, 'control'), '*');
    assert.equal(attributeValue(sdp, 'recvonly'), '');
    assert.equal(attributeValue(sdp, 'absent'), undefined);
    assert.equal(hasAttribute(sdp, 'empty'), true);
    assert.deepEqual(attributeValues(sdp, 'empty'), ['']);
  });
});
