// Holds every source file to the rules of ARCHITECTURE.md#style that a syntax tree can answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, PROJECT_ROOT } from './module-graph.ts';
import type { SourceFile } from './source-rules.ts';
import {
  countCasts,
  findBrokenRules,
  findUndocumentedExports,
  MAX_CASTS_PER_1000_LINES,
  MAX_LINES,
} from './source-rules.ts';

describe('source files', () => {
  const all = read(['core', 'pro', 'test'], ['.ts', '.js']);
  const shipped = all.filter((file) => !file.path.startsWith('test/'));

  it('are found', () => {
    assert.ok(shipped.length >= 20, `only ${shipped.length} files`);
  });

  it('follow the rules', () => {
    assert.deepEqual(all.flatMap(findBrokenRules), []);
  });

  it('document every export', () => {
    assert.deepEqual(shipped.flatMap(findUndocumentedExports), []);
  });

  it('cast less than once in 2000 lines', () => {
    const judged = shipped.filter((file) => !file.path.endsWith('-werift.ts'));
    const lines = judged.reduce((sum, file) => sum + file.text.split('\n').length, 0);
    const casts = judged.map((file) => ({ path: file.path, casts: countCasts(file) }));
    const total = casts.reduce((sum, each) => sum + each.casts, 0);
    const guilty = casts.filter((each) => each.casts > 0);
    const allowed = Math.floor((lines / 1000) * MAX_CASTS_PER_1000_LINES);
    assert.ok(total <= allowed, `${total} casts, ${allowed} allowed: ${JSON.stringify(guilty)}`);
  });
});

describe('findBrokenRules()', () => {
  const broken = (path: string, code: string): string[] =>
    findBrokenRules({ path, text: `// What it is for.\n${code}\n` });

  it('accepts a clean file', () => {
    const code = "export const text: string = 'any process.env console.log !';";
    assert.deepEqual(broken('core/base/clean.ts', code), []);
  });

  it('wants a comment first', () => {
    const text = 'export const one = 1;\n';
    assert.equal(findBrokenRules({ path: 'core/base/bare.ts', text }).length, 1);
  });

  it('accepts a comment below a shebang', () => {
    const text = '#!/usr/bin/env node\n// Launches.\n';
    assert.deepEqual(findBrokenRules({ path: 'pro/launch.js', text }), []);
  });

  it('rejects a long file', () => {
    assert.equal(broken('test/long.ts', '\n'.repeat(MAX_LINES - 2)).length, 0);
    assert.equal(broken('test/long.ts', '\n'.repeat(MAX_LINES - 1)).length, 1);
  });

  it('rejects any, ! and default exports', () => {
    assert.match(broken('test/a.ts', 'let a: any;')[0] ?? '', /a\.ts:2 uses any/u);
    assert.match(broken('test/a.ts', 'b!.c();')[0] ?? '', /uses !/u);
    assert.match(broken('test/a.ts', 'export default 1;')[0] ?? '', /exports a default/u);
    assert.match(broken('test/a.ts', 'export default class A {}')[0] ?? '', /exports a default/u);
  });

  it('lets only config and main read the environment', () => {
    const code = 'const home = process.env;';
    assert.equal(broken('core/rtsp/a.ts', code).length, 1);
    assert.equal(broken('core/config/a.ts', code).length, 0);
    assert.equal(broken('pro/main.ts', code).length, 0);
  });

  it('lets only main and the launcher write to the console', () => {
    assert.equal(broken('core/rtsp/a.ts', 'console.log(1);').length, 1);
    assert.equal(broken('pro/main.ts', 'console.log(1);').length, 0);
  });

  it('rejects a plain error in shipped code', () => {
    assert.equal(broken('core/rtsp/a.ts', "throw new Error('x');").length, 1);
    assert.equal(broken('core/rtsp/a.ts', "throw new MediaError('internal');").length, 0);
  });
});

describe('countCasts()', () => {
  it('counts as, but not as const', () => {
    const text = 'const a = b as C; const d = [1] as const; const e = <F>g;\n';
    assert.equal(countCasts({ path: 'a.ts', text }), 2);
  });
});

describe('findUndocumentedExports()', () => {
  it('names an export without a comment, and no other statement', () => {
    const text = '/** Documented. */\nexport const a = 1;\nconst b = 2;\nexport class C {}\n';
    assert.deepEqual(findUndocumentedExports({ path: 'a.ts', text }), ['a.ts:4 C']);
  });

  it('wants one comment for all signatures of a function', () => {
    const text =
      '/** Documented. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\n' +
      'export function f(a: number): number { return a; }\n';
    assert.deepEqual(findUndocumentedExports({ path: 'a.ts', text }), []);
  });
});

function read(folders: readonly string[], extensions: readonly string[]): SourceFile[] {
  return listFiles(folders, extensions).map((path) => ({
    path,
    text: readFileSync(join(PROJECT_ROOT, path), 'utf8'),
  }));
}
