// The client's side of a DTLS handshake: it judges a server that takes one of our SRTP profiles.
import { DtlsRecordCipher } from '../transport/dtls-record-cipher.ts';
import type { DtlsSide } from '../transport/dtls-side.ts';
import { DtlsServerProof } from './dtls-server-proof.ts';

/** We are the client (RFC 5763 section 5: the active side). */
export const dtlsClientSide: DtlsSide = {
  speaksLast: false,
  createProof: (expected) => new DtlsServerProof(expected),
  ciphersOf: ({ clientKey, clientNonce, serverKey, serverNonce }) => ({
    reader: new DtlsRecordCipher(serverKey, serverNonce),
    writer: new DtlsRecordCipher(clientKey, clientNonce),
  }),
  // What the server took is known with the keys.
  profileFault: () => undefined,
  keylessMessage: () => 'the peer agreed to none of our SRTP profiles',
};
