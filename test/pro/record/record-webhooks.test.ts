// What other systems are told about recordings, and what happens when they do not listen.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventBus } from '../../../pro/events/event-bus.ts';
import { RecordWebhooks } from '../../../pro/record/record-webhooks.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

interface Post {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Keeps what is posted; answers with `status`, or never when it is 0. */
class Receiver implements AsyncDisposable {
  readonly posts: Post[] = [];
  status = 200;
  readonly #server: Server;
  #onPost = Promise.withResolvers<undefined>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#take(request).then(() => {
        if (this.status > 0) response.writeHead(this.status, { location: '/elsewhere' }).end('ok');
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  url(credentials = ''): string {
    const address = this.#server.address() as AddressInfo;
    return `http://${credentials}127.0.0.1:${address.port}/hook`;
  }

  async next(): Promise<void> {
    await this.#onPost.promise;
    this.#onPost = Promise.withResolvers<undefined>();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    this.posts.push({ method: request.method, headers: request.headers, body });
    this.#onPost.resolve(undefined);
  }
}

const STARTED = {
  type: 'recordStarted',
  name: 'cam',
  id: '1',
  fileName: 'a.mp4',
  filePath: '/20260506/a.mp4',
  isAutomatic: false,
} as const;

function setUp(options: Partial<ConstructorParameters<typeof RecordWebhooks>[1]>): {
  bus: EventBus;
  logger: RecordingLogger;
  hooks: RecordWebhooks;
} {
  const logger = new RecordingLogger();
  const bus = new EventBus(logger);
  const hooks = new RecordWebhooks(
    { events: bus, logger },
    { createUrl: '', deleteUrl: '', ...options },
  );
  hooks.start();
  return { bus, logger, hooks };
}

describe('RecordWebhooks', () => {
  it('posts each new recording once, though it goes on in another file', async () => {
    await using receiver = await Receiver.start();
    const { bus, hooks } = setUp({ createUrl: receiver.url('user:p%40ss@') });
    bus.publish(STARTED);
    bus.publish({ ...STARTED, fileName: 'a-retry1.mp4' });
    await receiver.next();
    await hooks.close();
    assert.equal(receiver.posts.length, 1);
    const [post] = receiver.posts;
    assert.equal(post?.method, 'POST');
    assert.equal(post.headers['content-type'], 'application/json');
    assert.equal(post.headers.authorization, `Basic ${btoa('user:p@ss')}`);
    assert.deepEqual(post.body, {
      resType: 'VIDEO',
      resId: 0,
      resName: 'a.mp4',
      resDesc: 'cam',
      pathName: 'cam',
      thumbnail: '',
      resPath: '/20260506/a.mp4',
    });
  });

  it('posts deleted files to the other address', async () => {
    await using receiver = await Receiver.start();
    const { bus, hooks } = setUp({ deleteUrl: receiver.url() });
    bus.publish(STARTED);
    bus.publish({ type: 'fileDeleted', filePath: '/20260506/b.mp4', reason: 'request' });
    await receiver.next();
    await hooks.close();
    assert.deepEqual(
      receiver.posts.map(({ body }) => body),
      [
        {
          resType: 'VIDEO',
          resId: 0,
          resName: 'b.mp4',
          resDesc: '',
          pathName: '',
          thumbnail: '',
          resPath: '/20260506/b.mp4',
        },
      ],
    );
  });

  for (const [title, status] of [
    ['a refusal', 500],
    ['a redirect', 302],
    ['silence', 0],
  ] as const) {
    it(`logs ${title} without credentials, and goes on`, async () => {
      await using receiver = await Receiver.start();
      receiver.status = status;
      const url = receiver.url('user:secret@');
      const { bus, logger, hooks } = setUp({ createUrl: url, timeoutMs: 50 });
      bus.publish(STARTED);
      await receiver.next();
      await hooks.idle();
      const text = logger.lines.map(({ message }) => message).join('\n');
      assert.match(text, /webhook .* for '\/20260506\/a.mp4' failed: /u);
      assert.doesNotMatch(text, /secret/u);
      assert.equal(receiver.posts.length, 1);
      await hooks.close();
    });
  }

  it('does not pile up requests', async () => {
    await using receiver = await Receiver.start();
    receiver.status = 0;
    const { bus, logger, hooks } = setUp({ createUrl: receiver.url(), maxOpenCalls: 4 });
    for (let id = 0; id < 10; id++) bus.publish({ ...STARTED, id: String(id) });
    const leftOut = logger.lines.filter(({ message }) => message.includes('left out'));
    assert.equal(leftOut.length, 6);
    await hooks.close();
  });
});
