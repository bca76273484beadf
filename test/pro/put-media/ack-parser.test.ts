// Acknowledgements out of any pieces: whole, split, mixed with junk.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AckParser, type FragmentAck } from '../../../pro/put-media/ack-parser.ts';

/** What a parser makes of pieces, and how much of it meant nothing. */
function parse(...pieces: readonly (string | Uint8Array)[]): {
  acks: FragmentAck[];
  malformed: number;
} {
  const acks: FragmentAck[] = [];
  const parser = new AckParser((ack) => acks.push(ack));
  for (const piece of pieces) parser.push(Buffer.from(piece));
  return { acks, malformed: parser.malformed };
}

const NUMBER = '91343852333181432392682062622480374217';
const persisted: FragmentAck = {
  ...{ type: 'PERSISTED', timecodeMs: 1735228800123, fragmentNumber: NUMBER },
  ...{ errorId: undefined, errorCode: '' },
};
const PERSISTED = `{"EventType":"PERSISTED","FragmentTimecode":1735228800123,"FragmentNumber":"${NUMBER}"}`;

describe('AckParser', () => {
  it('reads objects back to back, by line, and after a comma', () => {
    const { acks, malformed } = parse(`${PERSISTED}${PERSISTED}\r\n${PERSISTED}, ${PERSISTED}\n`);
    assert.deepEqual(acks, [persisted, persisted, persisted, persisted]);
    assert.equal(malformed, 0);
  });

  it('reads an error with its number and name', () => {
    const { acks } = parse(
      '{"EventType":"ERROR","FragmentTimecode":5,"FragmentNumber":"12","ErrorId":4006,"ErrorCode":"INVALID_MKV_DATA"}',
    );
    assert.deepEqual(acks, [
      {
        ...{ type: 'ERROR', timecodeMs: 5, fragmentNumber: '12' },
        ...{ errorId: 4006, errorCode: 'INVALID_MKV_DATA' },
      },
    ]);
  });

  it('reads numbers that are sent as text, and members below the name of the API reference', () => {
    const { acks } = parse(
      '{"Acknowledgement":{"EventType":"ERROR","FragmentTimecode":"7","ErrorId":"4000"}}',
    );
    assert.deepEqual([acks[0]?.timecodeMs, acks[0]?.errorId], [7, 4000]);
  });

  it('reads idle, which names no fragment', () => {
    const { acks } = parse('{"EventType":"IDLE"}');
    assert.deepEqual([acks[0]?.type, acks[0]?.timecodeMs], ['IDLE', undefined]);
  });

  it('is not misled by braces and quotes in texts', () => {
    const { acks, malformed } = parse('{"Note":"}{\\"}","EventType":"IDLE"}');
    assert.deepEqual([acks.length, malformed], [1, 0]);
  });

  it('counts junk between objects, other objects and broken ones, and goes on', () => {
    const { acks, malformed } = parse(
      `xyz${PERSISTED}]]${PERSISTED}{"EventType":"NEW"}{"EventType":7}{broken}${PERSISTED}`,
    );
    assert.deepEqual([acks.length, malformed], [3, 5]);
  });

  it('gives up an object that does not end, and finds the next', () => {
    const long = `{"EventType":"${'x'.repeat(100_000)}"}`;
    const { acks, malformed } = parse(long, '\n', PERSISTED);
    assert.deepEqual([acks, malformed], [[persisted], 1]);
  });

  it('ignores numbers that are none', () => {
    const { acks } = parse(
      '{"EventType":"ERROR","FragmentTimecode":-1,"FragmentNumber":"x","ErrorId":1.5,"ErrorCode":"a b"}',
    );
    assert.deepEqual(acks, [
      {
        ...{ type: 'ERROR', timecodeMs: undefined, fragmentNumber: '' },
        ...{ errorId: undefined, errorCode: '' },
      },
    ]);
  });

  it('finds the same in whatever pieces the bytes come', () => {
    const types = fc.constantFrom('BUFFERING', 'RECEIVED', 'PERSISTED', 'ERROR', 'IDLE');
    const ack = fc.record({
      EventType: types,
      FragmentTimecode: fc.nat(),
      FragmentNumber: fc.stringMatching(/^[0-9]{1,38}$/u),
      Note: fc.array(fc.constantFrom('}', '{', '"', '\\', 'é', '😀', '\n'), { maxLength: 8 }),
    });
    const cuts = fc.array(fc.nat(600), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(ack, { maxLength: 4 }), cuts, (objects, at) => {
        const bytes = Buffer.from(objects.map((each) => JSON.stringify(each)).join('\n'));
        const ends = [0, ...at.filter((cut) => cut < bytes.length), bytes.length];
        ends.sort((a, b) => a - b);
        const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        const { acks, malformed } = parse(...pieces);
        assert.equal(malformed, 0);
        assert.deepEqual(
          acks.map(({ type, timecodeMs, fragmentNumber }) => [type, timecodeMs, fragmentNumber]),
          objects.map((each) => [each.EventType, each.FragmentTimecode, each.FragmentNumber]),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('survives random bytes and reads what follows them on a new line', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        // A brace may be open, and a text within: so much that it is given up.
        const { acks } = parse(bytes, '"', ' '.repeat(4096), '\n', PERSISTED);
        assert.deepEqual(acks.at(-1), persisted);
      }),
      { numRuns: 2000 },
    );
  });
});
