// Tests of the table of sessions: secrets, departures and their bound.
import assert from 'node:assert/strict';
import { SessionTable } from '../../../core/webrtc/session-table.ts';

describe('SessionTable', () => {
  it('finds a session by its secret until it is removed', () => {
    const table = new SessionTable<string>();
    const one = table.add('one');
    const two = table.add('two');
    assert.notEqual(one, two);
    assert.deepEqual([table.find(one), table.find(two), table.count], ['one', 'two', 2]);
    assert.deepEqual(table.all, ['one', 'two']);
    table.remove('one', false);
    table.remove('one', false);
    assert.deepEqual([table.find(one), table.count], [undefined, 1]);
    assert.equal(table.takeDeparted(one), false);
  });

  it('remembers once who departed', () => {
    const table = new SessionTable<string>();
    const secret = table.add('one');
    assert.equal(table.takeDeparted(secret), false);
    table.remove('one', true);
    assert.deepEqual([table.takeDeparted(secret), table.takeDeparted(secret)], [true, false]);
  });

  it('does not remember departures without end', () => {
    const table = new SessionTable<number>();
    const secrets = Array.from({ length: 1001 }, (_, number) => {
      const secret = table.add(number);
      table.remove(number, true);
      return secret;
    });
    assert.equal(table.takeDeparted(secrets[0] ?? ''), false);
    assert.equal(table.takeDeparted(secrets[1000] ?? ''), true);
  });
});
