// Tests of the judge over a server's handshake messages, without any handshake library.
import assert from 'node:assert/strict';
import { createHash, createHmac, sign, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { DtlsServerProof } from '../../../../core/webrtc/client/dtls-server-proof.ts';
import {
  writeHandshakeMessage,
  type HandshakeMessage,
} from '../../../../core/webrtc/transport/dtls-record.ts';
import { createClientIdentity, type ClientIdentity } from '../transport/dtls-client.ts';

const EMPTY = new Uint8Array(0);
const PARAMETERS = Uint8Array.of(3, 0, 23, 2, 7, 7);

describe('DtlsServerProof', () => {
  let identity: ClientIdentity;
  let der: Uint8Array;

  before(async () => {
    identity = await createClientIdentity();
    der = new X509Certificate(identity.certPem).raw;
  });

  function hello(type: number, sequence: number, fill: number): HandshakeMessage {
    return { type, sequence, body: new Uint8Array(40).fill(fill) };
  }

  function certificate(): HandshakeMessage {
    const header = Buffer.alloc(6);
    header.writeUIntBE(der.length + 3, 0, 3);
    header.writeUIntBE(der.length, 3, 3);
    return { type: 11, sequence: 2, body: Buffer.concat([header, der]) };
  }

  /** Signed by `keyPem` over both randoms and the parameters. */
  function keyExchange(keyPem: string): HandshakeMessage {
    const randoms = [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)];
    const signature = sign('sha256', Buffer.concat([...randoms, PARAMETERS]), keyPem);
    const scheme = [4, 3, 0, signature.length];
    const body = Buffer.concat([PARAMETERS, Uint8Array.from(scheme), signature]);
    return { type: 12, sequence: 3, body };
  }

  /** A judge that has seen both hellos. */
  function createProof(): DtlsServerProof {
    const proof = new DtlsServerProof([identity.fingerprint]);
    proof.addOwn(hello(1, 0, 4));
    assert.equal(proof.accept({ type: 3, sequence: 0, body: EMPTY }), undefined);
    proof.addOwn(hello(1, 1, 5));
    assert.equal(proof.accept(hello(2, 1, 6)), undefined);
    return proof;
  }

  it('believes a server that signed the randoms of both and knows the secret', () => {
    const proof = createProof();
    const messages = [
      certificate(),
      keyExchange(identity.keyPem),
      { type: 14, sequence: 4, body: EMPTY },
    ];
    for (const message of messages) assert.equal(proof.accept(message), undefined);
    assert.deepEqual(proof.remoteFingerprint, identity.fingerprint);
    const secret = new Uint8Array(48).fill(9);
    const transcript = [hello(1, 1, 5), hello(2, 1, 6), ...messages].map(writeHandshakeMessage);
    const digest = createHash('sha256').update(Buffer.concat(transcript)).digest();
    const seed = Buffer.concat([Buffer.from('server finished'), digest]);
    const first = createHmac('sha256', secret).update(seed).digest();
    const right = createHmac('sha256', secret).update(first).update(seed).digest().subarray(0, 12);
    const wrong = Uint8Array.from(right, (byte) => byte ^ 1);
    assert.equal(proof.acceptFinished({ type: 20, sequence: 5, body: right }, secret), undefined);
    for (const body of [wrong, right.subarray(1)]) {
      const fault = proof.acceptFinished({ type: 20, sequence: 5, body }, secret);
      assert.equal(fault?.message, 'Finished does not match the handshake');
    }
  });

  it('rejects a server that shows a certificate without owning its key', async () => {
    const proof = createProof();
    assert.equal(proof.accept(certificate()), undefined);
    const thief = await createClientIdentity();
    const fault = proof.accept(keyExchange(thief.keyPem));
    assert.equal(fault?.failure, 'fingerprint-mismatch');
    assert.match(fault.message, /does not own/u);
  });

  it('rejects another certificate, and Finished before the key exchange', () => {
    const proof = new DtlsServerProof([{ algorithm: 'sha-256', value: 'AA:BB' }]);
    proof.accept(hello(2, 1, 6));
    const finished = { type: 20, sequence: 5, body: new Uint8Array(12) };
    const early = proof.acceptFinished(finished, new Uint8Array(48));
    assert.equal(early?.message, 'Finished came before the key exchange');
    assert.match(proof.accept(certificate())?.message ?? '', /is not the one of the answer$/u);
  });

  it('rejects messages out of order, doubled or of another kind', () => {
    for (const type of [2, 3, 12, 14, 20, 1]) {
      const fault = createProof().accept({ type, sequence: 2, body: EMPTY });
      assert.equal(fault?.message, `unexpected handshake message of type ${type}`);
    }
  });

  it('never takes random bytes for a signature', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90 }), fc.boolean(), (bytes, hasScheme) => {
        const proof = createProof();
        proof.accept(certificate());
        const prefix = hasScheme ? [...PARAMETERS, 4, 3, 0, bytes.length] : [];
        const body = Uint8Array.from([...prefix, ...bytes]);
        assert.ok(proof.accept({ type: 12, sequence: 3, body }));
      }),
      { numRuns: 300 },
    );
  });
});
