// Remembers over which transport the media of a source came, so that the next run begins with it.
import type { LowerTransport } from './client-setup.ts';

const MAX_SOURCES = 4096;

/** Bounded memory by request URL; the oldest entry makes room. */
export class ClientTransportMemory {
  readonly #transports = new Map<string, LowerTransport>();

  get(requestUrl: string): LowerTransport | undefined {
    return this.#transports.get(requestUrl);
  }

  remember(requestUrl: string, transport: LowerTransport): void {
    this.#transports.delete(requestUrl);
    this.#transports.set(requestUrl, transport);
    const [oldest] = this.#transports.keys();
    if (this.#transports.size > MAX_SOURCES && oldest !== undefined) this.forget(oldest);
  }

  forget(requestUrl: string): void {
    this.#transports.delete(requestUrl);
  }
}
