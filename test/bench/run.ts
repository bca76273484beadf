// Runs every *.bench.ts in a process of its own and prints, or writes, their tables as one document.
import { spawnSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, join, relative } from 'node:path';

/**
 * Usage: run.ts [--write] [name ...]
 * A bench is a program that prints one Markdown section on stdout; what it says on stderr is
 * progress. `--write` puts the document into RESULTS.md beside this file.
 */
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--'));
const BENCH_TIMEOUT_MS = 15 * 60_000;

function nameOf(file: string): string {
  return basename(file, '.bench.ts');
}

function runBench(file: string): string | undefined {
  console.error(`== ${relative(process.cwd(), file)}`);
  const { status, stdout, error } = spawnSync(process.execPath, ['--expose-gc', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: BENCH_TIMEOUT_MS,
    maxBuffer: 16 << 20,
  });
  if (status === 0) return stdout.trim();
  console.error(`failed: ${nameOf(file)}: ${error?.message ?? `exit code ${String(status)}`}`);
  return undefined;
}

function header(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return [
    '# Benchmark results',
    '',
    'Written by `npm run bench -- --write`. Absolute numbers belong to the machine; compare rows of one table.',
    '',
    `${cpus().length} × ${model}, ${memoryGb} GiB, ${process.platform} ${process.arch}, Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
  ].join('\n');
}

function main(): number {
  const files = globSync(join(import.meta.dirname, '**/*.bench.ts')).sort();
  const chosen = files.filter((file) => wanted.length === 0 || wanted.includes(nameOf(file)));
  if (chosen.length === 0) {
    console.error(`no such bench; there are: ${files.map(nameOf).join(', ') || 'none'}`);
    return 1;
  }
  const sections = chosen.map(runBench);
  const done = sections.filter((section) => section !== undefined);
  const document = `${[header(), ...done].join('\n\n')}\n`;
  if (args.includes('--write')) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), document);
  else console.log(document);
  return done.length === sections.length ? 0 : 1;
}

process.exitCode = main();
