// Findings as lines for people, or as one JSON document for programs.
import { redactUrls } from '../../../core/base/url-redaction.ts';
import type { Finding, FindingStatus } from './finding.ts';

const STATUS_CHARS = 'problem'.length;
const MAX_MESSAGE_CHARS = 1000;

/** One line each, and a sum. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.map((finding) => {
    const { status, check, message, place, change } = clean(finding);
    const remedy = [place, change].filter((part) => part !== undefined).join(': ');
    const arrow = remedy === '' ? '' : `  -> ${remedy}`;
    return `${status.padEnd(STATUS_CHARS)}  ${check.padEnd(width)}  ${message}${arrow}`;
  });
  const sums = [counted(findings, 'problem'), counted(findings, 'warning')];
  return [...lines, sums.join(', ')];
}

/** `{ ok, problems, warnings, findings: [{ status, check, message, place?, change? }] }`. */
export function findingsToJson(findings: readonly Finding[]): string {
  const problems = countOf(findings, 'problem');
  const warnings = countOf(findings, 'warning');
  const document = { ok: problems === 0, problems, warnings, findings: findings.map(clean) };
  return JSON.stringify(document, undefined, 2);
}

function counted(findings: readonly Finding[], status: FindingStatus): string {
  const count = countOf(findings, status);
  return `${count} ${status}${count === 1 ? '' : 's'}`;
}

function clean(finding: Finding): Finding {
  const { message, place, change } = finding;
  return {
    ...finding,
    message: oneLine(message),
    ...(place === undefined ? {} : { place: oneLine(place) }),
    ...(change === undefined ? {} : { change: oneLine(change) }),
  };
}

/** File and host names may hold anything, also what a terminal obeys. */
function oneLine(text: string): string {
  return redactUrls(text)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_MESSAGE_CHARS);
}

function countOf(findings: readonly Finding[], wanted: FindingStatus): number {
  return findings.filter(({ status }) => status === wanted).length;
}
