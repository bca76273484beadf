// Regular expressions of path names, matched in linear time whatever the pattern and the name.
import { MediaError } from '../base/media-error.ts';
import { RegexParser } from './re2-syntax.ts';
import type { Assertion, RegexNode } from './re2-syntax.ts';
import type { CodePointTest } from './re2-classes.ts';

/** One step of the compiled program. */
type Step =
  | { readonly type: 'character'; readonly test: CodePointTest }
  | { readonly type: 'assertion'; readonly assertion: Assertion }
  | { readonly type: 'save'; readonly slot: number }
  | { readonly type: 'split'; first: number; second: number }
  | { readonly type: 'jump'; target: number }
  | { readonly type: 'match' };

/** A way through the program that is still alive: next step and the group limits so far. */
interface Thread {
  readonly step: number;
  readonly slots: readonly (number | undefined)[];
}

interface Position {
  readonly index: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

// Bounds memory and the time per character; "{1000}" of a word still fits.
const MAX_STEPS = 10_000;
const NEWLINE = 10;

/**
 * A compiled RE2 pattern. JavaScript's own engine backtracks: `(a+)+$` in a configuration would
 * let any client stop the server with one path name. This one keeps all ways alive at once
 * (Thompson 1968, Pike's variant with groups), so the time is names x steps at most.
 */
export class PathPattern {
  /** As written, without the leading `~`. */
  readonly source: string;
  readonly #steps: Step[] = [];

  /** @throws MediaError `invalid-argument` when `source` is no RE2 pattern or too large. */
  constructor(source: string) {
    this.source = source;
    this.#emit({ type: 'group', index: 0, item: new RegexParser(source).parse() });
    this.#add({ type: 'match' });
  }

  /**
   * Searches `text` for the leftmost match. Returns the groups (0 is the whole match; a group that
   * took no part is empty), or undefined.
   */
  match(text: string): readonly string[] | undefined {
    const characters = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    let threads: Thread[] = [];
    let found: Thread['slots'] | undefined;
    for (let index = 0; index <= characters.length; index++) {
      const position = { index, before: characters[index - 1], after: characters[index] };
      const run = this.#follow(threads, position, found === undefined);
      found = run.found ?? found;
      if (position.after === undefined) break;
      threads = this.#advance(run.threads, position.after);
      if (threads.length === 0 && found !== undefined) break;
    }
    return found && toGroups(Array.from(text), found);
  }

  /** Follows the steps that consume nothing, in order of preference; a match cuts what is after. */
  #follow(
    threads: readonly Thread[],
    position: Position,
    mayStart: boolean,
  ): { threads: Thread[]; found: Thread['slots'] | undefined } {
    const seen = new Set<number>();
    const alive: Thread[] = [];
    const starts = mayStart ? [...threads, { step: 0, slots: [] }] : threads;
    for (const start of starts) {
      const pending: Thread[] = [start];
      for (let thread = pending.pop(); thread !== undefined; thread = pending.pop()) {
        if (seen.has(thread.step)) continue;
        seen.add(thread.step);
        const step = this.#steps[thread.step];
        if (step?.type === 'match') return { threads: alive, found: thread.slots };
        if (step?.type === 'character') alive.push(thread);
        else if (step !== undefined) pending.push(...nextThreads(step, thread, position));
      }
    }
    return { threads: alive, found: undefined };
  }

