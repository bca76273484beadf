// A real mosquitto on 127.0.0.1 with TLS, passwords and rules about topics; its certificate is made at run time.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSelfSignedPair } from '../../support/self-signed-pair.ts';
import { ChildProgram } from './child-program.ts';
import { findFreePorts } from './free-ports.ts';

/** Somebody who may log in. */
export interface BrokerUser {
  readonly username: string;
  readonly password: string;
  /** Lines of mosquitto's ACL file that hold for this user, e.g. `topic read /av/u/abc`. */
  readonly rules?: readonly string[];
}

/** What the broker lets through. */
export interface MosquittoOptions {
  readonly users: readonly BrokerUser[];
  /** Lines that hold for everybody, e.g. `pattern read /av/u/%c`. */
  readonly patterns?: readonly string[];
}

const START_TIMEOUT_MS = 10_000;
const PASSWORD_TIMEOUT_MS = 10_000;

/** A broker. Whoever starts it stops it, best with `await using`. */
export class MosquittoBroker implements AsyncDisposable {
  readonly port: number;
  /** The certificate, PEM; it is its own authority. */
  readonly ca: string;
  /** The same as a file. */
  readonly caFile: string;
  /** The key of the certificate. */
  readonly keyFile: string;
  readonly #folder: string;
  #program: ChildProgram | undefined;
  #pastLog = '';

  private constructor(port: number, folder: string, ca: string) {
    this.port = port;
    this.#folder = folder;
    this.ca = ca;
    this.caFile = join(folder, 'cert.pem');
    this.keyFile = join(folder, 'key.pem');
  }

  /** Starts mosquitto; it listens with TLS only, and lets nobody in without a password. */
  static async start(options: MosquittoOptions): Promise<MosquittoBroker> {
    const port = await findFreePorts(1);
    const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
    const { key, cert } = makeSelfSignedPair();
    const broker = new MosquittoBroker(port, folder, cert);
    try {
      await broker.#writeFiles(options, key);
      await broker.resume();
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    return broker;
  }

  /** `mqtts://localhost:<port>`; the certificate is for this name. */
  get url(): string {
    return `mqtts://localhost:${this.port}`;
  }

  /** As Tuya's cloud writes it. */
  get tuyaUrl(): string {
    return `ssl://localhost:${this.port}`;
  }

  /** URL with a login. */
  urlFor({ username, password }: Pick<BrokerUser, 'username' | 'password'>): string {
    const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
    return `mqtts://${login}@localhost:${this.port}`;
  }

  /** What mosquitto said, over all its runs. */
  get log(): string {
    return this.#pastLog + (this.#program?.output ?? '');
  }

  /** Ends the broker, as if its machine went away; resume() brings it back on the same port. */
  async halt(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    await program?.stop();
    this.#pastLog += program?.output ?? '';
  }

  /** Starts the broker again after halt(). */
  async resume(): Promise<void> {
    const args = ['-v', '-c', join(this.#folder, 'mosquitto.conf')];
    const program = new ChildProgram({ name: 'mosquitto', command: mosquitto(), args });
    this.#program = program;
    await program.waitForOutput(
      ({ output }) => /mosquitto version \S+ running/u.exec(output) ?? undefined,
      START_TIMEOUT_MS,
    );
  }

  /** Resolves once mosquitto's log has `pattern`. */
  async waitForLog(pattern: RegExp, timeoutMs: number): Promise<void> {
    const program = this.#program;
    if (!program) throw new Error('mosquitto does not run');
    await program.waitForOutput(({ output }) => pattern.exec(output) ?? undefined, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.halt();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #writeFiles({ users, patterns = [] }: MosquittoOptions, key: string): Promise<void> {
    const inFolder = (name: string): string => join(this.#folder, name);
    const acl = [
      ...patterns,
      ...users.flatMap(({ username, rules = [] }) => [`user ${username}`, ...rules, '']),
    ];
    const passwords = users.map(({ username, password }) => `${username}:${password}\n`).join('');
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      ...[`certfile ${inFolder('cert.pem')}`, `keyfile ${inFolder('key.pem')}`],
      ...['allow_anonymous false', `password_file ${inFolder('passwords')}`],
      ...[`acl_file ${inFolder('acl')}`, 'persistence false', 'log_dest stderr'],
      // Started by root it would give up its rights and then fail to read the files.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ];
    await Promise.all([
      writeFile(inFolder('cert.pem'), this.ca),
      writeFile(inFolder('key.pem'), key, { mode: 0o600 }),
      writeFile(inFolder('acl'), `${acl.join('\n')}\n`, { mode: 0o600 }),
      writeFile(inFolder('passwords'), passwords, { mode: 0o600 }),
      writeFile(inFolder('mosquitto.conf'), `${lines.join('\n')}\n`),
    ]);
    const hashing = new ChildProgram({
      name: 'mosquitto_passwd',
      command: 'mosquitto_passwd',
      args: ['-U', inFolder('passwords')],
    });
    const { code } = await hashing.waitForExit(PASSWORD_TIMEOUT_MS);
    if (code !== 0) throw hashing.failure('did not hash the passwords');
  }
}

/** Debian puts it where only root's PATH looks. */
function mosquitto(): string {
  return '/usr/sbin/mosquitto';
}
