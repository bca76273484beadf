// Names and proofs that are known by their signature.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FacadeIdentity } from '../../../../pro/signaling/tuya/facade-identity.ts';

const OWNER = { clientId: 'project', secret: 'secret', uid: 'user' };
const NOW = Date.UTC(2026, 0, 1);

describe('FacadeIdentity', () => {
  const identity = new FacadeIdentity(OWNER);
  const strangers = [
    new FacadeIdentity({ ...OWNER, secret: 'other' }),
    new FacadeIdentity({ ...OWNER, uid: 'other' }),
    new FacadeIdentity({ ...OWNER, clientId: 'other' }),
  ];

  it('knows its names again, for any link id', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const msid = identity.msidOf(one);
        assert.match(msid, /^[0-9a-f]{32}$/u);
        assert.ok(identity.isMsid(msid));
        assert.equal(identity.msidOf(other) === msid, one === other);
        for (const stranger of strangers) assert.equal(stranger.isMsid(msid), false);
      }),
      { numRuns: 200 },
    );
  });

  it('knows no name that somebody else made up', () => {
    const name = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{32}$/u));
    fc.assert(fc.property(name, (text) => !identity.isMsid(text)));
  });

  it('opens one device for a time', () => {
    const auth = identity.issueAuth('dev1', NOW + 60_000);
    assert.equal(auth.length, 44);
    assert.notEqual(identity.issueAuth('dev1', NOW + 60_000), auth);
    assert.equal(identity.checkAuth(auth, 'dev1', NOW + 59_000), 'valid');
    assert.equal(identity.checkAuth(auth, 'dev1', NOW + 60_000), 'expired');
    assert.equal(identity.checkAuth(auth, 'dev2', NOW), 'wrong');
    for (const stranger of strangers) {
      assert.equal(stranger.checkAuth(auth, 'dev1', NOW), 'wrong');
    }
  });

  it('takes no proof of which a byte is another', () => {
    const auth = Buffer.from(identity.issueAuth('dev1', NOW + 60_000), 'base64');
    for (let index = 0; index < auth.length; index++) {
      const changed = Buffer.from(auth);
      changed[index] = (auth[index] ?? 0) ^ 1;
      assert.equal(identity.checkAuth(changed.toString('base64'), 'dev1', NOW), 'wrong');
    }
  });

  it('takes no text that is no proof', () => {
    fc.assert(
      fc.property(fc.string(), (text) => identity.checkAuth(text, 'dev1', NOW) === 'wrong'),
    );
  });

  it('fills the places of a template, each time the same', () => {
    assert.equal(identity.fillTemplate('fixed', 'm1'), 'fixed');
    assert.equal(identity.fillTemplate('{client_id}-{client_id}', '$&'), '$&-$&');
    const filled = identity.fillTemplate('{hmac}', 'm1');
    assert.match(filled, /^[0-9a-f]{64}$/u);
    assert.equal(identity.fillTemplate('{hmac}', 'm1'), filled);
    assert.notEqual(identity.fillTemplate('{hmac}', 'm2'), filled);
  });
});
