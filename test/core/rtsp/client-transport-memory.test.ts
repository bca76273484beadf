// Tests of the memory of transports: bounded, the oldest entry goes first.
import assert from 'node:assert/strict';
import { ClientTransportMemory } from '../../../core/rtsp/client-transport-memory.ts';

describe('ClientTransportMemory', () => {
  it('remembers and forgets', () => {
    const memory = new ClientTransportMemory();
    memory.remember('a', 'tcp');
    memory.remember('a', 'udp');
    assert.equal(memory.get('a'), 'udp');
    memory.forget('a');
    assert.equal(memory.get('a'), undefined);
  });

  it('keeps the newest 4096', () => {
    const memory = new ClientTransportMemory();
    for (let index = 0; index < 4096; index++) memory.remember(String(index), 'tcp');
    memory.remember('0', 'tcp');
    memory.remember('more', 'tcp');
    assert.deepEqual(
      ['0', '1', '2', 'more'].map((url) => memory.get(url)),
      [...['tcp', undefined, 'tcp', 'tcp']],
    );
  });
});