  #advance(threads: readonly Thread[], codePoint: number): Thread[] {
    return threads.flatMap((thread) => {
      const step = this.#steps[thread.step];
      if (step?.type !== 'character' || !step.test(codePoint)) return [];
      return [{ step: thread.step + 1, slots: thread.slots }];
    });
  }

  #emit(node: RegexNode): void {
    switch (node.type) {
      case 'character':
      case 'assertion':
        this.#add(node);
        break;
      case 'sequence':
        for (const item of node.items) this.#emit(item);
        break;
      case 'group':
        this.#add({ type: 'save', slot: node.index * 2 });
        this.#emit(node.item);
        this.#add({ type: 'save', slot: node.index * 2 + 1 });
        break;
      case 'choice':
        this.#emitChoice(node.items);
        break;
      case 'repeat':
        for (let times = 0; times < node.min; times++) this.#emit(node.item);
        if (node.max === Infinity) this.#emitLoop(node.item, node.isGreedy);
        else this.#emitOptional(node.item, node.max - node.min, node.isGreedy);
        break;
    }
  }

  #emitChoice(items: readonly RegexNode[]): void {
    const jumps: { type: 'jump'; target: number }[] = [];
    for (const [index, item] of items.entries()) {
      if (index === items.length - 1) {
        this.#emit(item);
        break;
      }
      const split = this.#addSplit(true);
      this.#emit(item);
      const jump = { type: 'jump' as const, target: 0 };
      this.#add(jump);
      jumps.push(jump);
      split.leave(this.#steps.length);
    }
    for (const jump of jumps) jump.target = this.#steps.length;
  }

  #emitLoop(item: RegexNode, isGreedy: boolean): void {
    const start = this.#steps.length;
    const split = this.#addSplit(isGreedy);
    this.#emit(item);
    this.#add({ type: 'jump', target: start });
    split.leave(this.#steps.length);
  }

  #emitOptional(item: RegexNode, times: number, isGreedy: boolean): void {
    const splits = [];
    for (let time = 0; time < times; time++) {
      splits.push(this.#addSplit(isGreedy));
      this.#emit(item);
    }
    for (const split of splits) split.leave(this.#steps.length);
  }

  /** A fork between the next step and one that `leave` sets later. */
  #addSplit(entersFirst: boolean): { leave: (target: number) => void } {
    const next = this.#steps.length + 1;
    const split = { type: 'split' as const, first: next, second: next };
    this.#add(split);
    return {
      leave: (target) => {
        if (entersFirst) split.second = target;
        else split.first = target;
      },
    };
  }

  #add(step: Step): void {
    if (this.#steps.length >= MAX_STEPS) {
      throw new MediaError(
        'invalid-argument',
        'config-invalid-regex',
        `invalid regular expression '${this.source.slice(0, 100)}': its repetitions are too large`,
      );
    }
    this.#steps.push(step);
  }
}

/** Where a step without character leads; the preferred way last, as it is taken from the end. */
function nextThreads(step: Step, thread: Thread, position: Position): Thread[] {
  const { slots } = thread;
  switch (step.type) {
    case 'jump':
      return [{ step: step.target, slots }];
    case 'split':
      return [
        { step: step.second, slots },
        { step: step.first, slots },
      ];
    case 'save': {
      const saved = [...slots];
      saved[step.slot] = position.index;
      return [{ step: thread.step + 1, slots: saved }];
    }
    case 'assertion':
      return holds(step.assertion, position) ? [{ step: thread.step + 1, slots }] : [];
    case 'character':
    case 'match':
      return [];
  }
}

function holds(assertion: Assertion, { before, after }: Position): boolean {
  switch (assertion) {
    case 'text-start':
      return before === undefined;
    case 'text-end':
      return after === undefined;
    case 'line-start':
      return before === undefined || before === NEWLINE;
    case 'line-end':
      return after === undefined || after === NEWLINE;
    case 'word-edge':
      return isWord(before) !== isWord(after);
    case 'not-word-edge':
      return isWord(before) === isWord(after);
  }
}

function isWord(codePoint: number | undefined): boolean {
  return codePoint !== undefined && /\w/u.test(String.fromCodePoint(codePoint));
}

function toGroups(characters: readonly string[], slots: Thread['slots']): readonly string[] {
  const groups: string[] = [];
  for (let slot = 0; slot < slots.length; slot += 2) {
    groups.push(characters.slice(slots[slot] ?? 0, slots[slot + 1] ?? 0).join(''));
  }
  return groups;
}
