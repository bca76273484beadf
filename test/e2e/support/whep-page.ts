// A WHEP viewer inside Chromium, driven by the test.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { callKit, nextKitId } from './kit-call.ts';
import { KitPeer, type KitPlace } from './kit-peer.ts';
import type { BarcodeReport, Exchange, IceRestart, WhepReport } from './peer-report.ts';
import {
  parseBarcodeReport,
  parseExchange,
  parseIceRestart,
  parseWhepReport,
} from './peer-report.ts';

/** What the viewer offers. */
export interface WhepPageOptions {
  readonly url: string;
  /** Added to the POST, e.g. Authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Both by default. */
  readonly kinds?: readonly ('video' | 'audio')[];
  /** The only video codec to offer, e.g. `VP8`. */
  readonly videoCodec?: string;
  /** Offer with candidates; without them by default, as fast players do. */
  readonly waitForGathering?: boolean;
}

/** `watchWhep` also needs to know how long to look. */
export interface WatchWhepOptions extends WhepPageOptions {
  /** Time from the offer to the report; 3 s by default. */
  readonly durationMs?: number;
}

const DEFAULT_WATCH_MS = 3_000;
const DEFAULT_WAIT_MS = 10_000;

/** A viewer that was started; it lives until `stop` or until its page closes. */
export class WhepPage extends KitPeer<WhepReport> {
  readonly exchange: Exchange;

  private constructor(place: KitPlace, exchange: Exchange) {
    super(place, { method: 'watchReport', parse: parseWhepReport, waitMs: DEFAULT_WAIT_MS });
    this.exchange = exchange;
  }

  /** Posts the offer in a page of `Chromium.openKit()`. A refusal is in `exchange.status`. */
  static async start(page: Page, options: WhepPageOptions): Promise<WhepPage> {
    const id = nextKitId();
    const exchange = parseExchange(await callKit(page, 'watch', id, options));
    return new WhepPage({ page, id }, exchange);
  }

  /** Resolves when `count` frames are decoded. */
  waitForFrames(count: number, timeoutMs = DEFAULT_WAIT_MS): Promise<WhepReport> {
    return this.waitFor((report) => (report.video?.framesDecoded ?? 0) >= count, timeoutMs);
  }

  /** Starts to read the clock of `BarcodeCamera` out of the pictures. */
  async readBarcode(): Promise<void> {
    await this.call('readBarcode');
  }

  async barcodeReport(): Promise<BarcodeReport> {
    return parseBarcodeReport(await this.call('barcodeReport'));
  }

  /** Restarts ICE by PATCH and tells what the server answered. */
  async restartIce(): Promise<IceRestart> {
    return parseIceRestart(await this.call('restartIce'));
  }

  /** Closes the peer connection and deletes the session; returns the status of DELETE, 0 without one. */
  async stop(options: { readonly isSilent?: boolean } = {}): Promise<number> {
    return Number(await this.call('stopWatching', options));
  }
}

/** Watches for a while and reports; the viewer is stopped afterwards. */
export async function watchWhep(page: Page, options: WatchWhepOptions): Promise<WhepReport> {
  const { durationMs = DEFAULT_WATCH_MS, ...offer } = options;
  const viewer = await WhepPage.start(page, offer);
  await sleep(durationMs);
  const report = await viewer.report();
  await viewer.stop();
  return report;
}
