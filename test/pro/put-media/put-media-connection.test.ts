// One PutMedia request over loopback: its head, both directions at once, and every way it ends.
import assert from 'node:assert/strict';
import net from 'node:net';
import type { FragmentAck } from '../../../pro/put-media/ack-parser.ts';
import { PutMediaConnection } from '../../../pro/put-media/put-media-connection.ts';
import type { PutMediaProblem } from '../../../pro/put-media/put-media-problem.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { PutMediaSink, ackText, refuse, type SinkScript } from './put-media-sink.ts';
import { until } from './until.ts';

/** A connection and all that it told. */
class Caller {
  readonly clock = new FakeClock();
  readonly acks: FragmentAck[] = [];
  readonly ends: (PutMediaProblem | undefined)[] = [];
  writableCalls = 0;
  readonly connection: PutMediaConnection;

  constructor(url: URL) {
    const headers = { 'x-amzn-stream-name': 'cam', authorization: 'AWS4-HMAC-SHA256 secret' };
    const request = { url: new URL('/putMedia', url), headers, stream: 'cam', region: 'us-west-2' };
    this.connection = new PutMediaConnection(this.clock, request, {
      onWritable: () => this.writableCalls++,
      onAck: (ack) => void this.acks.push(ack),
      onEnded: (problem) => void this.ends.push(problem),
    });
    this.connection.open();
  }

  get isEnded(): boolean {
    return this.ends.length > 0;
  }
}

async function sinkOf(script: SinkScript): Promise<PutMediaSink> {
  return new PutMediaSink(script).listen();
}

