// Finds ports of 127.0.0.1 that nobody uses, for a server that is another process.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const HIGHEST_PORT = 65_535;
const LOWEST_PORT = 20_000;
/** Above this lies the range from which Linux serves connections that ask for any port. */
const EPHEMERAL_START = 32_768;
const MAX_ATTEMPTS = 200;

/** Starts where other runs of this module probably do not. */
let nextPort = LOWEST_PORT + ((process.pid * 97) % (EPHEMERAL_START - LOWEST_PORT));

/**
 * Returns the first of `count` consecutive ports that are free for TCP and for UDP; it is even.
 * Never returns the same port twice in a process.
 */
export async function findFreePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const first = nextPort + (nextPort % 2);
    nextPort = first + count;
    if (nextPort >= EPHEMERAL_START) nextPort = LOWEST_PORT;
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const areFree = await Promise.all(ports.flatMap((port) => [isTcpFree(port), isUdpFree(port)]));
    if (first + count <= HIGHEST_PORT && areFree.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports on 127.0.0.1 after ${MAX_ATTEMPTS} attempts`);
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
