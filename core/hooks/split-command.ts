// A command of the configuration to program and arguments, without a shell.
import { MediaError } from '../base/media-error.ts';

const BLANKS = ' \t\r\n';
/** What a backslash takes away its meaning from between double quotes (POSIX shell section 2.2.3). */
const ESCAPABLE = '$`"\\\n';

/**
 * Splits as a POSIX shell does: blanks part, single quotes keep everything, double quotes keep
 * blanks, a backslash keeps the next character. Nothing else has a meaning: no pipes, no globs.
 * @throws MediaError `invalid-argument` for a quote that doesn't end, or without a program.
 */
export function splitCommand(text: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let word: string | undefined;
  let index = 0;
  while (index < text.length) {
    const char = text.charAt(index);
    if (BLANKS.includes(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      index++;
      continue;
    }
    const part = readPart(text, index);
    word = (word ?? '') + part.value;
    index = part.next;
  }
  if (word !== undefined) words.push(word);
  const [program, ...args] = words;
  if (program === undefined || program === '') throw invalid('it names no program');
  return [program, ...args];
}

interface Part {
  readonly value: string;
  readonly next: number;
}

function readPart(text: string, start: number): Part {
  const char = text.charAt(start);
  if (char === "'") return readSingle(text, start + 1);
  if (char === '"') return readDouble(text, start + 1);
  if (char !== '\\') return { value: char, next: start + 1 };
  if (start + 1 >= text.length) throw invalid('it ends with a backslash');
  const next = text.charAt(start + 1);
  return { value: next === '\n' ? '' : next, next: start + 2 };
}

function readSingle(text: string, start: number): Part {
  const end = text.indexOf("'", start);
  if (end < 0) throw invalid('a single quote does not end');
  return { value: text.slice(start, end), next: end + 1 };
}

function readDouble(text: string, start: number): Part {
  let value = '';
  for (let index = start; index < text.length; index++) {
    const char = text.charAt(index);
    if (char === '"') return { value, next: index + 1 };
    const next = text.charAt(index + 1);
    if (char !== '\\' || next === '' || !ESCAPABLE.includes(next)) {
      value += char;
      continue;
    }
    if (next !== '\n') value += next;
    index++;
  }
  throw invalid('a double quote does not end');
}

function invalid(why: string): MediaError {
  return new MediaError('invalid-argument', 'hook-malformed', `the command is malformed: ${why}`);
}
