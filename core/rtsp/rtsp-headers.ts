// Headers of an RTSP message: looked up without regard to case, kept in their order.

interface HeaderEntry {
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

/** The headers of one message; at most a hundred, so a list is searched faster than a map is built. */
export class RtspHeaders {
  #entries: HeaderEntry[] = [];

  /** Headers from pairs of name and value; undefined values are left out. */
  static of(values: Readonly<Record<string, string | undefined>>): RtspHeaders {
    const headers = new RtspHeaders();
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) headers.append(name, value);
    }
    return headers;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The first value of a header; clients repeat `User-Agent` and the like. */
  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#entries.find((entry) => entry.key === key)?.value;
  }

  /** Every value of a header, in order. */
  getAll(name: string): readonly string[] {
    const key = name.toLowerCase();
    return this.#entries.filter((entry) => entry.key === key).map((entry) => entry.value);
  }

  append(name: string, value: string): this {
    this.#entries.push({ name, key: name.toLowerCase(), value });
    return this;
  }

  /** Replaces every value of a header. */
  set(name: string, value: string): this {
    this.delete(name);
    return this.append(name, value);
  }

  delete(name: string): void {
    const key = name.toLowerCase();
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  /** Names as written, with their values. */
  *[Symbol.iterator](): IterableIterator<readonly [string, string]> {
    for (const { name, value } of this.#entries) yield [name, value];
  }
}
