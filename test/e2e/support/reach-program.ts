// Runs in network namespaces: `listen` counts datagrams, `ask` sends some and asks over TCP how many arrived.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';

const DATAGRAMS = 5;
const TCP_TIMEOUT_MS = 3_000;

/** Answers each TCP connection with the number of datagrams that came to the same port. */
async function listen(address: string): Promise<void> {
  let datagrams = 0;
  const counter = createSocket('udp4').on('message', () => (datagrams += 1));
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    // A datagram sent before the question may still wait in this turn of the event loop.
    socket.once('data', () => void nextTurn().then(() => socket.end(String(datagrams))));
  });
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  counter.bind(bound.port, address);
  await once(counter, 'listening');
  process.stdout.write(`listening on ${bound.port}\n`);
}

/** What was sent first by the same way has arrived when the answer is there, or is lost. */
async function ask(address: string, port: number): Promise<void> {
  const sender = createSocket('udp4');
  const sent = Array.from({ length: DATAGRAMS }, (_, index) => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    sender.send(Uint8Array.of(index), port, address, (error) =>
      error === null ? resolve(undefined) : reject(error),
    );
    return promise;
  });
  await Promise.all(sent);
  sender.close();
  const socket = connect(port, address);
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no answer over TCP in ${TCP_TIMEOUT_MS} ms`));
  }, TCP_TIMEOUT_MS);
  socket.write('?');
  process.stdout.write(`${await text(socket)} of ${DATAGRAMS} datagrams\n`);
  clearTimeout(timer);
}

const [role, address = '', port] = process.argv.slice(2);
if (role === 'listen') await listen(address);
else await ask(address, Number(port));
