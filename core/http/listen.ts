// Opens a server's socket and says in plain words why that failed.
import type { Server } from 'node:net';
import type { ListenAddress } from '../base/listen-address.ts';
import { MediaError } from '../base/media-error.ts';

/**
 * Resolves when `server` listens.
 * @throws MediaError unavailable `address-in-use`, failed-precondition `address-not-permitted` or
 * `listen-failed`.
 */
export function listen(
  server: Server,
  { address, addressKey }: { readonly address: ListenAddress; readonly addressKey: string },
): Promise<void> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const onError = (failure: NodeJS.ErrnoException): void => {
      reject(toListenError(failure, `${addressKey} '${host}:${port}'`));
    };
    server.once('error', onError);
    // Without a host Node.js listens on '::' for both families, or on 0.0.0.0 where IPv6 is off.
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function toListenError(cause: NodeJS.ErrnoException, place: string): MediaError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new MediaError('unavailable', 'address-in-use', `${place} is in use already`, {
        cause,
      });
    case 'EACCES':
      return new MediaError(
        'failed-precondition',
        'address-not-permitted',
        `${place} is not permitted: ports below 1024 need the capability CAP_NET_BIND_SERVICE`,
        { cause },
      );
    default:
      return new MediaError(
        'failed-precondition',
        'listen-failed',
        `${place} cannot be listened on (${cause.code ?? cause.message})`,
        { cause },
      );
  }
}
