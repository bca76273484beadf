// EBML (RFC 8794) as it arrives: whole elements out of chunks of any size.
import { invalidMkv } from './put-media-fault.ts';

/** An element. Those that are entered have no data: their children follow. */
export interface EbmlElement {
  readonly id: number;
  /** Length of the data; undefined for unknown. */
  readonly size: number | undefined;
  /** Position of the id in the whole stream. */
  readonly offset: number;
  /** Position behind the id and size. */
  readonly dataOffset: number;
  readonly data: Buffer;
  /** Id and size, and the data unless entered. */
  readonly raw: Buffer;
}

const MAX_ID_BYTES = 4;
const MAX_SIZE_BYTES = 8;

/** Yields elements in order. */
export class EbmlReader {
  readonly #entered: ReadonlySet<number>;
  readonly #maxElementBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 1;
  #offset = 0;

  /** Elements of the ids in `entered` are not read as a whole. */
  constructor(entered: ReadonlySet<number>, maxElementBytes: number) {
    this.#entered = entered;
    this.#maxElementBytes = maxElementBytes;
  }

  /** Bytes that belong to an element whose end did not come yet. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** @throws PutMediaFault for what is no EBML or above the bound. */
  push(chunk: Buffer): readonly EbmlElement[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = Buffer.concat(this.#chunks);
    const elements: EbmlElement[] = [];
    let at = 0;
    this.#needed = 1;
    while (at < bytes.length) {
      const element = this.#read(bytes, at);
      if (typeof element === 'number') {
        this.#needed = element;
        break;
      }
      elements.push(element);
      at += element.raw.length;
    }
    this.#chunks = [bytes.subarray(at)];
    this.#length = bytes.length - at;
    this.#offset += at;
    return elements;
  }

  /** The element at `at`, or how many bytes it needs at least. */
  #read(bytes: Buffer, at: number): EbmlElement | number {
    const idLength = vintLength(bytes[at] ?? 0);
    if (idLength > MAX_ID_BYTES) throw invalidMkv(`no element id at byte ${this.#offset + at}`);
    const sizeAt = at + idLength;
    if (sizeAt >= bytes.length) return idLength + 1;
    const sizeLength = vintLength(bytes[sizeAt] ?? 0);
    if (sizeLength > MAX_SIZE_BYTES) throw invalidMkv(`no size at byte ${this.#offset + sizeAt}`);
    const dataAt = sizeAt + sizeLength;
    if (dataAt > bytes.length) return dataAt - at;
    const id = bytes.readUIntBE(at, idLength);
    const size = readSize(bytes.subarray(sizeAt, dataAt));
    const place = { id, size, offset: this.#offset + at, dataOffset: this.#offset + dataAt };
    if (this.#entered.has(id)) {
      return { ...place, data: Buffer.alloc(0), raw: bytes.subarray(at, dataAt) };
    }
    const name = `element 0x${id.toString(16)} at byte ${place.offset}`;
    if (size === undefined) throw invalidMkv(`${name} has unknown size`);
    if (size > this.#maxElementBytes) throw invalidMkv(`${name} has ${size} bytes`);
    const end = dataAt + size;
    if (end > bytes.length) return end - at;
    return { ...place, data: bytes.subarray(dataAt, end), raw: bytes.subarray(at, end) };
  }
}

/** Children of an element that was read as a whole. @throws PutMediaFault */
export function readChildren(data: Buffer): readonly EbmlElement[] {
  const reader = new EbmlReader(new Set(), data.length);
  const children = data.length === 0 ? [] : reader.push(data);
  if (reader.pendingBytes > 0) throw invalidMkv('an element ends inside its child');
  return children;
}

/** An unsigned integer of up to 8 bytes. @throws PutMediaFault */
export function readUnsigned({ id, data }: EbmlElement): number {
  if (data.length > 8)
    throw invalidMkv(`0x${id.toString(16)} is an integer of ${data.length} bytes`);
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw invalidMkv(`0x${id.toString(16)} is too large`);
  return value;
}

/** Length of the variable-size integer that begins with this byte; 9 for none. */
function vintLength(first: number): number {
  return first === 0 ? 9 : Math.clz32(first) - 23;
}

function readSize(bytes: Buffer): number | undefined {
  const first = bytes[0] ?? 0;
  let value = first & (0xff >> bytes.length);
  let isUnknown = value === 0xff >> bytes.length;
  for (const byte of bytes.subarray(1)) {
    value = value * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  if (isUnknown) return undefined;
  if (!Number.isSafeInteger(value)) throw invalidMkv('a size is above 2^53');
  return value;
}
