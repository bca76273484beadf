// Rules of one path: what fits together and what does not.
import { isPatternName } from './path-name.ts';
import { validateAlwaysAvailable } from './validate-always-available.ts';
import { validateForward, validatePathSource } from './validate-path-source.ts';
import { validateRecord } from './validate-record.ts';
import type { PathUnderTest, ReportPath } from './validation.ts';

const MIN_PASSPHRASE = 10;
const MAX_PASSPHRASE = 79;

/** Reports every broken rule of a path. */
export function validatePath(path: PathUnderTest, report: ReportPath): void {
  validateValues(path, report);
  validatePathSource(path, report);
  validateAlwaysAvailable(path, report);
  if (path.confName !== undefined && isPatternName(path.confName)) {
    validatePattern(path, report);
  }
}

/** Reports broken rules that count for `pathDefaults` too. */
export function validateValues(path: PathUnderTest, report: ReportPath): void {
  const { config, global } = path;
  validateRecord(config, { isPlaybackOn: global.playback }, report);
  validateForward(path, report);
  for (const key of ['srtReadPassphrase', 'srtPublishPassphrase'] as const) {
    const { length } = config[key];
    if (length > 0 && (length < MIN_PASSPHRASE || length > MAX_PASSPHRASE)) {
      report([key], `must be between ${MIN_PASSPHRASE} and ${MAX_PASSPHRASE} characters`);
    }
  }
  const [firstPort, lastPort] = config.rtspUDPSourcePortRange;
  if (firstPort >= lastPort || firstPort === 0) {
    report(['rtspUDPSourcePortRange'], `[${firstPort}, ${lastPort}] is no range of ports`);
  }
}

function validatePattern({ config }: PathUnderTest, report: ReportPath): void {
  const isStatic = config.source !== 'publisher' && config.source !== 'redirect';
  if (isStatic && !config.sourceOnDemand) {
    report(
      ['source'],
      "a path with a regular expression (or 'all_others') and a static source must have 'sourceOnDemand' set to true",
    );
  }
  for (const key of ['runOnInit', 'alwaysAvailable'] as const) {
    if (config[key] !== '' && config[key] !== false) {
      report([key], `a path with a regular expression does not support '${key}'`);
    }
  }
}
