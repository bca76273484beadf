// Reads config.yml, the file of the Pro layer: where mediamtx.yml is, and everything above the core.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';

/** One schema for the file; keys stand in config.yml with their comments. */
const schema = z.strictObject({
  mediamtx: z.string().min(1).default('./mediamtx.yml'),
});

/** The decoded config.yml. */
export interface ProConfig {
  /** Absolute path of the core's configuration file. */
  readonly mediamtxFile: string;
}

/**
 * Loads config.yml; relative paths in it are relative to its folder.
 * @throws MediaError `not-found` when the file can't be read, `invalid-argument` with file, line
 * and column when it is not understood.
 */
export function loadProConfig(filePath: string): ProConfig {
  const text = readText(filePath);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${filePath}:${line}:${col}`;
  };
  const [syntaxError] = document.errors;
  if (syntaxError) throw invalid(`${place(syntaxError.pos[0])}: ${syntaxError.message}`);
  const values: unknown = document.toJS({ maxAliasCount: 0 });
  // An empty file means every default.
  const result = schema.safeParse(values ?? {});
  if (result.success) {
    return Object.freeze({ mediamtxFile: resolve(dirname(filePath), result.data.mediamtx) });
  }
  const [issue] = result.error.issues;
  const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : String(issue?.path[0] ?? '');
  const offset = isMap(document.contents)
    ? document.contents.items.find((item) => isScalar(item.key) && item.key.value === key)?.key
    : undefined;
  const at = isScalar(offset) ? place(offset.range[0]) : place(0);
  throw invalid(`${at}: ${key ?? ''}: ${issue?.message ?? 'not understood'}`);
}

function readText(filePath: string): string {
  try {
    return readFileSync(filePath, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError(
      'not-found',
      'pro-config-unreadable',
      `can't read the configuration file ${filePath}: ${reason}`,
      { cause },
    );
  }
}

function invalid(message: string): MediaError {
  return new MediaError('invalid-argument', 'pro-config-invalid', message);
}
