// What a recordPath stands for: a folder, or a pattern for file names below a fixed folder.

/** Whether a recordPath is a pattern for file names, as MediaMTX has them. */
export function isRecordPattern(recordPath: string): boolean {
  return recordPath.includes('%');
}

/** The folder as written: of a pattern (`./recordings/%path/%Y`) its fixed part (`./recordings`). */
export function recordFolder(recordPath: string): string {
  const percent = recordPath.indexOf('%');
  if (percent < 0) return recordPath;
  const slash = recordPath.lastIndexOf('/', percent);
  if (slash < 0) return '.';
  return slash === 0 ? '/' : recordPath.slice(0, slash);
}

/** The variable part of a pattern, e.g. `%path/%Y`; empty for a folder. */
export function recordPatternIn(recordPath: string): string {
  const percent = recordPath.indexOf('%');
  return percent < 0 ? '' : recordPath.slice(recordPath.lastIndexOf('/', percent) + 1);
}
