// Opens a port for a moment, the way the server does, to see whether it could.
import { createSocket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { ListenAddress } from '../../../core/base/listen-address.ts';

/** Undefined when the port can be opened, else the code of the failure, e.g. `EADDRINUSE`. */
export async function tryPort(
  protocol: 'tcp' | 'udp',
  address: ListenAddress,
): Promise<string | undefined> {
  if (protocol === 'tcp') return tryTcp(address);
  if (address.host !== '') return tryUdp(address.host.includes(':') ? 'udp6' : 'udp4', address);
  const code = await tryUdp('udp6', address);
  return code === 'EAFNOSUPPORT' || code === 'EINVAL' ? tryUdp('udp4', address) : code;
}

async function tryTcp({ host, port }: ListenAddress): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, exclusive: true, ...(host === '' ? {} : { host }) });
    await once(server, 'listening');
    return undefined;
  } catch (failure) {
    return codeOf(failure);
  } finally {
    const closed = Promise.withResolvers<undefined>();
    server.close(() => closed.resolve(undefined));
    await closed.promise;
  }
}

async function tryUdp(
  type: SocketType,
  { host, port }: ListenAddress,
): Promise<string | undefined> {
  const socket = createSocket(type);
  try {
    socket.bind({ port, exclusive: true, ...(host === '' ? {} : { address: host }) });
    await once(socket, 'listening');
    return undefined;
  } catch (failure) {
    return codeOf(failure);
  } finally {
    const closed = Promise.withResolvers<undefined>();
    socket.close(() => closed.resolve(undefined));
    await closed.promise;
  }
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : String(failure);
}
