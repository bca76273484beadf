// A web site with the signalling SDK of AWS, for the pages of KVS masters and viewers.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { KvsDouble } from '../../support/kvs/kvs-double.ts';
import { KvsListener } from '../../support/kvs/kvs-listener.ts';
import { DEFAULT_KVS_KEY } from '../../support/kvs/kvs-double.ts';
import type { KvsCredentials } from '../../support/kvs/sigv4-verifier.ts';
import { Chromium } from './chromium.ts';

/** What a page is told of the service. */
export interface KvsPageOptions {
  readonly double: KvsDouble;
  readonly channelName: string;
  /** The double's default key by default. */
  readonly credentials?: KvsCredentials;
  /** Whether only TURN may be used; the servers are the double's. */
  readonly isRelayOnly?: boolean;
}

const PAGES = join(import.meta.dirname, 'pages');
const SDK = join(
  import.meta.dirname,
  '../../../node_modules/amazon-kinesis-video-streams-webrtc/dist/kvs-webrtc.min.js',
);
const INDEX = `<!doctype html>
<meta charset="utf-8" />
<title>KVS</title>
<script src="/sdk.js"></script>
<script type="module" src="/kvs-kit.js"></script>
`;

/** Chromium with a fake camera that accepts the certificate of the double. */
export function launchKvsChromium(): Promise<Chromium> {
  return Chromium.launch({ hasFakeMedia: true, args: ['--ignore-certificate-errors'] });
}

/** Serves the pages on a free port of 127.0.0.1, where cameras are allowed. */
export class KvsSite implements AsyncDisposable {
  readonly #listener: KvsListener;

  private constructor(listener: KvsListener) {
    this.#listener = listener;
  }

  static async start(): Promise<KvsSite> {
    const scripts = readdirSync(PAGES).filter((name) => name.endsWith('.js'));
    const files = new Map(
      scripts.map((name) => [`/${name}`, readFileSync(join(PAGES, name), 'utf8')]),
    );
    files.set('/sdk.js', readFileSync(SDK, 'utf8')).set('/', INDEX);
    const listener = await KvsListener.start(
      {
        onRequest: ({ url = '' }, response) => {
          const body = files.get(url);
          const type = url === '/' ? 'text/html' : 'text/javascript';
          response.setHeader('Content-Type', `${type}; charset=utf-8`);
          response.writeHead(body === undefined ? 404 : 200).end(body);
        },
      },
      undefined,
    );
    return new KvsSite(listener);
  }

  /** A page with `kit`: KvsMasterPage and KvsViewerPage run in it. */
  async open(browser: Chromium): Promise<Page> {
    const page = await browser.open(`${this.#listener.httpUrl}/`);
    await page.waitForFunction('globalThis.kit !== undefined');
    return page;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener[Symbol.asyncDispose]();
  }
}

/** The options of the page's side. */
export function kvsSocketOptions(
  role: 'MASTER' | 'VIEWER',
  { double, channelName, credentials = DEFAULT_KVS_KEY, isRelayOnly = false }: KvsPageOptions,
): Readonly<Record<string, unknown>> {
  const { arn } = double.catalog.channel({ name: channelName, arn: undefined });
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    region: double.region,
    channelARN: arn,
    endpoint: role === 'MASTER' ? double.endpoints.master : double.endpoints.viewer,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    iceServers: double.iceServers.map(({ Uris, Username, Password }) => {
      return { urls: Uris, username: Username, credential: Password };
    }),
    isRelayOnly,
  };
}
