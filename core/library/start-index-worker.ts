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

/** Starts index-worker.ts. */
export const startIndexWorker: StartIndexWorker = (databaseFile, listener) => {
  const data: IndexWorkerData = { databaseFile };
  const worker = new Worker(programUrl(), {
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

/** A packed program is made of .js files. */
function programUrl(): URL {
  const url = new URL('./index-worker.ts', import.meta.url);
  if (!import.meta.url.endsWith('.ts')) url.pathname = url.pathname.replace(/ts$/u, 'js');
  return url;
}
