// AWS's SDK as VIEWER inside Chromium; it offers to receive audio and video.
import type { Page } from 'playwright-core';
import { callKit, nextKitId, pollUntil } from './kit-call.ts';
import type { KvsViewerReport } from './kvs-report.ts';
import { viewerReportSchema } from './kvs-report.ts';
import type { KvsPageOptions } from './kvs-site.ts';
import { kvsSocketOptions } from './kvs-site.ts';

/** Who views. */
export interface KvsViewerPageOptions extends KvsPageOptions {
  readonly clientId: string;
}

const DEFAULT_WAIT_MS = 15_000;

/** A viewer that was started; its offer is sent when `opened` is `open`. */
export class KvsViewerPage {
  /** How its WebSocket began: `open`, `error` or `close`. */
  readonly opened: string;
  readonly #page: Page;
  readonly #id: string;

  private constructor(page: Page, id: string, opened: string) {
    this.#page = page;
    this.#id = id;
    this.opened = opened;
  }

  /** Connects in a page of `KvsSite.open()`. */
  static async start(page: Page, options: KvsViewerPageOptions): Promise<KvsViewerPage> {
    const id = nextKitId();
    const socket = kvsSocketOptions('VIEWER', options);
    const { clientId } = options;
    const opened = String(await callKit(page, 'viewer', id, { ...socket, clientId }));
    return new KvsViewerPage(page, id, opened);
  }

  async report(): Promise<KvsViewerReport> {
    return viewerReportSchema.parse(await callKit(this.#page, 'report', this.#id));
  }

  /** Resolves with the first report that `isDone` accepts. */
  waitFor(
    isDone: (report: KvsViewerReport) => boolean,
    timeoutMs = DEFAULT_WAIT_MS,
  ): Promise<KvsViewerReport> {
    return pollUntil(() => this.report(), isDone, timeoutMs);
  }

  /** Resolves when `count` frames are decoded. */
  waitForFrames(count: number, timeoutMs = DEFAULT_WAIT_MS): Promise<KvsViewerReport> {
    return this.waitFor((report) => (report.video?.framesDecoded ?? 0) >= count, timeoutMs);
  }

  /** Opens the signalling anew; media stays. */
  async reopen(): Promise<string> {
    return String(await callKit(this.#page, 'reopen', this.#id));
  }

  /** Sends a candidate above the limit. */
  async sendTooMuch(correlationId: string): Promise<void> {
    await callKit(this.#page, 'sendTooMuch', this.#id, correlationId);
  }

  /** Closes the signalling and the peer connection. */
  async stop(): Promise<void> {
    await callKit(this.#page, 'stop', this.#id);
  }
}
