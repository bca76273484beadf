// Memory that WebAssembly shares with us, and the innermost loops of SRTP that run over it.
import { MediaError } from '../base/media-error.ts';
import { isLittleEndian } from './memory-order.ts';
import { writeSrtpKernelModule } from './srtp-kernel-module.ts';

/** As the module exports them; all numbers are offsets in bytes, lengths or words. */
interface KernelFunctions {
  readonly xor: (target: number, source: number, lengthBytes: number) => void;
  readonly count: (
    target: number,
    blocks: number,
    word0: number,
    word1: number,
    word2: number,
    word3: number,
  ) => void;
  readonly compress: (state: number, block: number) => void;
}

/** What is used of the global object; the type library of browsers would bring much more. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (options: { initial: number; maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelFunctions };
};

/** Pages of 64 KiB; what is never touched costs no memory. */
const PAGES = 8;
const ALIGNMENT = 64;
/** Compiled once: it has no state. */
const MODULE = new WebAssembly.Module(writeSrtpKernelModule());

/** One memory with its functions; regions are given out once and never come back. */
export class SrtpKernel {
  /** The whole memory. */
  readonly bytes: Buffer;
  /** Mixes 16 words at `block` into the 5 words of SHA-1 state at `state`. */
  readonly compress: KernelFunctions['compress'];
  /** Xors `lengthBytes` (above 0) in steps of 16 bytes: up to 15 bytes beyond are changed, too. */
  readonly xor: KernelFunctions['xor'];
  /** Writes 1 to 256 counter blocks that differ in their last byte; words in memory order. */
  readonly count: KernelFunctions['count'];
  #end = 0;

  /** @throws MediaError internal on a big-endian machine: the module's words would not be ours. */
  constructor() {
    if (!isLittleEndian) {
      throw new MediaError('internal', 'internal', 'SRTP needs a little-endian processor');
    }
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const { exports } = new WebAssembly.Instance(MODULE, { env: { memory } });
    this.bytes = Buffer.from(memory.buffer);
    this.compress = exports.compress;
    this.xor = exports.xor;
    this.count = exports.count;
  }

  /** Offset of `sizeBytes` that nobody else has. @throws MediaError internal when none are left. */
  allocate(sizeBytes: number): number {
    const start = this.#end;
    if (start + sizeBytes > this.bytes.length) {
      throw new MediaError('internal', 'internal', `SRTP memory: no ${sizeBytes} bytes are left`);
    }
    this.#end = Math.ceil((start + sizeBytes) / ALIGNMENT) * ALIGNMENT;
    return start;
  }

  /** A view of words from a byte offset on. */
  wordsAt(offset: number, count: number): Int32Array {
    return new Int32Array(this.bytes.buffer, this.bytes.byteOffset + offset, count);
  }
}
