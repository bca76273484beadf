// A folder of recordings: where it is, what its names mean, and how files in it are touched.
import type { RecordingLayout } from './recording-layout.ts';
import type { SafeFolder } from './safe-folder.ts';

/** One root of the library. */
export interface RecordingFolder {
  readonly safe: SafeFolder;
  readonly layout: RecordingLayout;
}
