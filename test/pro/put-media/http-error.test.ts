// Answers that are no success: every name, every status, and no secret in the words.
import assert from 'node:assert/strict';
import { ANSWER_ACTIONS, classifyAnswer } from '../../../pro/put-media/http-error.ts';
import type { PutMediaProblem } from '../../../pro/put-media/put-media-problem.ts';

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly message?: string;
}

function classify({ status, type, message = 'no' }: Answer): PutMediaProblem {
  const headers = type === undefined ? {} : { 'x-amzn-errortype': type };
  const call = { subject: "stream 'cam'", region: 'us-west-2', nowMs: Date.UTC(2026, 0, 1) };
  return classifyAnswer({ status, headers, body: JSON.stringify({ Message: message }) }, call);
}

describe('classifyAnswer()', () => {
  it('goes by the name, with and without Exception, and with an address behind it', () => {
    assert.ok(ANSWER_ACTIONS.size > 20);
    for (const [name, action] of ANSWER_ACTIONS) {
      assert.equal(classify({ status: 400, type: `${name}Exception` }).action, action, name);
      assert.equal(classify({ status: 400, type: name }).action, action, name);
      assert.equal(classify({ status: 400, type: `${name}:http://x/` }).action, action, name);
    }
  });

  const STATUSES = [
    [200, 'resend'],
    [301, 'refresh'],
    [400, 'give-up'],
    [401, 'give-up'],
    [403, 'give-up'],
    [404, 'create-stream'],
    [408, 'resend'],
    [421, 'refresh'],
    [429, 'back-off'],
    [500, 'resend'],
    [503, 'resend'],
  ] as const;
  for (const [status, action] of STATUSES) {
    it(`answers ${status} without a name with ${action}`, () => {
      assert.equal(classify({ status }).action, action);
    });
  }

  it('names the stream, the region and what the service says', () => {
    const { error } = classify({ status: 404, type: 'ResourceNotFoundException' });
    assert.equal(error.kind, 'not-found');
    assert.match(error.message, /PutMedia .*ResourceNotFoundException.*'cam'.*us-west-2/u);
    const denied = classify({ status: 403, type: 'AccessDeniedException' }).error;
    assert.equal(denied.kind, 'permission-denied');
    assert.match(denied.message, /kinesisvideo:PutMedia on stream 'cam'/u);
  });

  it('names the clock of this machine when the signature is too old', () => {
    for (const { type, message } of [
      { type: 'RequestTimeTooSkewed', message: 'The difference is too large' },
      {
        type: 'InvalidSignatureException',
        message: 'Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z',
      },
    ]) {
      const { action, error } = classify({ status: 403, type, message });
      assert.deepEqual([action, error.kind], ['give-up', 'unauthenticated']);
      assert.match(error.message, /clock of this machine/u);
    }
  });

  it('does not repeat the request that the service quotes', () => {
    const token = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN';
    const message = `The Canonical String should have been\nx-amz-security-token:${token}`;
    const { error } = classify({ status: 403, type: 'InvalidSignatureException', message });
    assert.ok(!error.message.includes(token), error.message);
  });
});
