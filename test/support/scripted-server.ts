// A TCP server whose answers are written byte by byte by a test, and that keeps what it was sent.
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Everything that arrived, per connection. */
  readonly received: string[];
}

/** Calls `answer` when the headers of a request are complete. */
export async function startScriptedServer(
  answer: (socket: Socket, request: string) => void,
): Promise<ScriptedServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const index = received.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const before = received[index] ?? '';
      received[index] = before + chunk.toString('latin1');
      const isComplete = (text: string): boolean => text.includes('\r\n\r\n');
      if (!isComplete(before) && isComplete(received[index])) answer(socket, received[index]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // A listening TCP server has such an address.
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, received, [Symbol.asyncDispose]: close };
}

/** A whole answer that ends the connection. */
export function rawReply(body: string, head = 'HTTP/1.1 200 OK'): string {
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}
