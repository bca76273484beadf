// The media server in a process of its own, with its cost on demand.
import { z } from 'zod';
import type { ListenerInfo } from '../../../core/server-listeners.ts';
import { BenchChild, type BenchChildOptions } from './bench-child.ts';

const urlsSchema = z.object({ rtsp: z.string(), http: z.string() });

const reportSchema = z.object({
  wallMs: z.number(),
  /** Of one core, user and system time of all threads. */
  cpuPercent: z.number(),
  /** RTP packets to all readers. */
  packetsPerSecond: z.number(),
  packetsDropped: z.number(),
  readers: z.number(),
  publishers: z.number(),
  rssMb: z.number(),
  /** How late a timer of the server is; 0 when not asked for. */
  delayP50Ms: z.number(),
  delayP99Ms: z.number(),
  delayMaxMs: z.number(),
});

/** Without a slash at the end. */
export type ServerUrls = z.infer<typeof urlsSchema>;
/** What the server cost since `measure`. */
export type ServerReport = z.infer<typeof reportSchema>;

/** Where clients find a server. */
export function originsOf(listeners: readonly ListenerInfo[]): ServerUrls {
  const of = (scheme: string): string => {
    const found = listeners.find(({ url }) => url.startsWith(`${scheme}://`));
    if (found === undefined) throw new Error(`the server does not listen for ${scheme}`);
    return `${scheme}://${new URL(found.url).host}`;
  };
  return { rtsp: of('rtsp'), http: of('http') };
}

/** Use with `await using`. */
export class MeasuredServer implements AsyncDisposable {
  readonly urls: ServerUrls;
  readonly #child: BenchChild;

  private constructor(child: BenchChild, urls: ServerUrls) {
    this.#child = child;
    this.urls = urls;
  }

  static async start(options: BenchChildOptions = {}): Promise<MeasuredServer> {
    const child = new BenchChild(new URL('./server-program.ts', import.meta.url), options);
    try {
      return new MeasuredServer(child, urlsSchema.parse(await child.call('urls')));
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  rtspUrl(path: string): string {
    return `${this.urls.rtsp}/${path}`;
  }

  whepUrl(path: string): string {
    return `${this.urls.http}/${path}/whep`;
  }

  /** Forgets what was measured so far. A resolution also measures the event loop's delay, and costs a little. */
  async measure(options: { readonly delayResolutionMs?: number } = {}): Promise<void> {
    await this.#child.call('measure', options);
  }

  async report(): Promise<ServerReport> {
    return reportSchema.parse(await this.#child.call('report'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.stop();
  }
}
