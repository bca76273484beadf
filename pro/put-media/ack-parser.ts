// Reads fragment acknowledgements out of the body of a PutMedia answer, wherever its pieces are cut.

/** What happened to a fragment, as the service names it. */
export type AckType = 'BUFFERING' | 'RECEIVED' | 'PERSISTED' | 'ERROR' | 'IDLE';

/** One acknowledgement. */
export interface FragmentAck {
  readonly type: AckType;
  /** Of the cluster, as it was sent; undefined when the service does not say. */
  readonly timecodeMs: number | undefined;
  /** Digits; empty when the service does not say. */
  readonly fragmentNumber: string;
  /** 4000 and above; undefined when the service does not say. */
  readonly errorId: number | undefined;
  /** E.g. `INVALID_MKV_DATA`; empty when the service does not say. */
  readonly errorCode: string;
}

/** An acknowledgement has about 150 bytes. */
const MAX_OBJECT_BYTES = 4096;
const TYPES: Readonly<Record<string, AckType>> = {
  BUFFERING: 'BUFFERING',
  RECEIVED: 'RECEIVED',
  PERSISTED: 'PERSISTED',
  ERROR: 'ERROR',
  IDLE: 'IDLE',
};

const Byte = {
  quote: 0x22,
  backslash: 0x5c,
  open: 0x7b,
  close: 0x7d,
} as const;

/**
 * Cuts concatenated JSON objects apart. What stands between objects and is no white space or comma,
 * objects that are too long, broken or of another kind are counted and skipped.
 */
export class AckParser {
  readonly #onAck: (ack: FragmentAck) => void;
  readonly #object = Buffer.alloc(MAX_OBJECT_BYTES);
  #length = 0;
  /** Braces that are open; 0 between objects. */
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #isInJunk = false;
  #malformed = 0;

  constructor(onAck: (ack: FragmentAck) => void) {
    this.#onAck = onAck;
  }

  /** Objects and stretches between objects that meant nothing. */
  get malformed(): number {
    return this.#malformed;
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#depth === 0) this.#between(byte);
      else this.#within(byte);
    }
  }

  #between(byte: number): void {
    if (byte === Byte.open) {
      this.#isInJunk = false;
      this.#depth = 1;
      this.#object[0] = byte;
      this.#length = 1;
      return;
    }
    if (isSeparator(byte)) {
      this.#isInJunk = false;
      return;
    }
    if (!this.#isInJunk) this.#malformed++;
    this.#isInJunk = true;
  }

  #within(byte: number): void {
    if (this.#length === MAX_OBJECT_BYTES) {
      this.#reset();
      this.#malformed++;
      this.#isInJunk = true;
      return;
    }
    this.#object[this.#length++] = byte;
    if (this.#isInText) this.#withinText(byte);
    else if (byte === Byte.quote) this.#isInText = true;
    else if (byte === Byte.open) this.#depth++;
    else if (byte === Byte.close) {
      this.#depth--;
      if (this.#depth === 0) this.#complete();
    }
  }

  #withinText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === Byte.backslash) this.#isEscaped = true;
    else if (byte === Byte.quote) this.#isInText = false;
  }

  #complete(): void {
    const text = this.#object.toString('utf8', 0, this.#length);
    this.#reset();
    const ack = readAck(text);
    if (ack) this.#onAck(ack);
    else this.#malformed++;
  }

  #reset(): void {
    this.#depth = 0;
    this.#length = 0;
    this.#isInText = false;
    this.#isEscaped = false;
  }
}

function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x2c;
}

function readAck(text: string): FragmentAck | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  // The API reference shows the members below one name; the service sends them alone.
  const members = memberOf(parsed, 'Acknowledgement') ?? parsed;
  const name = memberOf(members, 'EventType');
  const type = typeof name === 'string' && Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) return undefined;
  const errorCode = textOf(memberOf(members, 'ErrorCode'));
  return {
    type,
    timecodeMs: integerOf(memberOf(members, 'FragmentTimecode')),
    fragmentNumber: matching(textOf(memberOf(members, 'FragmentNumber')), /^\d{1,128}$/u),
    errorId: integerOf(memberOf(members, 'ErrorId')),
    errorCode: matching(errorCode, /^\w{1,64}$/u),
  };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const member: unknown = Reflect.get(value, name);
  return member;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function matching(text: string, pattern: RegExp): string {
  return pattern.test(text) ? text : '';
}

/** The service sends numbers; its reference calls some of them text. */
function integerOf(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,16}$/u.test(value);
  const number = isDigits ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined;
}
