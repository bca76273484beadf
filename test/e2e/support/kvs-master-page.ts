// AWS's SDK as MASTER inside Chromium, with the fake camera and microphone.
import type { Page } from 'playwright-core';
import { callKit, nextKitId, pollUntil } from './kit-call.ts';
import type { KvsMasterReport } from './kvs-report.ts';
import { masterReportSchema } from './kvs-report.ts';
import type { KvsPageOptions } from './kvs-site.ts';
import { kvsSocketOptions } from './kvs-site.ts';

/** What the master sends. */
export interface KvsMasterPageOptions extends KvsPageOptions {
  /** 640 by default. */
  readonly width?: number;
  /** 360 by default. */
  readonly height?: number;
  /** true by default */
  readonly hasAudio?: boolean;
  /** Preferred codec; H264 by default. */
  readonly videoCodec?: string;
}

const DEFAULT_WAIT_MS = 15_000;

/** A master that was started; it answers every viewer until `stop`. */
export class KvsMasterPage {
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
  static async start(page: Page, options: KvsMasterPageOptions): Promise<KvsMasterPage> {
    const id = nextKitId();
    const { width, height, hasAudio, videoCodec } = options;
    const socket = kvsSocketOptions('MASTER', options);
    const media = { width, height, hasAudio, videoCodec };
    const opened = String(await callKit(page, 'master', id, { ...socket, ...media }));
    return new KvsMasterPage(page, id, opened);
  }

  async report(): Promise<KvsMasterReport> {
    return masterReportSchema.parse(await callKit(this.#page, 'report', this.#id));
  }

  /** Resolves with the first report that `isDone` accepts. */
  waitFor(
    isDone: (report: KvsMasterReport) => boolean,
    timeoutMs = DEFAULT_WAIT_MS,
  ): Promise<KvsMasterReport> {
    return pollUntil(() => this.report(), isDone, timeoutMs);
  }

  /** Opens the signalling anew; media stays. */
  async reopen(): Promise<string> {
    return String(await callKit(this.#page, 'reopen', this.#id));
  }

  /** Sends a candidate above the limit to nobody. */
  async sendTooMuch(correlationId: string): Promise<void> {
    await callKit(this.#page, 'sendTooMuch', this.#id, correlationId);
  }

  /** Closes the signalling, all peer connections and the camera. */
  async stop(): Promise<void> {
    await callKit(this.#page, 'stop', this.#id);
  }
}
