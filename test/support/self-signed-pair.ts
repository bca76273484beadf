// Makes a key and a self-signed certificate for localhost and 127.0.0.1 (X.509, RFC 5280), so that none lies in the tree.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface SelfSignedPair {
  readonly key: string;
  readonly cert: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID_ECDSA_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const OID_COMMON_NAME = Buffer.from('550403', 'hex');
const OID_SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex');

/** A new pair on each call, valid from yesterday for ten years. */
export function makeSelfSignedPair(): SelfSignedPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, der(0x06, OID_ECDSA_SHA256));
  const commonName = der(SEQUENCE, der(0x06, OID_COMMON_NAME), der(0x0c, Buffer.from('localhost')));
  const name = der(SEQUENCE, der(SET, commonName));
  const startMs = Date.now() - 86_400_000;
  const validity = der(SEQUENCE, time(startMs), time(startMs + 3650 * 86_400_000));
  const localhost = der(0x82, Buffer.from('localhost'));
  const altNames = der(SEQUENCE, localhost, der(0x87, Buffer.of(127, 0, 0, 1)));
  const extension = der(SEQUENCE, der(0x06, OID_SUBJECT_ALT_NAME), der(0x04, altNames));
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]);
  const certificate = der(SEQUENCE, body, algorithm, der(0x03, signature));
  const base64 = certificate.toString('base64').replace(/.{64}/gu, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

/** Tag, length, value (X.690); lengths below 64 kB. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), value]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), value]);
}

/** UTCTime. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/gu, '');
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}
