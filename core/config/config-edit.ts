// One change to the configuration file, as a form or the API makes it.
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';

/** Sets the value at a key path, e.g. ['paths', 'cam1', 'source']; undefined removes the key. */
export interface ConfigEdit {
  readonly path: readonly PathSegment[];
  /** In yml form: durations as "10s". */
  readonly value: YmlValue | undefined;
}
