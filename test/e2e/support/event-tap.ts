// Listens at /ws and keeps everything in order, with remarks of the test in between, so that a test can wait and tell.
import { WebSocket } from 'ws';
import { z } from 'zod';

/** A message as it came, or a remark of the test (type `remark`). */
export interface TappedEvent {
  /** Since the tap was opened. */
  readonly atMs: number;
  readonly text: string;
  /** Empty for messages without one. */
  readonly type: string;
  /** All members of the message. */
  readonly members: Readonly<Record<string, unknown>>;
}

const OPEN_TIMEOUT_MS = 15_000;
const DEFAULT_WAIT_MS = 30_000;
const messageSchema = z.record(z.string(), z.unknown());

/** One WebSocket client. Whoever opens it closes it. */
export class EventTap implements AsyncDisposable {
  readonly events: TappedEvent[] = [];
  readonly #socket: WebSocket;
  readonly #startMs = performance.now();
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#take(data.toString()));
    socket.on('error', () => undefined);
  }

  /** `url` is that of the API listener, with the query that the hub is to see. */
  static async open(url: string): Promise<EventTap> {
    const socket = new WebSocket(url.replace(/^http/u, 'ws'));
    const tap = new EventTap(socket);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no WebSocket: ${url}`)), OPEN_TIMEOUT_MS);
      socket.once('open', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.once('error', reject);
    });
    return tap;
  }

  /** Writes a remark between the events; returns its index. */
  remark(text: string): number {
    return this.#push({ text, type: 'remark', members: {} });
  }

  /** Resolves with the index of the first event behind index `after` that is wanted. */
  async waitFor(
    isWanted: (event: TappedEvent) => boolean,
    { after = -1, timeoutMs = DEFAULT_WAIT_MS } = {},
  ): Promise<number> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const index = this.events.findIndex((event, at) => at > after && isWanted(event));
      if (index >= 0) return index;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`nothing in ${timeoutMs} ms behind ${this.#tail()}`);
      await this.#next(leftMs);
    }
  }

  /** As waitFor(), by type. */
  waitForType(type: string, after = -1): Promise<number> {
    return this.waitFor((event) => event.type === type, { after });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    return Promise.resolve();
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #tail(): string {
    return this.events
      .slice(-20)
      .map(({ text }) => text)
      .join('\n');
  }

  #take(text: string): void {
    const members = messageSchema.safeParse(JSON.parse(text)).data ?? {};
    const type = typeof members['type'] === 'string' ? members['type'] : '';
    this.#push({ text, type, members });
  }

  #push(event: Omit<TappedEvent, 'atMs'>): number {
    const index = this.events.push({ atMs: performance.now() - this.#startMs, ...event }) - 1;
    for (const wake of this.#wake.splice(0)) wake();
    return index;
  }
}
