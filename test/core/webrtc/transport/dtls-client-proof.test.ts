// Tests of the judge over a client's handshake messages, without any handshake library.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { X509Certificate } from 'node:crypto';
import { DtlsClientProof } from '../../../../core/webrtc/transport/dtls-client-proof.ts';
import { createClientIdentity } from './dtls-client.ts';

describe('DtlsClientProof', () => {
  let certificate: X509Certificate;

  before(async () => {
    certificate = new X509Certificate((await createClientIdentity()).certPem);
  });

  function certificateMessage(der: Uint8Array): Uint8Array {
    const header = Buffer.alloc(6);
    header.writeUIntBE(der.length + 3, 0, 3);
    header.writeUIntBE(der.length, 3, 3);
    return Buffer.concat([header, der]);
  }

  function createProof(algorithm: string, value: string): DtlsClientProof {
    const proof = new DtlsClientProof([{ algorithm, value }]);
    assert.equal(proof.accept({ type: 1, sequence: 0, body: new Uint8Array(0) }), undefined);
    assert.equal(proof.accept({ type: 1, sequence: 1, body: new Uint8Array(0) }), undefined);
    return proof;
  }

  it('accepts the certificate by SHA-256 and SHA-512, in either case', () => {
    const message = { type: 11, sequence: 2, body: certificateMessage(certificate.raw) };
    const expected: [string, string][] = [
      ['sha-256', certificate.fingerprint256],
      ['SHA-256', certificate.fingerprint256.toLowerCase()],
      ['sha-512', certificate.fingerprint512],
    ];
    for (const [algorithm, value] of expected) {
      const proof = createProof(algorithm, value);
      assert.equal(proof.accept(message), undefined);
      assert.equal(proof.remoteFingerprint?.value, certificate.fingerprint256);
    }
  });

  it('rejects an empty certificate list and one that is cut short', () => {
    const whole = certificateMessage(certificate.raw);
    for (const body of [new Uint8Array(3), whole.subarray(0, -1)]) {
      const proof = createProof('sha-256', certificate.fingerprint256);
      assert.equal(proof.accept({ type: 11, sequence: 2, body })?.failure, 'protocol-error');
    }
  });

  it('rejects messages out of order, doubled or of another kind', () => {
    const proof = createProof('sha-256', certificate.fingerprint256);
    const body = new Uint8Array(0);
    for (const [type, sequence] of [
      [15, 2],
      [16, 2],
      [20, 2],
      [11, 3],
      [1, 2],
      [4, 9],
    ] as const) {
      const fault = proof.accept({ type, sequence, body });
      assert.equal(fault?.message, `unexpected handshake message of type ${type}`);
    }
  });

  it('rejects Finished before the client proved that it owns its key', () => {
    const proof = createProof('sha-256', certificate.fingerprint256);
    const finished = { type: 20, sequence: 5, body: new Uint8Array(12) };
    assert.match(proof.acceptFinished(finished, new Uint8Array(48))?.message ?? '', /before/u);
  });

  it('never takes random bytes for a signature', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90 }), fc.boolean(), (bytes, hasScheme) => {
        const proof = createProof('sha-256', certificate.fingerprint256);
        proof.accept({ type: 11, sequence: 2, body: certificateMessage(certificate.raw) });
        proof.accept({ type: 16, sequence: 3, body: new Uint8Array(1) });
        const prefix = hasScheme ? [4, 3, 0, bytes.length] : [];
        const body = Uint8Array.from([...prefix, ...bytes]);
        assert.ok(proof.accept({ type: 15, sequence: 4, body }));
      }),
      { numRuns: 500 },
    );
  });
});
