// A WHIP publisher inside Chromium, driven by the test.
import type { Page } from 'playwright-core';
import { callKit, nextKitId } from './kit-call.ts';
import { KitPeer, type KitPlace } from './kit-peer.ts';
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
export class WhipPage extends KitPeer<WhipReport> {
  readonly exchange: Exchange;

  private constructor(place: KitPlace, exchange: Exchange) {
    super(place, { method: 'publishReport', parse: parseWhipReport, waitMs: DEFAULT_WAIT_MS });
    this.exchange = exchange;
  }

  /** Posts the offer in a page of `Chromium.openKit()`. A refusal is in `exchange.status`. */
  static async start(page: Page, options: WhipPageOptions): Promise<WhipPage> {
    const id = nextKitId();
    const exchange = parseExchange(await callKit(page, 'publish', id, options));
    return new WhipPage({ page, id }, exchange);
  }

  /** Closes the peer connection and deletes the session; returns the status of DELETE, 0 without one. */
  async stop(): Promise<number> {
    return Number(await this.call('stopPublishing'));
  }
}
