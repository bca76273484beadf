// Rules of recording keys.
import type { PathConfig } from './config.ts';
import { formatDuration } from './duration.ts';
import type { ReportPath } from './validation.ts';

const DAY_MS = 86_400_000;
const DATE_PARTS = ['%Y', '%m', '%d', '%H', '%M', '%S'];

/** Reports every broken rule of the recording keys. */
export function validateRecord(
  config: PathConfig,
  { isPlaybackOn }: { readonly isPlaybackOn: boolean },
  report: ReportPath,
): void {
  if (config.recordPath === '') report(['recordPath'], "'recordPath' cannot be empty");
  // Without a placeholder it is a folder, and the recorder names the files.
  if (config.recordPath.includes('%')) validatePattern(config, isPlaybackOn, report);
  validateDurations(config, report);
}

function validatePattern(
  { recordPath }: PathConfig,
  isPlaybackOn: boolean,
  report: ReportPath,
): void {
  if (!recordPath.includes('%path')) report(['recordPath'], "'recordPath' must contain %path");
  const hasDate = DATE_PARTS.every((part) => recordPath.includes(part));
  if (!recordPath.includes('%s') && !hasDate) {
    report(['recordPath'], "'recordPath' must contain either %s or %Y %m %d %H %M %S");
  }
  if (isPlaybackOn && !recordPath.includes('%f')) {
    report(['recordPath'], "'recordPath' must contain %f");
  }
}

function validateDurations(config: PathConfig, report: ReportPath): void {
  const { recordSegmentDuration, recordDeleteAfter, recordPartDuration } = config;
  if (recordSegmentDuration > DAY_MS) {
    const message = `maximum segment duration is 1 day, not ${formatDuration(recordSegmentDuration)}`;
    report(['recordSegmentDuration'], message);
  }
  for (const key of ['recordSegmentDuration', 'recordPartDuration'] as const) {
    if (config[key] <= 0) report([key], `'${key}' must be greater than zero`);
  }
  if (recordPartDuration > 0 && config.recordMaxPartSize <= 0) {
    report(['recordMaxPartSize'], "'recordMaxPartSize' must be greater than zero");
  }
  if (recordDeleteAfter !== 0 && recordDeleteAfter < recordSegmentDuration) {
    report(
      ['recordDeleteAfter'],
      "'recordDeleteAfter' cannot be lower than 'recordSegmentDuration'",
    );
  }
}
