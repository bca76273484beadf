// Names and proofs that the façade hands to viewers and knows again by their signature, without keeping any.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Whose secret signs, and for whom. */
export interface FacadeIdentityOptions {
  readonly clientId: string;
  readonly secret: string;
  readonly uid: string;
}

const TAG_CHARS = 12;
const MSID_CHARS = 32;
const MSID = /^[0-9a-f]{32}$/u;
const EXPIRY_BYTES = 4;
const SALT_BYTES = 8;
const HEAD_BYTES = EXPIRY_BYTES + SALT_BYTES;
const AUTH_BYTES = 32;

/** Makes and checks `msid` (who a viewer is on MQTT) and `auth` (what opens a device). */
export class FacadeIdentity {
  readonly #key: Buffer;
  readonly #owner: string;

  constructor({ clientId, secret, uid }: FacadeIdentityOptions) {
    // Apart from the key that signs requests, so that no signature of one kind is one of the other.
    this.#key = createHmac('sha256', secret).update('tuya-facade').digest();
    this.#owner = JSON.stringify([clientId, uid]);
  }

  /** The same for the same link id, 32 hexadecimal digits. */
  msidOf(linkId: string): string {
    return this.#msid(this.#sign('link', linkId).toString('hex').slice(0, TAG_CHARS));
  }

  /** Whether msidOf() made it. */
  isMsid(text: string): boolean {
    return MSID.test(text) && isEqual(Buffer.from(this.#msid(text.slice(0, TAG_CHARS))), text);
  }

  /** A new proof for one device: 44 characters of base64, of another value each time. */
  issueAuth(deviceId: string, expiresAt: number): string {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(Math.ceil(expiresAt / 1000));
    randomBytes(SALT_BYTES).copy(head, EXPIRY_BYTES);
    return Buffer.concat([head, this.#proof(deviceId, head)]).toString('base64');
  }

  /** What a proof is worth at `nowMs`. */
  checkAuth(auth: string, deviceId: string, nowMs: number): 'valid' | 'expired' | 'wrong' {
    const bytes = Buffer.from(auth, 'base64');
    if (bytes.length !== AUTH_BYTES) return 'wrong';
    const head = bytes.subarray(0, HEAD_BYTES);
    const isOurs = timingSafeEqual(this.#proof(deviceId, head), bytes.subarray(HEAD_BYTES));
    if (!isOurs) return 'wrong';
    return head.readUInt32BE() * 1000 > nowMs ? 'valid' : 'expired';
  }

  /** Fills `{client_id}` and `{hmac}`: a password that a broker can check by itself. */
  fillTemplate(template: string, mqttClientId: string): string {
    const hmac = (): string => this.#sign('mqtt', mqttClientId).toString('hex');
    return template.replaceAll('{client_id}', () => mqttClientId).replaceAll('{hmac}', hmac);
  }

  #msid(tag: string): string {
    const mac = this.#sign('msid', tag).toString('hex');
    return tag + mac.slice(0, MSID_CHARS - TAG_CHARS);
  }

  #proof(deviceId: string, head: Uint8Array): Buffer {
    const text = `${deviceId}\n${Buffer.from(head).toString('hex')}`;
    return this.#sign('auth', text).subarray(0, AUTH_BYTES - HEAD_BYTES);
  }

  #sign(purpose: string, text: string): Buffer {
    const parts = `${purpose}\n${this.#owner}\n${text}`;
    return createHmac('sha256', this.#key).update(parts).digest();
  }
}

function isEqual(expected: Buffer, text: string): boolean {
  return timingSafeEqual(expected, Buffer.from(text));
}
