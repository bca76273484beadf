// Reads request bodies up to a limit, counting what really arrives.
import type { IncomingMessage } from 'node:http';
import { MediaError } from '../base/media-error.ts';

/**
 * Refuses by `Content-Length`, before anything else is asked of the request.
 * @throws MediaError resource-exhausted `body-too-large`.
 */
export function checkDeclaredLength(incoming: IncomingMessage, maxBytes: number): void {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
}

/**
 * Reads the whole body. The request's time-out of the server bounds how long that takes.
 * @throws MediaError resource-exhausted `body-too-large`, unsupported `unsupported-content-encoding`,
 * canceled `request-aborted`.
 */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  checkDeclaredLength(incoming, maxBytes);
  const encoding = incoming.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new MediaError(
      'unsupported',
      'unsupported-content-encoding',
      `Content-Encoding '${encoding.slice(0, 32)}' is not supported, send the body as it is`,
    );
  }
  return await collect(incoming, maxBytes);
}

/** Not `for await`: leaving that loop early would destroy the socket before the answer. */
function collect(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const settle = (finish: () => void): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else settle(() => reject(tooLarge(maxBytes)));
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, sizeBytes)));
    const onClose = (): void =>
      settle(() =>
        reject(new MediaError('canceled', 'request-aborted', 'client left before the body ended')),
      );
    if (incoming.destroyed) onClose();
    else incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function tooLarge(maxBytes: number): MediaError {
  return new MediaError(
    'resource-exhausted',
    'body-too-large',
    `request body is larger than ${maxBytes} bytes`,
  );
}
