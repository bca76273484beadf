// Keeps what was expensive to make, within a bound of bytes, and makes each thing once.

interface Entry<T> {
  readonly value: T;
  readonly sizeBytes: number;
}

/** Least recently used goes first. Whoever asks while a thing is being made waits for the same one. */
export class PictureCache<T> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #pending = new Map<string, Promise<T>>();
  #sizeBytes = 0;

  constructor(maxBytes: number, sizeOf: (value: T) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Bytes held now. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What is known under `key`, or what `make` resolves to; a failure is not kept. */
  async get(key: string, make: () => Promise<T>): Promise<T> {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.value;
    }
    const known = this.#pending.get(key);
    if (known) return known;
    const made = make();
    this.#pending.set(key, made);
    try {
      const value = await made;
      this.#keep(key, value);
      return value;
    } finally {
      this.#pending.delete(key);
    }
  }

  #keep(key: string, value: T): void {
    const sizeBytes = this.#sizeOf(value);
    if (sizeBytes > this.#maxBytes) return;
    this.#entries.set(key, { value, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const [oldKey, old] of this.#entries) {
      if (this.#sizeBytes <= this.#maxBytes) return;
      this.#entries.delete(oldKey);
      this.#sizeBytes -= old.sizeBytes;
    }
  }
}
