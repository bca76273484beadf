// Webhooks: what is sent and how it is signed, what happens to those who fail, and what they cost others.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { z } from 'zod';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { redactGlobal } from '../../../core/config/redact-config.ts';
import { HookOutlets } from '../../../core/hooks/hook-outlets.ts';
import type { WebhookConfig } from '../../../core/hooks/webhook-queue.ts';
import { WebhookSender } from '../../../core/hooks/webhook-sender.ts';
import type { OutgoingReply, OutgoingRequest } from '../../../core/http/pinned-http-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SECRET = '0123456789abcdef-secret';
const VARIABLES = { MTX_PATH: 'cam', MTX_QUERY: 'a+b%3B' };
const sentSchema = z.looseObject({ id: z.string(), event: z.string() });

function webhook(name: string, events: WebhookConfig['events'] = []): WebhookConfig {
  return { url: `http://${name}.example/hook`, secret: SECRET, events };
}

/** Answers with the statuses that a test sets by host; 0 never answers, -1 is a redirect. */
class Receivers {
  readonly clock = new FakeClock();
  readonly requests: OutgoingRequest[] = [];
  readonly statuses = new Map<string, number>();
  webhooks: readonly WebhookConfig[];
  readonly sender: WebhookSender;

  constructor(...webhooks: readonly WebhookConfig[]) {
    this.webhooks = webhooks;
    const client = { request: (request: OutgoingRequest) => this.#answer(request) };
    const { clock } = this;
    this.sender = new WebhookSender({
      ...{ clock, client, logger: silentLogger, webhooks: () => this.webhooks },
    });
  }

  /** Events that came since the last call, as `host event`. */
  async take(): Promise<readonly string[]> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return this.requests.splice(0).map(({ url, body }) => {
      const { event } = sentSchema.parse(JSON.parse(String(body)));
      return `${new URL(url).hostname.replace('.example', '')} ${event}`;
    });
  }

  #answer(request: OutgoingRequest): Promise<OutgoingReply> {
    this.requests.push(request);
    const status = this.statuses.get(new URL(request.url).hostname.split('.')[0] ?? '') ?? 204;
    if (status > 0) return Promise.resolve({ status, headers: {}, body: Buffer.alloc(0) });
    if (status < 0) {
      return Promise.reject(new MediaError('unavailable', 'redirect-refused', 'a redirect'));
    }
    return new Promise((_, reject) => {
      request.signal?.addEventListener('abort', () => {
        reject(new MediaError('canceled', 'request-aborted', 'aborted'));
      });
    });
  }
}

describe('WebhookSender', () => {
  it('sends events to those who want them, in order', async () => {
    const receivers = new Receivers(webhook('all'), webhook('some', ['runOnUnread']));
    receivers.sender.tell('runOnRead', VARIABLES);
    receivers.sender.tell('runOnUnread', VARIABLES);
    const sent = await receivers.take();
    assert.deepEqual([...sent].sort(), ['all runOnRead', 'all runOnUnread', 'some runOnUnread']);
    assert.ok(sent.indexOf('all runOnRead') < sent.indexOf('all runOnUnread'));
  });

  it('tries again after 1, 5 and 30 s, with the same id and a fresh signature, then gives up', async () => {
    const receivers = new Receivers(webhook('a'));
    const { clock, sender, statuses, requests } = receivers;
    statuses.set('a', 503);
    sender.tell('runOnRead', VARIABLES);
    const bodies = new Set<unknown>();
    const signatures = new Set<unknown>();
    for (const pauseMs of [1000, 5000, 30_000, 60_000]) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      bodies.add(requests.at(-1)?.body);
      signatures.add(requests.at(-1)?.headers?.['X-Mediamtx-Signature']);
      assert.equal((await receivers.take()).length, 1);
      clock.advance(pauseMs - 1);
      assert.deepEqual(await receivers.take(), []);
      clock.advance(1);
    }
    assert.deepEqual(await receivers.take(), []);
    assert.deepEqual([bodies.size, signatures.size], [1, 4]);
    assert.deepEqual([sender.drops, clock.pendingTimers], [{ full: 0, failed: 1 }, 0]);
  });

  it('does not try again what was refused or redirected, and goes on with the next', async () => {
    const receivers = new Receivers(webhook('a'));
    const { sender, statuses } = receivers;
    for (const status of [400, 404, -1]) {
      statuses.set('a', status);
      sender.tell('runOnRead', VARIABLES);
      assert.deepEqual(await receivers.take(), ['a runOnRead']);
    }
    statuses.clear();
    sender.tell('runOnUnread', VARIABLES);
    assert.deepEqual(await receivers.take(), ['a runOnUnread']);
    assert.deepEqual(sender.drops, { full: 0, failed: 3 });
  });

  it('lets a receiver that does not answer wait alone, its oldest messages dropped beyond 1 MiB', async () => {
    const receivers = new Receivers(webhook('slow'), webhook('quick'));
    const { sender, statuses } = receivers;
    statuses.set('slow', 0);
    const long = { MTX_QUERY: 'x'.repeat(300 * 1024) };
    for (let count = 0; count < 6; count++) {
      sender.tell('runOnRead', long);
      const sent = await receivers.take();
      assert.deepEqual(
        sent.filter((line) => line.startsWith('quick')),
        ['quick runOnRead'],
      );
    }
    assert.deepEqual(sender.drops, { full: 2, failed: 0 });
    const closed = sender.close();
    receivers.clock.advance(1000);
    await closed;
    assert.equal(receivers.clock.pendingTimers, 0);
  });

  it('forgets a receiver that the configuration no longer names, also between two tries', async () => {
    const receivers = new Receivers(webhook('a'));
    const { clock, sender, statuses } = receivers;
    statuses.set('a', 500);
    sender.tell('runOnRead', VARIABLES);
    await receivers.take();
    receivers.webhooks = [];
    clock.advance(60_000);
    assert.deepEqual(await receivers.take(), []);
    sender.tell('runOnRead', VARIABLES);
    assert.deepEqual(await receivers.take(), []);
    assert.deepEqual(sender.drops, { full: 0, failed: 0 });
  });

  it('still sends what tells of the end when the server stops, and nothing after it', async () => {
    const receivers = new Receivers(webhook('a'));
    receivers.sender.tell('runOnUnread', VARIABLES);
    await receivers.sender.close();
    receivers.sender.tell('runOnRead', VARIABLES);
    assert.deepEqual(await receivers.take(), ['a runOnUnread']);
    assert.equal(receivers.clock.pendingTimers, 0);
  });
});

