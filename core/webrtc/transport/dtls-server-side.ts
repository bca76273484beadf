// The server's side of a DTLS handshake: it judges a client that offers SRTP profiles.
import { readOfferedSrtpProfiles } from './client-hello.ts';
import { DtlsClientProof } from './dtls-client-proof.ts';
import type { SrtpProfile } from './dtls-port.ts';
import { DtlsRecordCipher } from './dtls-record-cipher.ts';
import { dtlsHandshakeType } from './dtls-record.ts';
import type { DtlsSide } from './dtls-side.ts';

/** We are the server (RFC 5763 §5: the passive side). */
export const dtlsServerSide: DtlsSide = {
  speaksLast: true,
  createProof: (expected) => new DtlsClientProof(expected),
  ciphersOf: ({ clientKey, clientNonce, serverKey, serverNonce }) => ({
    reader: new DtlsRecordCipher(clientKey, clientNonce),
    writer: new DtlsRecordCipher(serverKey, serverNonce),
  }),
  profileFault: (message, wanted) => {
    if (message.type !== dtlsHandshakeType.clientHello) return undefined;
    const offered = readOfferedSrtpProfiles(message.body);
    if (wanted.some((profile) => offered.includes(profile))) return undefined;
    const text = `the peer offers SRTP profiles [${offered.join(', ')}], we want ${oneOf(wanted)}`;
    return { failure: 'no-common-srtp-profile', message: text };
  },
  keylessMessage: (wanted) => `no SRTP keys for ${oneOf(wanted)}`,
};

function oneOf(profiles: readonly SrtpProfile[]): string {
  return `one of [${profiles.join(', ')}]`;
}
