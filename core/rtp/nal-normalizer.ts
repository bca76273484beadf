// Normalises H.264 and H.265: reads single NAL units, aggregates and fragments of any size.
import { readUint16, readUint8 } from '../base/bytes.ts';
import { findStartCode, trimTrailingZeros } from '../codec/annex-b.ts';
import type { Codec } from '../codec/codec.ts';
import { copyBytes } from './copy-bytes.ts';
import { NalAccessUnitWriter } from './nal-access-unit-writer.ts';
import { NalKind, type NalFormat } from './nal-format.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';

/** Longest parameter set or SEI that is put together from fragments before it is looked at. */
const ASSEMBLY_BYTES = 4096;
const LENGTH_BYTES = 2;
const S_BIT = 0x80;
const E_BIT = 0x40;

/** What happens with the fragments that come next. */
const FragmentMode = {
  /** None is expected except the first of a NAL unit. */
  none: 0,
  /** Dropped up to the end of their NAL unit. */
  skip: 1,
  /** Passed on as they come, in other sizes if needed. */
  forward: 2,
  /** Put together first. */
  assemble: 3,
  /** Left out, but their end may be that of the access unit. */
  drop: 4,
} as const;

/**
 * One state machine for both codecs; `NalFormat` knows the wire, NalAccessUnitWriter what goes
 * out. Slices in fragments are passed on without waiting for their end. Only payloads go on: the
 * sink writes 12-byte headers, so CSRCs and header extensions of the source end here.
 */
export class NalNormalizer<C extends Codec> implements TrackNormalizer {
  packetsInError = 0;
  readonly #format: NalFormat<C>;
  readonly #unit: NalAccessUnitWriter<C>;
  readonly #assembly = new Uint8Array(ASSEMBLY_BYTES);
  #assemblyLength = 0;
  /** Header of the NAL unit that fragments belong to. */
  #header = 0;
  /** The first fragments of a source that is joined in the middle are no error. */
  #mode: number = FragmentMode.skip;
  #isSupported: boolean;

  constructor(format: NalFormat<C>, codec: C) {
    this.#format = format;
    this.#unit = new NalAccessUnitWriter(format, codec);
    this.#isSupported = format.isSupported(codec);
  }

  get codec(): Codec {
    return this.#unit.codec;
  }

  get hasReorderedFrames(): boolean {
    return this.#unit.hasReorderedFrames;
  }

