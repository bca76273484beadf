// The issuer's public key of a build. A distributor who sells licences writes it here.

/**
 * Ed25519 public key, base64url of 32 bytes; empty in the open build, where `licence.publicKey` of
 * config.yml counts. With a key here that setting is ignored: who may run a build must not be able
 * to appoint himself as the issuer.
 */
export const BUILT_IN_PUBLIC_KEY: string = '';
