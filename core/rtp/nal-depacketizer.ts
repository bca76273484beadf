// Takes H.264 and H.265 payloads apart: single NAL units, aggregates, fragments.
import { readUint16, readUint8 } from '../base/bytes.ts';
import type { Codec } from '../codec/codec.ts';
import type { Depacketizer } from './depacketizer.ts';
import { NalKind, type NalFormat } from './nal-format.ts';
import type { UnitBuffer } from './unit-buffer.ts';

const S_BIT = 0x80;
const E_BIT = 0x40;

/** Delimiters and filler are left out; everything else comes as it was sent. */
export class NalDepacketizer<C extends Codec> implements Depacketizer {
  isInsideUnit = false;
  readonly #format: NalFormat<C>;
  readonly #buffer: UnitBuffer;
  #hasKeySlice = false;
  #hasRecoveryPoint = false;
  #hasSlice = false;
  #startsIntra = false;
  #isDropping = false;

  constructor(format: NalFormat<C>, buffer: UnitBuffer) {
    this.#format = format;
    this.#buffer = buffer;
  }

  get isKeyFrame(): boolean {
    return this.#hasKeySlice || (this.#hasRecoveryPoint && this.#startsIntra);
  }

  isStart(bytes: Uint8Array, start: number, end: number): boolean {
    const format = this.#format;
    let kind = format.kindOf(format.readHeader(bytes, start));
    let body = start + format.headerBytes;
    if (kind === NalKind.fragment) {
      body = start + format.fragmentPrefixBytes;
      if ((readUint8(bytes, body - 1) & S_BIT) === 0) return false;
      kind = format.kindOf(format.readFragmentedHeader(bytes, start));
    } else if (kind === NalKind.aggregate) {
      kind = format.kindOf(format.readHeader(bytes, body + 2));
      body += 2 + format.headerBytes;
    }
    if (kind !== NalKind.slice && kind !== NalKind.keySlice) return true;
    this.#readSlice(kind, bytes, body);
    return body < end && format.isFirstSlice;
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    const format = this.#format;
    const kind = format.kindOf(format.readHeader(bytes, start));
    if (kind === NalKind.fragment) return this.#pushFragment(bytes, start, end);
    if (this.isInsideUnit || kind === NalKind.unknown) return false;
    if (kind === NalKind.aggregate) return this.#pushAggregate(bytes, start, end);
    return this.#pushNal(bytes, start, end);
  }

  reset(): void {
    this.isInsideUnit = false;
    this.#hasKeySlice = false;
    this.#hasRecoveryPoint = false;
    this.#hasSlice = false;
    this.#startsIntra = false;
  }

  #pushNal(bytes: Uint8Array, start: number, end: number): boolean {
    const format = this.#format;
    if (end - start <= format.headerBytes) return false;
    const kind = format.kindOf(format.readHeader(bytes, start));
    if (kind === NalKind.dropped) return true;
    this.#note(kind, bytes, start + format.headerBytes);
    if (kind === NalKind.other && format.isRecoveryPoint(bytes, start, end)) {
      this.#hasRecoveryPoint = true;
    }
    this.#buffer.begin();
    this.#buffer.append(bytes, start, end);
    return true;
  }

  #pushAggregate(bytes: Uint8Array, start: number, end: number): boolean {
    let offset = start + this.#format.headerBytes;
    while (offset + 2 < end) {
      const from = offset + 2;
      offset = from + readUint16(bytes, offset);
      if (offset > end || !this.#pushNal(bytes, from, offset)) return false;
    }
    return true;
  }

  #pushFragment(bytes: Uint8Array, start: number, end: number): boolean {
    const format = this.#format;
    const body = start + format.fragmentPrefixBytes;
    if (body > end) return false;
    const flags = readUint8(bytes, body - 1);
    const isFirst = (flags & S_BIT) !== 0;
    if (isFirst === this.isInsideUnit) return false;
    if (isFirst) {
      const header = format.readFragmentedHeader(bytes, start);
      const kind = format.kindOf(header);
      this.#isDropping = kind === NalKind.dropped;
      this.#note(kind, bytes, body);
      if (!this.#isDropping) {
        this.#buffer.begin();
        if (format.headerBytes === 2) this.#buffer.appendByte(header >> 8);
        this.#buffer.appendByte(header & 0xff);
      }
    }
    if (!this.#isDropping) this.#buffer.append(bytes, body, end);
    this.isInsideUnit = (flags & E_BIT) === 0;
    return true;
  }

  /** Keeps what the kind of access unit depends on. */
  #note(kind: number, bytes: Uint8Array, body: number): void {
    if (kind !== NalKind.slice && kind !== NalKind.keySlice) return;
    if (kind === NalKind.keySlice) this.#hasKeySlice = true;
    if (this.#hasSlice) return;
    this.#hasSlice = true;
    this.#startsIntra = this.#readSlice(kind, bytes, body) && this.#format.isIntraSlice;
  }

  #readSlice(kind: number, bytes: Uint8Array, body: number): boolean {
    return kind === NalKind.keySlice
      ? this.#format.readKeySlice(bytes, body, bytes.length)
      : this.#format.readSlice(bytes, body, bytes.length);
  }
}
