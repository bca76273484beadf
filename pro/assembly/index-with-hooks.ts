// Recorded files are told to the index first, then to the commands of runOnRecordSegment.
import type { RecordingsIndex } from '../../core/record/recordings-index.ts';
import type { ProContext } from './pro-context.ts';

/** The index of recordings that also runs the hooks of files. */
export function indexWithHooks({ core }: ProContext, index: RecordingsIndex): RecordingsIndex {
  const { segments } = core.observers;
  return {
    opened: (segment) => {
      index.opened(segment);
      segments.opened(segment);
    },
    closed: (segment) => {
      index.closed(segment);
      segments.closed(segment);
    },
    gap: (gap) => index.gap(gap),
  };
}
