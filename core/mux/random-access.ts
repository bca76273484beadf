// What readers of files need; whoever has the file open provides it.

/** Bytes of a file at any place. The file may be hostile, but does not change while it is read. */
export interface RandomAccess {
  readonly sizeBytes: number;
  /** Fewer bytes than `length` only at the end of the file. The result stays as it is. */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>;
}
