// What a path refuses and why it ends streams, in words for those who asked.
import { MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';

/** For readers of a stream that is over. */
export function streamEnded(name: string, why: string): MediaError {
  const message = `the stream of path '${name}' ended: ${why}`;
  return new MediaError('unavailable', 'stream-ended', message);
}

/** For those who waited in vain; what the source failed with is what an operator looks for. */
export function noStream(
  name: string,
  { isOnDemand, cause }: { readonly isOnDemand: boolean; readonly cause: MediaError | undefined },
): MediaError {
  const why = cause ? `: ${redactUrls(cause.message)}` : '';
  const options = cause ? { cause } : {};
  if (isOnDemand) {
    const message = `source of path '${name}' has timed out${why}`;
    return new MediaError('deadline-exceeded', 'source-timed-out', message, options);
  }
  const message = `no stream is available on path '${name}'${why}`;
  return new MediaError('not-found', 'no-stream', message, options);
}

/** For publishers of a path that pulls. */
export function pathHasSource(name: string): MediaError {
  const message = `path '${name}' has a source of its own ('source' is not 'publisher') and can't be published to`;
  return new MediaError('invalid-argument', 'path-has-source', message);
}

/** For a second publisher where the first may not be replaced. */
export function pathHasPublisher(name: string): MediaError {
  const message = `someone is already publishing to path '${name}'`;
  return new MediaError('already-exists', 'path-has-publisher', message);
}

/** For a reader too many. */
export function tooManyReaders(name: string, limit: number): MediaError {
  const message = `maximum reader count (${limit}) of path '${name}' is reached`;
  return new MediaError('resource-exhausted', 'max-readers', message);
}

/** For those whose path works differently from now on. */
export function pathChanged(name: string, why: string): MediaError {
  return new MediaError('unavailable', 'path-changed', `path '${name}' was changed: ${why}`);
}

/** For everybody on a path that is no longer configured. */
export function pathRemoved(name: string): MediaError {
  const message = `path '${name}' is no longer configured`;
  return new MediaError('unavailable', 'path-removed', message);
}
