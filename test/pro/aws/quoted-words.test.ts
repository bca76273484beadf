// Tests of words of a service that are quoted: readable, but without what the request was signed with.
import assert from 'node:assert/strict';
import { quotedWords } from '../../../pro/aws/quoted-words.ts';

describe('quotedWords()', () => {
  const token = `IQoJb3JpZ2luX2VjE${'aB3/+xY'.repeat(50)}==`;
  const signature = '0123456789abcdef'.repeat(4);
  for (const [given, expected] of [
    [`the token ${token} is wrong`, 'the token *** is wrong'],
    [`X-Amz-Security-Token=short&X-Amz-Date=1`, '***&***'],
    [`{"x-amz-security-token":"short"}`, '{"***"}'],
    [`Credential=AKIADOUBLE0000000001/20260101, Signature=${signature}`, '***, ***'],
    [`key ASIADOUBLE0000000001 of nobody`, 'key *** of nobody'],
    [`sum ${signature}.`, 'sum ***.'],
    ['line\r\nline\u0000', 'line line'],
  ] as const) {
    it(`makes '${expected}'`, () => {
      assert.equal(quotedWords(given, 200), expected);
    });
  }

  it('leaves what tells an operator where to look', () => {
    const text =
      'User: arn:aws:sts::123456789012:assumed-role/webrtc-agent-kvs/task is not authorized to perform: ' +
      'kinesisvideo:PutMedia on resource: arn:aws:kinesisvideo:us-west-2:123456789012:stream/cam/1';
    assert.equal(quotedWords(text, 500), text);
  });

  it('cuts behind what it took away, so that no half of a secret remains', () => {
    assert.equal(quotedWords(`${'a '.repeat(95)}${token}`, 200), `${'a '.repeat(95)}***`);
  });

  it('needs a moment for a quarter of a megabyte', () => {
    const started = performance.now();
    for (const text of ['x', 'X-Amz-', 'Signature=', 'AKIA', '- ']) {
      quotedWords(text.repeat(262_144 / text.length), 200);
    }
    assert.ok(performance.now() - started < 1000);
  });
});