describe('a webhook as its receiver gets it', () => {
  it('can be verified with the secret, and holds what commands get', async () => {
    const got = Promise.withResolvers<{ signature: string; type: string; body: string }>();
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.once('end', () => {
        const { 'x-mediamtx-signature': signature, 'content-type': type = '' } = request.headers;
        got.resolve({ signature: String(signature), type, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const entry = { url: `http://127.0.0.1:${port}/hook?key=1`, secret: SECRET, events: [] };
    const webhooks = (): readonly WebhookConfig[] => [entry];
    const components = { clock: systemClock, logger: silentLogger, environment: {}, webhooks };
    await using outlets = new HookOutlets(components);
    outlets.tell('runOnAvailable', VARIABLES);
    const { signature, type, body } = await got.promise;
    server.close();
    const [, seconds = '', hex = ''] = /^t=(\d+),v1=([\da-f]{64})$/u.exec(signature) ?? [];
    assert.equal(hex, createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex'));
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 5);
    assert.equal(type, 'application/json');
    const { id, time, ...rest } = z.record(z.string(), z.string()).parse(JSON.parse(body));
    assert.deepEqual(rest, { event: 'runOnAvailable', path: 'cam', ...VARIABLES });
    assert.match(id ?? '', /^[\da-f-]{36}$/u);
    assert.ok(Math.abs(Date.parse(time ?? '') - Date.now()) < 5000);
    assert.deepEqual(
      outlets.drops.map(({ value }) => value),
      [0, 0, 0],
    );
  });
});

describe('webhooks of mediamtx.yml', () => {
  it('have all events by default, and a secret that is never shown', () => {
    const { global } = loadConfig({
      ...{ text: `webhooks: [{url: 'https://a.example/x', secret: ${SECRET}}]`, env: {} },
    });
    assert.deepEqual(global.webhooks, [{ url: 'https://a.example/x', secret: SECRET, events: [] }]);
    assert.doesNotMatch(JSON.stringify(redactGlobal(global)), /0123456789/u);
  });

  it('are refused with a URL that cannot be asked, a short secret, or an unknown event', () => {
    const cases: readonly [fields: string, message: RegExp][] = [
      ['url: "ftp://a/x", secret: 0123456789abcdef', /is not an http:\/\/ or https:\/\/ URL/u],
      ['url: "http://u:hush@a/x", secret: 0123456789abcdef', /must not hold a user name/u],
      ['url: "http://a/x", secret: short', /at least 16 characters/u],
      [
        'url: "http://a/x", secret: 0123456789abcdef, events: [runOnNothing]',
        /runOnNothing|events/u,
      ],
    ];
    for (const [fields, message] of cases) {
      const load = (): unknown => loadConfig({ text: `webhooks: [{${fields}}]`, env: {} });
      assert.throws(load, (error: Error) => {
        assert.doesNotMatch(error.message, /hush/u);
        return message.test(error.message);
      });
    }
  });
});