/** A server that speaks as `onSocket` does. */
async function listenRaw(
  onSocket: (socket: net.Socket) => void,
): Promise<AsyncDisposable & { readonly url: URL }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe('PutMediaConnection', () => {
  it('sends the head at once and waits to be told to go on', async () => {
    await using sink = await sinkOf({});
    const { connection } = new Caller(sink.url);
    assert.equal(connection.isWritable, false);
    await until(() => sink.connections.length === 1 && connection.isWritable);
    const [first] = sink.connections;
    assert.ok(first);
    assert.equal(first.path, '/putMedia');
    assert.deepEqual(
      ['x-amzn-stream-name', 'transfer-encoding', 'connection', 'expect', 'content-length'].map(
        (name) => first.headers[name],
      ),
      ['cam', 'chunked', 'keep-alive', '100-continue', undefined],
    );
    connection.close();
  });

  it('begins when it is told to continue, before the answer', async () => {
    await using sink = await sinkOf({ onRequest: ({ response }) => response.writeContinue() });
    const { connection } = new Caller(sink.url);
    await until(() => connection.isWritable);
    connection.close();
  });

  it('takes acknowledgements in pieces while the body goes on, and ends after it', async () => {
    await using sink = await sinkOf({
      onLine: ({ response }, line) => {
        const text = ackText('PERSISTED', line.slice(1, 2));
        response.write(text.slice(0, 9));
        setImmediate(() => response.write(text.slice(9)));
      },
      onEnd: ({ response }) => setImmediate(() => response.end()),
    });
    const caller = new Caller(sink.url);
    await until(() => caller.connection.isWritable);
    for (const stamp of [1, 2]) {
      caller.connection.write([Buffer.from(`C${stamp}`), Buffer.from(' 0 \n')]);
      await until(() => caller.acks.length === stamp);
    }
    assert.deepEqual(
      caller.acks.map(({ timecodeMs }) => timecodeMs),
      [1, 2],
    );
    assert.equal(caller.connection.bytesSent, 12);
    caller.connection.finish();
    assert.equal(caller.connection.isWritable, false);
    await until(() => caller.isEnded);
    assert.deepEqual(caller.ends, [undefined]);
    assert.equal(caller.clock.pendingTimers, 0);
  });

  it('says when the socket takes no more, and when it does again', async () => {
    let resume: (() => void) | undefined;
    await using sink = await sinkOf({
      isDeaf: true,
      onRequest: ({ response, socket }) => {
        response.writeHead(200);
        response.flushHeaders();
        resume = () => void response.req.resume();
        socket.on('error', () => undefined);
      },
    });
    const { connection } = new Caller(sink.url);
    await until(() => connection.isWritable);
    const piece = Buffer.alloc(1024 * 1024);
    let pieces = 0;
    for (; pieces < 64 && connection.isWritable; pieces++) connection.write([piece]);
    assert.ok(pieces < 64, 'the socket takes everything');
    resume?.();
    await until(() => connection.isWritable);
    connection.close();
  });

  it('tells what an answer other than 200 says, and nothing secret', async () => {
    await using sink = await sinkOf({
      onRequest: (each) => refuse(each, 400, 'ConnectionLimitExceededException'),
    });
    const caller = new Caller(sink.url);
    await until(() => caller.isEnded);
    const [problem] = caller.ends;
    assert.equal(problem?.action, 'back-off');
    assert.match(problem.error.message, /ConnectionLimitExceededException.*of the sink.*'cam'/u);
    assert.equal(caller.writableCalls, 0);
    assert.equal(caller.clock.pendingTimers, 0);
  });

  it('does not wait for the rest of a refusal for ever', async () => {
    await using sink = await sinkOf({
      onRequest: ({ response }) => void response.writeHead(404).write('{"Mess'),
    });
    const caller = new Caller(sink.url);
    await until(() => caller.isEnded, { clock: caller.clock, stepMs: 5 });
    assert.equal(caller.ends[0]?.action, 'create-stream');
  });

  it('bounds the words of a refusal', async () => {
    await using sink = await sinkOf({
      onRequest: ({ response }) => void response.writeHead(403).write('x'.repeat(200_000)),
    });
    const caller = new Caller(sink.url);
    await until(() => caller.isEnded);
    assert.ok((caller.ends[0]?.error.message.length ?? 0) < 600);
  });

  it('tells when the connection is lost, once and without the signature', async () => {
    await using sink = await sinkOf({ onLine: ({ socket }) => socket.resetAndDestroy() });
    const caller = new Caller(sink.url);
    await until(() => caller.connection.isWritable);
    caller.connection.write([Buffer.from('C1 0 \n')]);
    await until(() => caller.isEnded);
    await until(() => caller.clock.pendingTimers === 0);
    assert.equal(caller.ends.length, 1);
    assert.equal(caller.ends[0]?.action, 'resend');
    const { code, message } = caller.ends[0].error;
    assert.equal(code, 'put-media-connection-lost');
    assert.ok(!message.includes('secret') && message.includes("'cam'"), message);
    caller.connection.write([Buffer.from('more')]);
    caller.connection.finish();
  });

  it('tells when nobody listens', async () => {
    const sink = await sinkOf({});
    const { url } = sink;
    await sink[Symbol.asyncDispose]();
    const caller = new Caller(url);
    await until(() => caller.isEnded);
    assert.match(caller.ends[0]?.error.message ?? '', /ECONNREFUSED/u);
  });

  it('begins after a second with a server that says nothing', async () => {
    await using server = await listenRaw((socket) => void socket.resume());
    const caller = new Caller(server.url);
    await until(() => caller.connection.isWritable, { clock: caller.clock, stepMs: 1 });
    assert.ok(caller.clock.monotonicMs() >= 1000);
    caller.connection.close();
  });

  it('takes an answer that is no HTTP for a lost connection', async () => {
    await using server = await listenRaw((socket) => void socket.resume().end('hello\r\n\r\n'));
    const caller = new Caller(server.url);
    await until(() => caller.isEnded);
    assert.equal(caller.ends[0]?.action, 'resend');
  });

  it('gives up a connection that does not come about', () => {
    // Documentation addresses answer nobody: nothing is sent before the clock is turned.
    const caller = new Caller(new URL('http://127.0.0.1:1'));
    caller.clock.advance(10_000);
    assert.match(caller.ends[0]?.error.message ?? '', /no connection in 10000 ms/u);
  });

  it('is silent after close(), and leaves no socket and no timer', async () => {
    await using sink = await sinkOf({});
    const caller = new Caller(sink.url);
    await until(() => caller.connection.isWritable);
    caller.connection.close();
    caller.connection.close();
    assert.equal(caller.clock.pendingTimers, 0);
    let open = 1;
    await until(() => {
      void sink.openSockets().then((count) => (open = count));
      return open === 0;
    });
    assert.deepEqual(caller.ends, []);
  });
});