  get hasBFrames(): boolean {
    return this.#unit.hasBFrames;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    // Padding-only packets of browsers have no payload; they are no error.
    if (start === end) return;
    const unit = this.#unit;
    unit.attach(sink);
    if (unit.isNewTimestamp(packet.timestampTicks)) {
      if (this.#mode !== FragmentMode.skip) this.#closeFragment();
      unit.startAt(packet.timestampTicks);
    }
    unit.isMarked = packet.isMarked;
    const kind = this.#kindAt(bytes, start, end);
    if (kind === NalKind.fragment) {
      this.#pushFragment(bytes, start, end);
      return;
    }
    this.#closeFragment();
    if (!this.#isSupported) this.packetsInError++;
    else if (kind === NalKind.aggregate) this.#pushAggregate(bytes, start, end);
    else if (kind === NalKind.slice || kind === NalKind.keySlice) unit.write(bytes, start, end);
    else this.#pushByteStream(bytes, start, end);
  }

  noteLoss(sink: PacketSink): void {
    this.#unit.attach(sink);
    this.#unit.noteLoss();
    this.#mode = FragmentMode.skip;
  }

  restart(codec: Codec): void {
    this.#mode = FragmentMode.skip;
    if (!this.#format.accepts(codec)) return;
    this.#isSupported = this.#format.isSupported(codec);
    this.#unit.restart(codec);
  }

  #kindAt(bytes: Uint8Array, start: number, end: number): number {
    if (end - start <= this.#format.headerBytes) return NalKind.unknown;
    return this.#format.kindOf(this.#format.readHeader(bytes, start));
  }

  /**
   * A NAL unit that is no slice, or several with start codes between them: some cameras send what
   * the encoder gave, Annex B and all.
   */
  #pushByteStream(bytes: Uint8Array, start: number, end: number): void {
    const isMarked = this.#unit.isMarked;
    let isUnderstood = false;
    let from = start;
    while (from < end) {
      const code = findStartCode(bytes, from, end);
      const to = trimTrailingZeros(bytes, from, code);
      this.#unit.isMarked = isMarked && code === end;
      if (this.#isNal(bytes, from, to) && this.#unit.write(bytes, from, to)) isUnderstood = true;
      from = code + 3;
    }
    if (!isUnderstood) this.packetsInError++;
  }

  /** Whether `[start, end)` may be written as it is: not empty, no payload structure. */
  #isNal(bytes: Uint8Array, start: number, end: number): boolean {
    const kind = this.#kindAt(bytes, start, end);
    return kind !== NalKind.unknown && kind !== NalKind.fragment && kind !== NalKind.aggregate;
  }

  /** STAP-A, RFC 6184 section 5.7.1; AP, RFC 7798 section 4.4.2. */
  #pushAggregate(bytes: Uint8Array, start: number, end: number): void {
    let offset = start + this.#format.headerBytes;
    let isBroken = false;
    while (offset + LENGTH_BYTES < end) {
      const from = offset + LENGTH_BYTES;
      offset = from + readUint16(bytes, offset);
      // Zeros behind the last NAL unit are padding that the sender did not declare.
      if (offset === from) break;
      if (offset > end || !this.#isNal(bytes, from, offset)) {
        isBroken = true;
        continue;
      }
      if (!this.#unit.queue(bytes, from, offset)) isBroken = true;
    }
    this.#unit.flush();
    if (isBroken) this.packetsInError++;
  }

  /** FU-A, RFC 6184 section 5.8; FU, RFC 7798 section 4.4.3. */
  #pushFragment(bytes: Uint8Array, start: number, end: number): void {
    const body = start + this.#format.fragmentPrefixBytes;
    if (body > end || !this.#isSupported) {
      this.packetsInError++;
      return;
    }
    const flags = readUint8(bytes, body - 1);
    // Some cameras forget E; nothing can follow a marker.
    const isLast = (flags & E_BIT) !== 0 || this.#unit.isMarked;
    if ((flags & S_BIT) !== 0) {
      this.#closeFragment();
      const isWhole = isLast && end - body + this.#format.headerBytes <= ASSEMBLY_BYTES;
      this.#openFragment(this.#format.readFragmentedHeader(bytes, start), isWhole);
      if (this.#mode === FragmentMode.forward) this.#unit.begin(this.#header, bytes, body);
    } else if (this.#mode === FragmentMode.none) {
      this.packetsInError++;
      this.#mode = FragmentMode.skip;
    }
    const isFull = this.#assemblyLength + end - body > ASSEMBLY_BYTES;
    if (this.#mode === FragmentMode.assemble && isFull) this.#spillAssembly();
    if (this.#mode === FragmentMode.assemble) this.#assemble(bytes, body, end);
    else if (this.#mode === FragmentMode.forward && !isLast) this.#unit.append(bytes, body, end);
    if (isLast) this.#endFragment(bytes, body, end);
  }

  /** `isWhole`: this fragment is all of its NAL unit. No fragment may be first and last at once. */
  #openFragment(header: number, isWhole: boolean): void {
    const kind = this.#format.kindOf(header);
    this.#header = header;
    this.#assemblyLength = 0;
    if (kind === NalKind.unknown || kind === NalKind.fragment || kind === NalKind.aggregate) {
      this.packetsInError++;
      this.#mode = FragmentMode.skip;
    } else if (kind === NalKind.dropped) {
      this.#mode = FragmentMode.drop;
    } else if (!isWhole && this.#unit.canForward(header)) {
      this.#mode = FragmentMode.forward;
    } else {
      const headerBytes = this.#format.headerBytes;
      this.#assembly[0] = headerBytes === 1 ? header : header >> 8;
      if (headerBytes === 2) this.#assembly[1] = header;
      this.#assemblyLength = headerBytes;
      this.#mode = FragmentMode.assemble;
    }
  }

  #assemble(bytes: Uint8Array, start: number, end: number): void {
    copyBytes.call(bytes, this.#assembly, this.#assemblyLength, start, end);
    this.#assemblyLength += end - start;
  }

  /** The NAL unit is longer than what is worth waiting for. */
  #spillAssembly(): void {
    const kind = this.#format.kindOf(this.#header);
    const headerBytes = this.#format.headerBytes;
    if (kind === NalKind.other) {
      this.#unit.begin(this.#header, this.#assembly, headerBytes);
      this.#unit.append(this.#assembly, headerBytes, this.#assemblyLength);
      this.#mode = FragmentMode.forward;
      return;
    }
    this.packetsInError++;
    this.#mode = FragmentMode.skip;
  }

  #endFragment(bytes: Uint8Array, body: number, end: number): void {
    const mode = this.#mode;
    this.#mode = FragmentMode.none;
    if (mode === FragmentMode.forward) {
      this.#unit.finish(bytes, body, end);
    } else if (mode === FragmentMode.drop) {
      this.#unit.flush();
    } else if (mode === FragmentMode.assemble) {
      const isNal = this.#assemblyLength > this.#format.headerBytes;
      if (!isNal || !this.#unit.write(this.#assembly, 0, this.#assemblyLength)) {
        this.packetsInError++;
      }
    }
  }

  /** A fragmented NAL unit that was not finished when something else came is damaged. */
  #closeFragment(): void {
    if (this.#mode === FragmentMode.forward || this.#mode === FragmentMode.assemble) {
      this.packetsInError++;
      this.#unit.noteLoss();
    }
    this.#mode = FragmentMode.none;
  }
}
