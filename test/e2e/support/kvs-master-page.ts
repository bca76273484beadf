// AWS's SDK as MASTER inside Chromium, with the fake camera and microphone.
import type { Page } from 'playwright-core';
import { callKit, nextKitId } from './kit-call.ts';
import { KvsPeerPage } from './kvs-peer-page.ts';
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

/** A master that was started; it answers every viewer until `stop`. */
export class KvsMasterPage extends KvsPeerPage<KvsMasterReport> {
  /** Connects in a page of `KvsSite.open()`. */
  static async start(page: Page, options: KvsMasterPageOptions): Promise<KvsMasterPage> {
    const id = nextKitId();
    const parse = (value: unknown): KvsMasterReport => masterReportSchema.parse(value);
    const { width, height, hasAudio, videoCodec } = options;
    const socket = kvsSocketOptions('MASTER', options);
    const media = { width, height, hasAudio, videoCodec };
    const opened = String(await callKit(page, 'master', id, { ...socket, ...media }));
    return new KvsMasterPage({ page, id }, parse, opened);
  }
}
