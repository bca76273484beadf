// Tests of the incremental RTSP parser: cuts at every byte, limits, garbage.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { RtspHeaders } from '../../../core/rtsp/rtsp-headers.ts';
import { createRequest, formatFrame, formatMessage } from '../../../core/rtsp/rtsp-message.ts';
import { RtspParser } from '../../../core/rtsp/rtsp-parser.ts';
import { rtspStatusOf } from '../../../core/rtsp/rtsp-status.ts';

type Item =
  | { type: 'request'; method: string; url: string; headers: [string, string][]; body: string }
  | { type: 'response'; statusCode: number; reasonPhrase: string; headers: [string, string][] }
  | { type: 'frame'; channel: number; payload: string };

function collect(): { items: Item[]; parser: RtspParser } {
  const items: Item[] = [];
  const parser = new RtspParser({
    onRequest: ({ method, url, headers, body }) =>
      items.push({
        ...{ type: 'request', method, url },
        headers: [...headers].map(([name, value]) => [name, value]),
        body: Buffer.from(body).toString('latin1'),
      }),
    onResponse: ({ statusCode, reasonPhrase, headers }) =>
      items.push({
        ...{ type: 'response', statusCode, reasonPhrase },
        headers: [...headers].map(([name, value]) => [name, value]),
      }),
    onFrame: (channel, payload) =>
      items.push({ type: 'frame', channel, payload: payload.toString('hex') }),
  });
  return { items, parser };
}

function parse(text: string | Buffer): Item[] {
  const { items, parser } = collect();
  parser.push(Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'));
  return items;
}

function statusOf(text: string): number {
  try {
    parse(text);
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError);
    return rtspStatusOf(thrown);
  }
  return 0;
}

