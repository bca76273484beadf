// How an upload asks for the fragments of a stream.
import type { Closable } from '../../core/base/lifetime.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Stream } from '../../core/stream/stream.ts';
import type { FragmentListener } from './media-fragment.ts';

/** What is cut, and who takes the pieces. */
export interface FragmentRequest {
  readonly pathName: string;
  /** That of a read lease. */
  readonly stream: Stream;
  readonly audio: 'aac' | 'none';
  readonly listener: FragmentListener;
  readonly logger: Logger;
}

/** Begins; nothing is handed out after the result was closed. @throws MediaError `unsupported`. */
export type OpenFragmentSource = (request: FragmentRequest) => Closable;
