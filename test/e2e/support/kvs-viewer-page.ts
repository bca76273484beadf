// AWS's SDK as VIEWER inside Chromium; it offers to receive audio and video.
import type { Page } from 'playwright-core';
import { callKit, nextKitId } from './kit-call.ts';
import { KvsPeerPage } from './kvs-peer-page.ts';
import type { KvsViewerReport } from './kvs-report.ts';
import { viewerReportSchema } from './kvs-report.ts';
import type { KvsPageOptions } from './kvs-site.ts';
import { kvsSocketOptions } from './kvs-site.ts';

/** Who views. */
export interface KvsViewerPageOptions extends KvsPageOptions {
  readonly clientId: string;
}

/** A viewer that was started; its offer is sent when `opened` is `open`. */
export class KvsViewerPage extends KvsPeerPage<KvsViewerReport> {
  /** Connects in a page of `KvsSite.open()`. */
  static async start(page: Page, options: KvsViewerPageOptions): Promise<KvsViewerPage> {
    const id = nextKitId();
    const parse = (value: unknown): KvsViewerReport => viewerReportSchema.parse(value);
    const socket = kvsSocketOptions('VIEWER', options);
    const { clientId } = options;
    const opened = String(await callKit(page, 'viewer', id, { ...socket, clientId }));
    return new KvsViewerPage({ page, id }, parse, opened);
  }

  /** Resolves when `count` frames are decoded. */
  waitForFrames(count: number, timeoutMs?: number): Promise<KvsViewerReport> {
    return this.waitFor((report) => (report.video?.framesDecoded ?? 0) >= count, timeoutMs);
  }
}
