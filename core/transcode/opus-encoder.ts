// One ffmpeg process that makes AAC (ADTS on its input) into Opus (Ogg on its output).
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Logger } from '../base/logger.ts';
import { OggOpusReader } from './ogg-opus-reader.ts';

/** What to run and whom to tell. */
export interface OpusEncoderOptions {
  /** Program to run; looked up in PATH. */
  readonly program: string;
  readonly onPacket: (packet: Uint8Array) => void;
  /** The process ended or could not start; called once, not after close(). */
  readonly onExit: (reason: string) => void;
}

/** Input waiting for a stuck encoder: about 4 s of AAC; more is dropped. */
const MAX_QUEUED_BYTES = 64 * 1024;
const KILL_AFTER_MS = 1000;
const MAX_STDERR_CHARS = 400;

/**
 * Smallest probing and no buffering, since every millisecond here is heard against the picture;
 * 20 ms packets, one a page, flushed at once.
 */
const ARGUMENTS: readonly string[] = [
  ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
  ...['-probesize', '32', '-analyzeduration', '0', '-flags', 'low_delay'],
  ...['-protocol_whitelist', 'pipe', '-f', 'aac', '-i', 'pipe:0'],
  ...['-vn', '-ac', '2', '-ar', '48000', '-c:a', 'libopus', '-b:a', '96k'],
  ...['-application', 'lowdelay', '-frame_duration', '20'],
  ...['-f', 'ogg', '-page_duration', '20000', '-flush_packets', '1', 'pipe:1'],
];

/** Runs from construction to close(). */
export class OpusEncoder {
  /** Input bytes dropped because the process did not take them. */
  droppedBytes = 0;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #options: OpusEncoderOptions;
  #errorText = '';
  #hasEnded = false;

  constructor(logger: Logger, options: OpusEncoderOptions) {
    this.#options = options;
    const reader = new OggOpusReader(options.onPacket);
    this.#process = spawn(options.program, [...ARGUMENTS], {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    this.#process.stdout.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errorText = (this.#errorText + chunk.toString()).slice(-MAX_STDERR_CHARS);
    });
    // A closed pipe is reported by 'exit' with more to say.
    this.#process.stdin.on('error', (error) => logger.debug(`encoder input: ${error.message}`));
    this.#process.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      this.#end(isMissing ? `${options.program} was not found` : error.message);
    });
    this.#process.once('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code ?? -1}` : `signal ${signal}`;
      const why = this.#errorText.trim();
      this.#end(why === '' ? `ended with ${how}` : `ended with ${how}: ${why}`);
    });
  }

  /** Writes one ADTS frame; the bytes are copied. */
  write(frame: Uint8Array): void {
    const { stdin } = this.#process;
    if (this.#hasEnded || stdin.destroyed || stdin.writableLength > MAX_QUEUED_BYTES) {
      this.droppedBytes += frame.length;
      return;
    }
    stdin.write(Buffer.from(frame));
  }

  /** Ends the process, by force when it does not end by itself. Idempotent. */
  close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const child = this.#process;
    child.stdin.destroy();
    child.stdout.removeAllListeners('data').resume();
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    force.unref();
    child.once('exit', () => clearTimeout(force));
  }

  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onExit(reason);
  }
}
