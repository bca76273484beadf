// Tests of the responder against forged and random messages.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IceLiteAgent } from '../../../../core/webrtc/transport/ice-lite-agent.ts';
import { StunResponder } from '../../../../core/webrtc/transport/stun-responder.ts';
import { createTransportCounters } from '../../../../core/webrtc/transport/transport-counters.ts';
import { bindingRequest } from './stun-request.ts';

describe('StunResponder', () => {
  const agent = new IceLiteAgent({ remoteUfrag: 'remote', pathSilenceMs: 1, maxPaths: 1 });
  const { ufrag, password } = agent.localCredentials;
  const owner = { agent };

  function createResponder(): StunResponder<{ agent: IceLiteAgent }> {
    const find = (name: string): typeof owner | undefined => (name === ufrag ? owner : undefined);
    return new StunResponder(find, createTransportCounters());
  }

  it('accepts a check and says whose it is', () => {
    const username = `${ufrag}:remote`;
    const verdict = createResponder().judge(
      bindingRequest({ username, password, isNominating: true }),
    );
    assert.ok(verdict.kind === 'valid');
    assert.equal(verdict.owner, owner);
    assert.ok(verdict.request.hasUseCandidate);
  });

  it('wants the whole user name: ours, colon, theirs', () => {
    const responder = createResponder();
    const kinds = [`${ufrag}:remot`, `${ufrag}:remote2`, `${ufrag}:`, ufrag, `:${ufrag}`].map(
      (username) => responder.judge(bindingRequest({ username, password })).kind,
    );
    assert.deepEqual(kinds, ['refused', 'refused', 'refused', 'refused', 'ignored']);
  });

  it('never accepts a changed check, whatever was changed', () => {
    const responder = createResponder();
    const request = bindingRequest({ username: `${ufrag}:remote`, password });
    fc.assert(
      fc.property(fc.nat(request.length - 9), fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const bytes = Buffer.from(request);
        bytes[index] = (bytes[index] ?? 0) ^ mask;
        assert.notEqual(responder.judge(bytes).kind, 'valid');
      }),
      { numRuns: 3_000 },
    );
  });

  it('never answers an unauthenticated message with more bytes than it had', () => {
    const responder = createResponder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), fc.boolean(), (bytes, hasHeader) => {
        const message = Buffer.from(bytes.subarray(0, bytes.length & ~3));
        if (hasHeader && message.length >= 20) {
          Buffer.from('000100002112a442', 'hex').copy(message);
          message.writeUInt16BE(message.length - 20, 2);
        }
        const verdict = responder.judge(message);
        assert.notEqual(verdict.kind, 'valid');
        if (verdict.kind !== 'refused') return;
        assert.ok((verdict.response?.length ?? 0) <= message.length);
      }),
      { numRuns: 10_000 },
    );
  });
});
