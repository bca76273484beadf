// The program of the index worker: one database, operations in the order they come.
import { parentPort, workerData } from 'node:worker_threads';
import { toMediaError } from '../base/media-error.ts';
import { IndexDatabase } from './index-database.ts';
import type {
  IndexFailure,
  IndexWorkerData,
  IndexWorkerInput,
  IndexWorkerOutput,
} from './index-message.ts';

function say(output: IndexWorkerOutput): void {
  parentPort?.postMessage(output);
}

function failureOf(thrown: unknown): IndexFailure {
  const { kind, code, message } = toMediaError(thrown);
  return { kind, code, message };
}

function serve(database: IndexDatabase): void {
  parentPort?.on('message', (input: IndexWorkerInput) => {
    if (input.operation === 'close') {
      database.close();
      parentPort?.close();
      return;
    }
    try {
      const value: unknown = database.run(input.operation, input.input);
      say({ type: 'answer', id: input.id, value });
    } catch (thrown) {
      say({ type: 'failure', id: input.id, failure: failureOf(thrown) });
    }
  });
  say({ type: 'ready', origin: database.origin });
}

const data: unknown = workerData;
if (isWorkerData(data)) {
  try {
    const onReset = (reason: string): void => say({ type: 'reset', reason });
    serve(new IndexDatabase(data.databaseFile, { onReset }));
  } catch (thrown) {
    say({ type: 'refused', failure: failureOf(thrown) });
  }
}

function isWorkerData(value: unknown): value is IndexWorkerData {
  return typeof value === 'object' && value !== null && 'databaseFile' in value;
}
