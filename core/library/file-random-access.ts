// An open file as readers of containers want it.
import type { FileHandle } from 'node:fs/promises';
import type { RandomAccess } from '../mux/random-access.ts';

/** `handle` stays open as long as the result is used; its owner closes it. */
export function fileRandomAccess(handle: FileHandle, sizeBytes: number): RandomAccess {
  return {
    sizeBytes,
    async read(position, length) {
      const wanted = Math.max(0, Math.min(length, sizeBytes - position));
      const bytes = new Uint8Array(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(bytes, filled, wanted - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
  };
}
