// Child process of a bench: UDP sockets that are bound and that nobody reads, so that the kernel drops.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { z } from 'zod';
import { answerCalls } from './bench-child.ts';
import { pinTo } from './processor-time.ts';

const bindSchema = z.object({ count: z.number() });

const AWAKE_MS = 20;
const ASLEEP_MS = 1_000;
const never = new Int32Array(new SharedArrayBuffer(4));

pinTo(1);

/** Binds sockets with the smallest buffers there are; answers with their ports. */
async function bind(params: unknown): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < bindSchema.parse(params).count; i++) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.setRecvBufferSize(1);
    ports.push(socket.address().port);
  }
  setTimeout(fallAsleep, AWAKE_MS);
  return ports;
}

/** Wakes up now and then only to see whether the parent is still there. */
function fallAsleep(): void {
  Atomics.wait(never, 0, 0, ASLEEP_MS);
  setTimeout(fallAsleep, AWAKE_MS);
}

answerCalls({ bind }, () => undefined);
