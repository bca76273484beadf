// The key and certificate of a listener, read from files and read again when these change.
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock, Timer } from './clock.ts';
import type { Logger } from './logger.ts';
import { MediaError } from './media-error.ts';

/** A file and the configuration key that names it. */
export interface TlsFile {
  readonly path: string;
  /** E.g. `webrtcServerKey`; appears in errors. */
  readonly configKey: string;
}

/** Both files. */
export interface TlsFilePair {
  readonly key: TlsFile;
  readonly cert: TlsFile;
}

/** PEM texts that were found to belong together. */
export interface TlsMaterial {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** How often the files are looked at. */
const PERIOD_MS = 5000;

/**
 * Reads the pair.
 * @throws MediaError failed-precondition `tls-file-unreadable` or `tls-file-invalid`, naming the
 * file, the key, and the command that makes a pair.
 */
export async function readTlsFiles(files: TlsFilePair): Promise<TlsMaterial> {
  const [key, cert] = await Promise.all([read(files.key, files), read(files.cert, files)]);
  try {
    createSecureContext({ key, cert });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError(
      'failed-precondition',
      'tls-file-invalid',
      `${describe(files.key)} and ${describe(files.cert)} are not a key and its certificate (${reason}); ${advice(files)}`,
      { cause },
    );
  }
  return { key, cert };
}

/**
 * Looks at the files every five seconds instead of watching them: that also sees a certificate
 * exchanged by rename, by symbolic link (Kubernetes) or on a network file system. A pair that does
 * not fit (yet) is logged and the old one stays in use.
 */
export class TlsFileWatcher {
  readonly #files: TlsFilePair;
  readonly #logger: Logger;
  readonly #onChange: (material: TlsMaterial) => void;
  readonly #timer: Timer;
  #seen: string | undefined;
  #checking: Promise<void> | undefined;

  constructor(
    components: {
      readonly clock: Clock;
      readonly logger: Logger;
      readonly onChange: (material: TlsMaterial) => void;
    },
    files: TlsFilePair,
  ) {
    this.#files = files;
    this.#logger = components.logger;
    this.#onChange = components.onChange;
    this.#timer = components.clock.every(PERIOD_MS, () => void this.check());
    void this.check();
  }

  /** Looks now; the first look only remembers what is there. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#compare().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  close(): void {
    this.#timer.cancel();
  }

  async #compare(): Promise<void> {
    const now = await this.#fingerprint();
    if (now === undefined || now === this.#seen) return;
    const isFirst = this.#seen === undefined;
    this.#seen = now;
    if (isFirst) return;
    try {
      this.#onChange(await readTlsFiles(this.#files));
      this.#logger.info(`certificate reloaded from ${describe(this.#files.cert)}`);
    } catch (failure) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      this.#logger.error(`certificate not reloaded, the old one stays in use: ${reason}`);
    }
  }

  /** Undefined while a file is missing, as it is for a moment when both are being replaced. */
  async #fingerprint(): Promise<string | undefined> {
    try {
      const stats = await Promise.all([stat(this.#files.key.path), stat(this.#files.cert.path)]);
      return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs}:${size}:${ino}`).join('/');
    } catch {
      return undefined;
    }
  }
}

async function read(file: TlsFile, files: TlsFilePair): Promise<Buffer> {
  try {
    return await readFile(file.path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new MediaError(
      'failed-precondition',
      'tls-file-unreadable',
      `${describe(file)} cannot be read (${reason}); ${advice(files)}`,
      { cause },
    );
  }
}

function describe({ path, configKey }: TlsFile): string {
  return `${configKey} '${path}'`;
}

function advice({ key, cert }: TlsFilePair): string {
  return (
    'a self-signed pair is made by: openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 3650 ' +
    `-subj /CN=localhost -keyout ${key.path} -out ${cert.path}`
  );
}
