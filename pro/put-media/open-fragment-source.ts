// Begins to cut the stream of a path into fragments for an upload.
import type { Clock } from '../../core/base/clock.ts';
import type { Closable } from '../../core/base/lifetime.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Stream } from '../../core/stream/stream.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { FragmentSource } from './fragment-source.ts';
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

/** Fragments with sound that `ffmpeg` makes into AAC where it is none. */
export function fragmentSources(components: {
  readonly clock: Clock;
  readonly ffmpeg: FfmpegProvider;
}): OpenFragmentSource {
  return ({ pathName, stream, audio, listener, logger }) => {
    const source = new FragmentSource(
      { ...components, stream, listener, logger },
      { pathName, audio },
    );
    source.start();
    return source;
  };
}
