// The three forms of user names and passwords: plain text, sha256:<base64>, argon2:<encoded>.

const PLAIN = /^[A-Za-z0-9!$()*+.;<=>[\]^_\-{}@#&]*$/u;
const SHA256 = /^sha256:[A-Za-z0-9+/]{43}=$/u;
// The encoding of the reference implementation (PHC string format).
const ARGON2 =
  /^argon2:\$argon2id?\$v=\d{1,3}\$m=\d{1,10},t=\d{1,10},p=\d{1,3}\$[A-Za-z0-9+/]{1,128}\$[A-Za-z0-9+/]{1,256}$/u;
const MAX_LENGTH = 1024;

/** Whether a user name or password is stored as a hash. */
export function isHashed(credential: string): boolean {
  return credential.startsWith('sha256:') || credential.startsWith('argon2:');
}

/** Why a credential cannot be used, without showing it; undefined when it can. */
export function credentialFault(credential: string): string | undefined {
  if (credential.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  if (credential.startsWith('sha256:')) {
    return SHA256.test(credential) ? undefined : "after 'sha256:' come 32 bytes in base64";
  }
  if (credential.startsWith('argon2:')) {
    return ARGON2.test(credential) ? undefined : "after 'argon2:' comes $argon2id$v=19$m=...";
  }
  if (PLAIN.test(credential)) return undefined;
  return 'it contains unsupported characters; supported are A-Z a-z 0-9 ! $ ( ) * + . ; < = > [ ] ^ _ - { } @ # &';
}
