// Joins the modules of a page script into one classic script, so that a page needs one request and
// other sites can use reader.js with a plain <script> tag.
import { MediaError } from '../base/media-error.ts';

/** Reads the text of a module by its name, e.g. `client/back-off.js`. */
export type ModuleReader = (name: string) => string;

/** The one form of import that our pages use; the formatter may spread it over lines. */
const IMPORT = /^import (?:\{[^}]*\} from )?'(\.{1,2}\/[^']+)';\n/gmu;
const EXPORT = /^export (?=(?:async function|function|class|const) )/gmu;
const LEFT_OVER = /^(?:import|export)\b.*$/mu;

/**
 * The module `entry` and all it imports, each once and before whoever needs it, in one function.
 * Names at the top of modules must differ, as a script engine tells when they don't.
 * @throws MediaError internal for syntax that can't be joined, or a circle of imports.
 */
export function joinScript(entry: string, read: ModuleReader): string {
  const done = new Map<string, string>();
  const open = new Set<string>();
  const visit = (name: string): void => {
    if (done.has(name)) return;
    if (open.has(name)) throw broken(name, 'imports itself in a circle');
    open.add(name);
    const text = read(name);
    for (const [, target = ''] of text.matchAll(IMPORT)) visit(resolveName(name, target));
    open.delete(name);
    done.set(name, moduleBody(name, text));
  };
  visit(entry);
  return `(() => {\n'use strict';\n${[...done.values()].join('\n')}})();\n`;
}

function moduleBody(name: string, text: string): string {
  const body = text.replace(IMPORT, '').replace(EXPORT, '');
  const leftOver = LEFT_OVER.exec(body);
  if (leftOver) throw broken(name, `has a line that can't be joined: ${leftOver[0]}`);
  return body;
}

function resolveName(from: string, target: string): string {
  return new URL(target, `http://pages/${from}`).pathname.slice(1);
}

function broken(name: string, problem: string): MediaError {
  return new MediaError('internal', 'broken-page-script', `page script ${name} ${problem}`);
}
