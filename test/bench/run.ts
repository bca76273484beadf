// Runs benches, each in a process of its own, prints their tables, and keeps them in RESULTS.md.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { basename, join, relative } from 'node:path';
import { MISSED } from './support/bench-report.ts';
import { mergeResults, readResults } from './support/results-document.ts';

/**
 * Usage: run.ts [--no-write] [name ...]
 * A bench is a program that prints one Markdown section on stdout; what it says on stderr is
 * progress. Sections of benches that did not run stay in RESULTS.md as they were. Exit code 1: a
 * bench failed, or missed a target.
 */
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--'));
const BENCH_TIMEOUT_MS = 10 * 60_000;
const RESULTS = join(import.meta.dirname, 'RESULTS.md');

function nameOf(file: string): string {
  return basename(file, '.bench.ts');
}

/** The section with the facts about the machine; undefined when the bench failed. */
function runBench(file: string): string | undefined {
  console.error(`== ${relative(process.cwd(), file)}`);
  const facts = machineFacts();
  const { status, stdout, error } = spawnSync(process.execPath, ['--expose-gc', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: BENCH_TIMEOUT_MS,
    maxBuffer: 16 << 20,
  });
  if (status !== 0) {
    const reason = error?.message ?? `exit code ${String(status)}`;
    console.error(`failed: ${nameOf(file)}: ${reason}`);
    return undefined;
  }
  const text = stdout.trim();
  const section = text.startsWith('## ') ? text : `## ${nameOf(file)}\n\n${text}`;
  console.log(`${section}\n\n${facts}\n`);
  return `${section}\n\n${facts}`;
}

function machineFacts(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return (
    `_${cpus().length} × ${model}, ${memoryGb} GiB, ${process.platform} ${process.arch}, ` +
    `Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}; ` +
    `load average before: ${load}_`
  );
}

function main(): number {
  const files = globSync(join(import.meta.dirname, '**/*.bench.ts')).sort();
  const names = files.map(nameOf);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(', ')}; there are: ${names.join(', ')}`);
    return 1;
  }
  const sections = new Map<string, string>();
  let failures = 0;
  for (const file of files) {
    if (wanted.length > 0 && !wanted.includes(nameOf(file))) continue;
    const section = runBench(file);
    if (section === undefined) failures++;
    else sections.set(nameOf(file), section);
  }
  if (!args.includes('--no-write')) {
    const before = existsSync(RESULTS)
      ? readResults(readFileSync(RESULTS, 'utf8'))
      : new Map<string, string>();
    writeFileSync(RESULTS, mergeResults(before, sections, names));
  }
  const missed = [...sections].filter(([, text]) => text.includes(`| ${MISSED} |`));
  for (const [name] of missed) console.error(`a target was missed: ${name}`);
  return failures + missed.length > 0 ? 1 : 0;
}

process.exitCode = main();
