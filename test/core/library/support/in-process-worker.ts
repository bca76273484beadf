// The operations of the index worker in this thread, on a database in memory: quick, and nothing to close.
import type { IndexRequest } from '../../../../core/library/index-message.ts';
import type { StartIndexWorker } from '../../../../core/library/start-index-worker.ts';
import { storeInMemory } from './recordings.ts';

/** Fits `startWorker` of RecordingLibrary. */
export const inProcessWorker: StartIndexWorker = (_, listener) => {
  const store = storeInMemory();
  const say = (output: Parameters<typeof listener.onMessage>[0]): void =>
    queueMicrotask(() => listener.onMessage(output));
  say({ type: 'ready', origin: 'created' });
  return {
    postMessage: (input: IndexRequest | { readonly operation: 'close' }) => {
      if (input.operation === 'close') queueMicrotask(() => listener.onExit('closed'));
      else say({ type: 'answer', id: input.id, value: store.run(input.operation, input.input) });
    },
    terminate: () => Promise.resolve(),
  };
};