const MIXED = Buffer.concat([
  Buffer.from('\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
  formatFrame(0, Buffer.from('hello')),
  formatFrame(255, Buffer.alloc(0)),
  Buffer.from('ANNOUNCE rtsp://h/p RTSP/1.0\nCSeq:2\nContent-Length: 5\n\nv=0\r\n'),
  formatFrame(1, Buffer.alloc(3000, 7)),
  Buffer.from('RTSP/1.0 404 Not Found\r\nCSeq: 3\r\nContent-length: 2\r\n\r\nhi'),
  Buffer.from('RTSP/1.0 200\r\ncseq: 4\r\n\r\n'),
  formatFrame(2, Buffer.from('$$$')),
]);

describe('RtspParser', () => {
  it('finds requests, responses and frames in one chunk', () => {
    const items = parse(MIXED);
    assert.deepEqual(
      items.map((item) => item.type),
      ['request', 'frame', 'frame', 'request', 'frame', 'response', 'response', 'frame'],
    );
    assert.deepEqual(items[3], {
      ...{ type: 'request', method: 'ANNOUNCE', url: 'rtsp://h/p' },
      headers: [
        ['CSeq', '2'],
        ['Content-Length', '5'],
      ],
      body: 'v=0\r\n',
    });
    assert.deepEqual(items[6], {
      ...{ type: 'response', statusCode: 200, reasonPhrase: '' },
      headers: [['cseq', '4']],
    });
  });

  it('finds the same when cut at any byte', () => {
    const expected = parse(MIXED);
    for (let cut = 1; cut < MIXED.length; cut++) {
      const { items, parser } = collect();
      parser.push(Buffer.from(MIXED.subarray(0, cut)));
      parser.push(Buffer.from(MIXED.subarray(cut)));
      assert.deepEqual(items, expected, `cut at ${cut}`);
      assert.equal(parser.isInsideMessage, false);
    }
  });

  it('finds the same when it comes byte by byte', () => {
    const { items, parser } = collect();
    for (const byte of MIXED) parser.push(Buffer.of(byte));
    assert.deepEqual(items, parse(MIXED));
  });

  it('passes whole frames as views, without a copy', () => {
    const chunk = Buffer.concat([formatFrame(4, Buffer.from('abc')), formatFrame(5, Buffer.of(1))]);
    const payloads: Buffer[] = [];
    const parser = new RtspParser({
      onRequest: () => undefined,
      onResponse: () => undefined,
      onFrame: (_channel, payload) => payloads.push(payload),
    });
    parser.push(chunk);
    assert.equal(payloads.length, 2);
    for (const payload of payloads) assert.equal(payload.buffer, chunk.buffer);
  });

  it('tells whether a frame is incomplete', () => {
    const { parser } = collect();
    parser.push(Buffer.from([0x24, 0, 0]));
    assert.equal(parser.isInsideFrame, true);
    parser.push(Buffer.from([1, 9]));
    assert.equal(parser.isInsideFrame, false);
    parser.push(Buffer.from('OPT'));
    assert.equal(parser.isInsideFrame, false);
    assert.equal(parser.isInsideMessage, true);
  });

  it('joins folded headers and keeps repeated ones', () => {
    const [item] = parse('OPTIONS * RTSP/1.0\r\nA: one\r\n two\r\n\tthree\r\na: four\r\n\r\n');
    assert.ok(item?.type === 'request');
    assert.deepEqual(item.headers, [
      ['A', 'one two three'],
      ['a', 'four'],
    ]);
  });

  it('takes blanks around colon and value, and bytes above 127', () => {
    const [item] = parse('OPTIONS  *  RTSP/1.0 \r\nX-Name \t:  caf\xe9 \r\n\r\n');
    assert.ok(item?.type === 'request');
    assert.deepEqual(item.headers, [['X-Name', 'caf\xe9']]);
  });

  it('stops when its handler closes it', () => {
    let count = 0;
    const parser = new RtspParser({
      onRequest: () => {
        count++;
        parser.close();
      },
      onResponse: () => undefined,
      onFrame: () => undefined,
    });
    parser.push(Buffer.from('A * RTSP/1.0\r\n\r\nB * RTSP/1.0\r\n\r\nC'));
    parser.push(Buffer.from('D * RTSP/1.0\r\n\r\n'));
    assert.equal(count, 1);
  });

  const REFUSED: readonly [string, string, number][] = [
    ['garbage', '\u0001\u0002\u0003\u0004', 400],
    ['a TLS handshake', '\u0016\u0003\u0001\u0002\u0000', 400],
    ['a start line of one word', 'OPTIONS\r\n\r\n', 400],
    ['a request without URL', 'OPTIONS RTSP/1.0\r\n\r\n', 400],
    ['a request without version', 'OPTIONS *\r\n\r\n', 400],
    ['RTSP/2.0', 'OPTIONS * RTSP/2.0\r\n\r\n', 505],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['a status of two digits', 'RTSP/1.0 20 OK\r\n\r\n', 400],
    ['a header without colon', 'OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n', 400],
    ['a header without name', 'OPTIONS * RTSP/1.0\r\n: 1\r\n\r\n', 400],
    ['a NUL in a header', 'OPTIONS * RTSP/1.0\r\nA: x\u0000y\r\n\r\n', 400],
    ['a CR inside a line', 'OPTIONS * RTSP/1.0\r\nA: x\ry\r\n\r\n', 400],
    ['a negative Content-Length', 'A * RTSP/1.0\r\nContent-Length: -1\r\n\r\n', 400],
    ['Content-Length with letters', 'A * RTSP/1.0\r\nContent-Length: 1e3\r\n\r\n', 400],
    [
      'two different Content-Lengths',
      'A * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    ['a body of 64 KiB and one byte', 'A * RTSP/1.0\r\nContent-Length: 65537\r\n\r\n', 413],
    ['a URL of 2049 bytes', `A rtsp://${'u'.repeat(2042)} RTSP/1.0\r\n\r\n`, 414],
    ['101 headers', `A * RTSP/1.0\r\n${'B: 1\r\n'.repeat(101)}\r\n`, 431],
    ['a head of 16 KiB', `A * RTSP/1.0\r\nB: ${'c'.repeat(16_384)}\r\n\r\n`, 431],
    ['a start line without end', 'A'.repeat(16_385), 431],
  ];
  for (const [what, text, status] of REFUSED) {
    it(`refuses ${what} with ${status}`, () => assert.equal(statusOf(text), status));
  }

  it('takes 100 headers, a URL of 2048 bytes and a body of 64 KiB', () => {
    const url = `rtsp://${'u'.repeat(2041)}`;
    const head = `A ${url} RTSP/1.0\r\nContent-Length: 65536\r\n${'B: 1\r\n'.repeat(99)}\r\n`;
    const [item] = parse(head + 'x'.repeat(65_536));
    assert.ok(item?.type === 'request');
    assert.equal(item.body.length, 65_536);
  });

  it('needs linear time for a long line in single bytes', () => {
    const { items, parser } = collect();
    for (const byte of Buffer.from(`A * RTSP/1.0\r\nB: ${'c'.repeat(16_000)}\r\n\r\n`)) {
      parser.push(Buffer.of(byte));
    }
    assert.equal(items.length, 1);
  });

  it('reads back what formatMessage() and formatFrame() write, however it is cut', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/u);
    const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/u);
    const message = fc.record({
      method: token,
      url: fc.stringMatching(/^[!-~]{1,30}$/u),
      // A first header of a fixed name: Content-Length is written by the formatter alone.
      headers: fc.array(
        fc.tuple(
          token.map((name) => `X-${name}`),
          value,
        ),
        { maxLength: 5 },
      ),
      body: fc.uint8Array({ maxLength: 50 }),
    });
    const frame = fc.record({ channel: fc.nat(255), payload: fc.uint8Array({ maxLength: 60 }) });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.oneof(message, frame), { maxLength: 6 }), cuts, (inputs, sizes) => {
        const bytes = Buffer.concat(
          inputs.map((input) => {
            if ('channel' in input) return formatFrame(input.channel, input.payload);
            const headers = new RtspHeaders();
            for (const [name, text] of input.headers) headers.append(name, text);
            const { method, url, body } = input;
            return formatMessage(createRequest(method, url, { headers, body }));
          }),
        );
        const { items, parser } = collect();
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          parser.push(Buffer.from(bytes.subarray(start, start + size)));
          start += size;
        }
        assert.equal(parser.isInsideMessage, false);
        assert.equal(items.length, inputs.length);
        for (const [index, input] of inputs.entries()) {
          const item = items[index];
          if ('channel' in input) {
            const payload = Buffer.from(input.payload).toString('hex');
            assert.deepEqual(item, { type: 'frame', channel: input.channel, payload });
          } else {
            assert.ok(item?.type === 'request');
            assert.equal(item.method, input.method);
            assert.equal(item.url, input.url);
            assert.equal(item.body, Buffer.from(input.body).toString('latin1'));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('answers random bytes with messages or a MediaError, nothing else', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.constantFrom(
        'RTSP/1.0 ',
        'OPTIONS * ',
        'RTSP/1.0\r\n',
        '\r\n\r\n',
        'CSeq: 1\r\n',
        '$\0\0',
      ),
      fc.constantFrom('Content-Length: 3\r\n', ' ', '\n', '\t:', 'SETUP rtsp://h/p '),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const { parser } = collect();
        try {
          for (const bytes of pieces) parser.push(Buffer.from(bytes));
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError);
          assert.equal(thrown.kind, 'invalid-argument');
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
