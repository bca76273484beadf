// Debian's Chromium with a fresh profile and the switches that WebRTC over loopback needs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { KitSite } from './kit-site.ts';

/** How to start the browser. */
export interface ChromiumOptions {
  /** A camera and a microphone that Chromium makes up, with permission given. */
  readonly hasFakeMedia?: boolean;
  readonly args?: readonly string[];
  /** A program that becomes Chromium, e.g. inside a network namespace; Debian's by default. */
  readonly executablePath?: string;
}

/** Both loopback switches are needed where the machine has no other interface. */
const ARGS: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const FAKE_MEDIA_ARGS: readonly string[] = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

/** One browser. Starting it takes a second: start it once per file of tests. */
export class Chromium implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #site: KitSite;

  private constructor(context: BrowserContext, profile: string, site: KitSite) {
    this.#context = context;
    this.#profile = profile;
    this.#site = site;
  }

  static async launch(options: ChromiumOptions = {}): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: options.executablePath ?? '/usr/bin/chromium',
      headless: true,
      chromiumSandbox: false,
      args: [
        ...ARGS,
        ...(options.hasFakeMedia === true ? FAKE_MEDIA_ARGS : []),
        ...(options.args ?? []),
      ],
      ignoreDefaultArgs: ['--mute-audio'],
    });
    return new Chromium(context, profile, await KitSite.start());
  }

  /** Opens any page, e.g. one that the server itself serves. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  /** Opens the page that WhepPage, WhipPage and barcode readings run in. */
  async openKit(): Promise<Page> {
    const page = await this.open(`${this.#site.origin}/`);
    await page.waitForFunction('globalThis.kit !== undefined');
    return page;
  }

  /** Kills the process of a page: what it had open ends without a goodbye. */
  async crash(page: Page): Promise<void> {
    const crashed = page.waitForEvent('crash');
    const session = await this.#context.newCDPSession(page);
    // The answer never comes: whoever would give it is gone.
    void session.send('Page.crash').catch(() => undefined);
    await crashed;
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#site.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
