// RESULTS.md: one section per bench, each behind a marker, so that one bench can replace its own.

const HEADER = [
  '# Benchmark results',
  '',
  'Written by `npm run bench`. Absolute numbers belong to the machine named below each table; compare rows of one table.',
].join('\n');

const MARKER = /^<!-- bench: ([\w-]+) -->$/mu;

/** Sections by bench. */
export function readResults(text: string): Map<string, string> {
  const parts = text.split(MARKER);
  const sections = new Map<string, string>();
  // The first part is the header; then come pairs of name and section.
  for (let index = 1; index < parts.length; index += 2) {
    sections.set(parts[index] ?? '', (parts[index + 1] ?? '').trim());
  }
  return sections;
}

/** The document with `changes` in place of older sections; only benches of `names` stay. */
export function mergeResults(
  before: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string>,
  names: readonly string[],
): string {
  const parts = [HEADER];
  for (const name of names) {
    const section = changes.get(name) ?? before.get(name);
    if (section !== undefined) parts.push(`<!-- bench: ${name} -->\n\n${section}`);
  }
  return `${parts.join('\n\n')}\n`;
}
