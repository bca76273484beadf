// Finds what belongs to a remote UDP address, once per received packet.

/** Port first (an integer key), then the address string: no key is glued together per packet. */
export class AddressTable<T> {
  readonly #byPort = new Map<number, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(address: string, port: number): T | undefined {
    return this.#byPort.get(port)?.get(address);
  }

  /** Adds or replaces. */
  set(address: string, port: number, value: T): void {
    let byAddress = this.#byPort.get(port);
    if (byAddress === undefined) {
      byAddress = new Map();
      this.#byPort.set(port, byAddress);
    }
    if (!byAddress.has(address)) this.#size++;
    byAddress.set(address, value);
  }

  /** Removes the entry if it still is `value`. */
  delete(address: string, port: number, value: T): void {
    const byAddress = this.#byPort.get(port);
    if (byAddress?.get(address) !== value) return;
    byAddress.delete(address);
    this.#size--;
    if (byAddress.size === 0) this.#byPort.delete(port);
  }
}
