// Starts the thread of the index.
import { Worker } from 'node:worker_threads';
import type { IndexWorkerData, IndexWorkerOutput } from './index-message.ts';

/** A running worker as its client sees it. */
export interface IndexWorker {
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
}

/** What a worker tells. */
export interface IndexWorkerListener {
  onMessage(output: IndexWorkerOutput): void;
  /** Called once, after the last message. */
  onExit(reason: string): void;
}

/** Starts a worker on a database file. */
export type StartIndexWorker = (databaseFile: string, listener: IndexWorkerListener) => IndexWorker;

// A packed program is made of .js files.
const PROGRAM = import.meta.url.endsWith('.ts') ? './index-worker.ts' : './index-worker.js';

/** Starts index-worker.ts. */
export const startIndexWorker: StartIndexWorker = (databaseFile, listener) => {
  const data: IndexWorkerData = { databaseFile };
  const worker = new Worker(new URL(PROGRAM, import.meta.url), {
    name: 'recording-index',
    workerData: data,
  });
  let reason = '';
  worker.on('message', (output: IndexWorkerOutput) => listener.onMessage(output));
  worker.on('error', (error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.on('exit', (code) => listener.onExit(reason === '' ? `exit code ${code}` : reason));
  return worker;
};
