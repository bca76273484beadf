// Counts code made from text at run time, as schemas do when they are first used: it is slow, and
// its memory comes back late.

/** How often `action` called the constructor of functions. */
export function countCompilations(action: () => void): number {
  const original = globalThis.Function;
  let count = 0;
  globalThis.Function = new Proxy(original, {
    construct: (target, args, newTarget) => {
      count += 1;
      const made: unknown = Reflect.construct(target, args, newTarget);
      if (typeof made !== 'function') throw new TypeError('no function was made');
      return made;
    },
  });
  try {
    action();
  } finally {
    globalThis.Function = original;
  }
  return count;
}
