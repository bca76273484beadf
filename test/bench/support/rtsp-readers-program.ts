// Child process of a bench: RTSP readers over TCP that take everything and look at nothing.
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { answerCalls } from './bench-child.ts';

const connectSchema = z.object({ url: z.string(), count: z.number() });

const RECEIVE_BYTES = 256 << 10;
const CONNECT_TIMEOUT_MS = 10_000;

const sockets: Socket[] = [];
let receivedBytes = 0;

/** Speaks just enough RTSP for a server that says yes. */
function read(url: string): Promise<undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => reject(new Error(`no answer from ${url}`)), CONNECT_TIMEOUT_MS);
  let session = '';
  let requests = 0;
  const send = (method: string, target: string, headers: string): void => {
    requests++;
    socket.write(`${method} ${target} RTSP/1.0\r\nCSeq: ${requests}\r\n${headers}\r\n`);
  };
  const onAnswer = (text: string): void => {
    if (!text.startsWith('RTSP/1.0 200')) reject(new Error(`${url}: ${text}`));
    session = /^session: *([^;\r]+)/imu.exec(text)?.[1] ?? session;
    if (requests === 1) {
      send('PLAY', url, `Session: ${session}\r\n`);
    } else {
      isPlaying = true;
      clearTimeout(timer);
      resolve(undefined);
    }
  };
  let isPlaying = false;
  // One buffer for all: what is not looked at need not be kept.
  const onread = {
    buffer,
    callback: (lengthBytes: number, bytes: Uint8Array): boolean => {
      receivedBytes += lengthBytes;
      if (!isPlaying) onAnswer(Buffer.from(bytes.subarray(0, lengthBytes)).toString('latin1'));
      return true;
    },
  };
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', onread });
  socket.once('connect', () => {
    const transport = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n';
    send('SETUP', `${url}/trackID=0`, transport);
  });
  socket.on('error', reject);
  sockets.push(socket);
  return promise;
}

const buffer = new Uint8Array(RECEIVE_BYTES);

answerCalls(
  {
    connect: async (params) => {
      const { url, count } = connectSchema.parse(params);
      for (let index = 0; index < count; index++) await read(url);
    },
    report: () => ({
      receivedBytes,
      open: sockets.filter((socket) => !socket.destroyed).length,
    }),
  },
  () => {
    for (const socket of sockets) socket.destroy();
  },
);
