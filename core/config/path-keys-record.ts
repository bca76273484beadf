// Path keys of mediamtx.yml: recording.
import { key } from './config-key.ts';
import { duration, flag, oneOf, size, text } from './value-schemas.ts';

/** Keys about recording. */
export const recordKeys = {
  record: key(flag, false, 'Records the stream to disk.'),
  recordPath: key(
    text,
    './recordings',
    'Folder, or a file name without extension: %path, %Y %m %d %H %M %S, %f (microseconds), %z, %s (Unix time).',
  ),
  recordFormat: key(oneOf('fmp4', 'mpegts'), 'fmp4', 'Kind of file: fmp4, mpegts.'),
  recordPartDuration: key(duration, '1s', 'How much is lost at most when the machine fails.'),
  recordMaxPartSize: key(size, '50M', 'Most memory of a part, in bytes.'),
  recordSegmentDuration: key(duration, '1h', 'Shortest file; at most one day.'),
  recordDeleteAfter: key(duration, '1d', 'Age at which files are deleted; 0s keeps them.'),
};
