#!/usr/bin/env node
// Starts the server; plain JavaScript that an old Node.js can read, so that it can say what it needs.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const OLDEST_MAJOR = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < OLDEST_MAJOR) {
  console.error(
    [
      `MediaMTX Pro needs Node.js ${OLDEST_MAJOR} or newer; this is ${process.version} (${process.execPath}).`,
      'Either, in a clone:   npm ci && npm start',
      '  (npm installs Node.js 26 beside the project and starts the server with it)',
      `or install Node.js ${OLDEST_MAJOR} or newer from https://nodejs.org and start this command again.`,
    ].join('\n'),
  );
  process.exitCode = 1;
} else {
  if (major === 24) {
    console.error(
      'Node.js 24 creates ciphers four times slower than 26: expect fewer WebRTC viewers per core.',
    );
  }
  // Media leave garbage outside V8's heap. With a young generation that grows, V8 answers it with a
  // full collection each second; with a small one, short collections cost a third less processor time.
  setFlagsFromString('--semi-space-growth-factor=1');
  await import(mainModule());
}

/** The source when there is one; the build when packed, because Node.js strips no types below node_modules. */
function mainModule() {
  const source = new URL('./main.ts', import.meta.url);
  const isPacked = source.pathname.includes('/node_modules/');
  if (!isPacked && existsSync(source)) return source.href;
  return new URL('../dist/pro/main.js', import.meta.url).href;
}
