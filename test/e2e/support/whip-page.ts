// A WHIP publisher inside Chromium, driven by the test.
import type { Page } from 'playwright-core';
import { callKit, nextKitId, pollUntil } from './kit-call.ts';
import type { Exchange, WhipReport } from './peer-report.ts';
import { parseExchange, parseWhipReport } from './peer-report.ts';

/** What the publisher offers. */
export interface WhipPageOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A canvas that moves, by default; the camera needs `hasFakeMedia` of Chromium. */
  readonly source?: 'camera' | 'canvas';
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
  /** Preferred codec, e.g. `H264`; the others stay in the offer behind it. */
  readonly videoCodec?: string;
  readonly width?: number;
  readonly height?: number;
  readonly framesPerSecond?: number;
  readonly waitForGathering?: boolean;
}

const DEFAULT_WAIT_MS = 10_000;

/** A publisher that was started; it lives until `stop` or until its page closes. */
export class WhipPage {
  readonly exchange: Exchange;
  readonly #page: Page;
  readonly #id: string;

  private constructor(page: Page, id: string, exchange: Exchange) {
    this.#page = page;
    this.#id = id;
    this.exchange = exchange;
  }

  /** Posts the offer in a page of `Chromium.openKit()`. A refusal is in `exchange.status`. */
  static async start(page: Page, options: WhipPageOptions): Promise<WhipPage> {
    const id = nextKitId();
    const exchange = parseExchange(await callKit(page, 'publish', id, options));
    return new WhipPage(page, id, exchange);
  }

  async report(): Promise<WhipReport> {
    return parseWhipReport(await callKit(this.#page, 'publishReport', this.#id));
  }

  /** Resolves with the first report that `isDone` accepts. */
  waitFor(
    isDone: (report: WhipReport) => boolean,
    timeoutMs = DEFAULT_WAIT_MS,
  ): Promise<WhipReport> {
    return pollUntil(() => this.report(), isDone, timeoutMs);
  }

  /** Closes the peer connection and deletes the session; returns the status of DELETE, 0 without one. */
  async stop(): Promise<number> {
    return Number(await callKit(this.#page, 'stopPublishing', this.#id));
  }
}
