// Listen addresses: every form there and back, and refusals.
import assert from 'node:assert/strict';
import { formatListenAddress, parseOptionalAddress } from '../../../core/config/listen-address.ts';

describe('parseOptionalAddress()', () => {
  const cases: [text: string, host: string, port: number][] = [
    [':8554', '', 8554],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:9997', 'localhost', 9997],
    ['[::1]:8889', '::1', 8889],
  ];
  for (const [text, host, port] of cases) {
    it(`reads '${text}', and formatListenAddress() writes it back`, () => {
      const address = parseOptionalAddress(text);
      assert.deepEqual(address, { host, port });
      assert.equal(formatListenAddress(address), text);
    });
  }

  it('reads an empty text as off', () => {
    assert.equal(parseOptionalAddress(''), undefined);
    assert.equal(formatListenAddress(undefined), '');
  });

  for (const text of ['8554', ':65536', '::1:8554', 'host:', 'http://x:1']) {
    it(`refuses '${text}'`, () =>
      assert.throws(() => parseOptionalAddress(text), { kind: 'invalid-argument' }));
  }
});
