// Turns a filter into a WHERE clause with parameters; no foreign text ever becomes SQL.
import { foldText } from './index-row.ts';
import type { RecordingFilter } from './index-query.ts';

/** A condition and the values of its question marks. */
export interface WhereClause {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The condition of a filter; `1` when it does not narrow anything. */
export function toWhere(filter: RecordingFilter): WhereClause {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...added: readonly (string | number)[]): void => {
    conditions.push(sql);
    values.push(...added);
  };
  if (filter.root !== undefined) add('root = ?', filter.root);
  if (filter.folder !== undefined) add('folder = ?', filter.folder);
  if (filter.path !== undefined) add('path = ?', filter.path);
  if (filter.toAt !== undefined) add('start_ms < ?', filter.toAt);
  if (filter.fromAt !== undefined) {
    // A file that grows has no end yet.
    add("(start_ms + duration_ms > ? OR state = 'growing')", filter.fromAt);
  }
  if (filter.isFavorite !== undefined) add('is_favorite = ?', filter.isFavorite ? 1 : 0);
  if (filter.kinds !== undefined) {
    add(`kind IN (${filter.kinds.map(() => '?').join(',')})`, ...filter.kinds);
  }
  if (filter.extension !== undefined) {
    const extension = filter.extension.toLowerCase();
    add('lower(substr(name, ?)) = ?', -extension.length, extension);
  }
  if (filter.text !== undefined && filter.text !== '') {
    add('instr(search, ?) > 0', foldText(filter.text));
  }
  return { sql: conditions.length === 0 ? '1' : conditions.join(' AND '), values };
}
