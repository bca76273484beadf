// The Markdown section that a bench prints: what was measured, in which unit, against which target.

/** One measured value. Without a target it is there to be read. */
export interface BenchRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Decimals of the printed value; 1 by default. */
  readonly digits?: number;
  readonly target?: BenchTarget;
}

/** The limit that a value has to keep. */
export interface BenchTarget {
  readonly kind: 'at-most' | 'below' | 'at-least';
  readonly value: number;
}

/** One bench: its heading, how it was measured, its rows. */
export interface BenchSection {
  readonly title: string;
  /** Sentences below the heading. */
  readonly method: readonly string[];
  readonly rows: readonly BenchRow[];
}

/** Word of the last column when a target was missed; the runner looks for it. */
export const MISSED = 'MISSED';

/** Whether the row keeps its target; undefined without one. */
export function isTargetMet(row: BenchRow): boolean | undefined {
  const { target, value } = row;
  switch (target?.kind) {
    case undefined:
      return undefined;
    case 'at-most':
      return value <= target.value;
    case 'below':
      return value < target.value;
    case 'at-least':
      return value >= target.value;
  }
}

/** The section as Markdown. */
export function formatSection(section: BenchSection): string {
  return [
    `## ${section.title}`,
    '',
    ...section.method.flatMap((sentence) => [sentence, '']),
    '| measured | value | target | verdict |',
    '| --- | --- | --- | --- |',
    ...section.rows.map(formatRow),
  ].join('\n');
}

/** The value at `share` (0 to 1) of the sorted values; NaN without any. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const SYMBOLS = { 'at-most': '≤', below: '<', 'at-least': '≥' } as const;

function formatRow(row: BenchRow): string {
  const { what, unit, target } = row;
  const value = `${row.value.toFixed(row.digits ?? 1)} ${unit}`.trim();
  const limit = target ? `${SYMBOLS[target.kind]} ${target.value} ${unit}` : '';
  const isMet = isTargetMet(row);
  const verdict = isMet === undefined ? '' : isMet ? 'met' : MISSED;
  return `| ${[what, value, limit, verdict].join(' | ')} |`;
}
