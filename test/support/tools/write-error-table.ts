// Refreshes the tables of apidocs/errors.md: npx node test/support/tools/write-error-table.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listFiles } from '../../architecture/module-graph.ts';
import {
  findErrorSites,
  readCodeRows,
  toCodeRows,
  writeTables,
  type ErrorSite,
} from './error-table.ts';

const ROOT = dirname(dirname(dirname(import.meta.dirname)));

export const ERRORS_FILE = join(ROOT, 'apidocs', 'errors.md');

/** Every place below core/ and pro/ where a MediaError is made. */
export function readErrorSites(): ErrorSite[] {
  return listFiles(['core', 'pro'], ['.ts']).flatMap((path) =>
    findErrorSites({ path, text: readFileSync(join(ROOT, path), 'utf8') }),
  );
}

if (import.meta.main) {
  const markdown = readFileSync(ERRORS_FILE, 'utf8');
  const rows = toCodeRows(readErrorSites(), readCodeRows(markdown));
  writeFileSync(ERRORS_FILE, writeTables(markdown, rows));
}
