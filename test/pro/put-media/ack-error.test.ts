// Every error that an acknowledgement may name, by number and by each of its names.
import assert from 'node:assert/strict';
import { ACK_ERRORS, classifyAckError } from '../../../pro/put-media/ack-error.ts';
import type { FragmentAck } from '../../../pro/put-media/ack-parser.ts';
import type { PutMediaProblem } from '../../../pro/put-media/put-media-problem.ts';

function classify(ack: Partial<FragmentAck>): PutMediaProblem {
  const empty = { timecodeMs: undefined, fragmentNumber: '', errorId: undefined, errorCode: '' };
  return classifyAckError({ type: 'ERROR', ...empty, ...ack }, 'PutMedia to stream');
}

describe('classifyAckError()', () => {
  it('knows all numbers of the producer libraries', () => {
    const ids = ACK_ERRORS.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index);
    assert.deepEqual(ids, [...range(4000, 4012), ...range(4500, 4507), 5000, 5001]);
  });

  for (const { id, names, action, kind, meaning } of ACK_ERRORS) {
    it(`answers ${names.join(', ')} with ${action}`, () => {
      for (const errorCode of names) {
        const { error, ...problem } = classify({ errorCode, errorId: id, timecodeMs: 77 });
        assert.deepEqual(problem, { action, timecodeMs: 77, isOutOfOrder: id === 4004 });
        assert.deepEqual([error.kind, error.code], [kind, 'put-media-fragment-refused']);
        const number = id === undefined ? '' : ` (${id})`;
        assert.equal(
          error.message,
          `PutMedia to stream: fragment 77 was refused with ${errorCode}${number}: ${meaning}`,
        );
        assert.equal(classify({ errorCode: errorCode.toLowerCase() }).action, action);
      }
      if (id !== undefined) {
        const { action: byNumber, error } = classify({ errorId: id });
        assert.equal(byNumber, action);
        assert.match(error.message, new RegExp(`a fragment .*${names[0]} \\(${id}\\)`, 'u'));
      }
    });
  }

  it('resends for the service, gives up for a key, and drops what can not be stored', () => {
    const actions = (ids: readonly number[]): string[] => [
      ...new Set(ids.map((errorId) => classify({ errorId }).action)),
    ];
    assert.deepEqual(actions([4000, 4003, 4503, 5000, 5001]), ['resend']);
    assert.deepEqual(actions([4500, 4501, 4502, 4504, 4505, 4506]), ['give-up']);
    assert.deepEqual(actions([4008, 4507]), ['create-stream']);
    assert.deepEqual(actions([4001, 4002, 4004, 4005, 4006, 4007, 4009, 4010, 4011, 4012]), [
      'drop-fragment',
    ]);
  });

  it('goes by the range for a number that is new, and resends without one', () => {
    assert.equal(classify({ errorId: 4099 }).action, 'drop-fragment');
    assert.equal(classify({ errorId: 5099 }).action, 'resend');
    assert.equal(classify({ errorCode: 'NEW_ONE' }).action, 'resend');
    assert.match(classify({}).error.message, /error without a name: an error that this version/u);
  });

  it('names the clock of the machine for a timestamp that is refused', () => {
    assert.match(classify({ errorId: 4007 }).error.message, /this machine's clock/u);
  });
});
