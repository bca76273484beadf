// Runs an asynchronous action over many items, some at a time.

/**
 * Calls `action` for every item, at most `limit` at once, in order of start. The first failure
 * stops the starting of further ones and is thrown when the running ones ended.
 */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  limit: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  const run = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      try {
        await action(next.value);
      } catch (thrown) {
        hasFailed = true;
        throw thrown;
      }
      if (hasFailed) return;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, run));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
