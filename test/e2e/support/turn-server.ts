// A real coturn on 127.0.0.1, and its own client.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProgram } from './child-program.ts';
import { findFreePorts } from './free-ports.ts';

const START_TIMEOUT_MS = 10_000;
const CLIENT_TIMEOUT_MS = 30_000;
const RELAY_PORTS = 40;

/** A running coturn. Whoever starts it stops it, best with `await using`. */
export class TurnServer implements AsyncDisposable {
  /** `turn:` URL over UDP. */
  readonly url: string;
  readonly port: number;
  readonly #program: ChildProgram;
  readonly #folder: string;

  private constructor(port: number, folder: string, program: ChildProgram) {
    this.port = port;
    this.url = `turn:127.0.0.1:${port}?transport=udp`;
    this.#folder = folder;
    this.#program = program;
  }

  /** Starts coturn with these lines of configuration besides the ones that name ports and files. */
  static async start(lines: readonly string[]): Promise<TurnServer> {
    const port = await findFreePorts(2 + RELAY_PORTS);
    const folder = await mkdtemp(join(tmpdir(), 'coturn-'));
    const path = join(folder, 'turnserver.conf');
    const own = [
      ...['listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', 'no-tls', 'no-dtls', 'no-cli'],
      ...[`listening-port=${port}`, `min-port=${port + 2}`, `max-port=${port + 1 + RELAY_PORTS}`],
      ...[`userdb=${join(folder, 'db')}`, `pidfile=${join(folder, 'pid')}`, 'log-file=stdout'],
      ...['verbose', 'allow-loopback-peers'],
    ];
    await writeFile(path, [...own, ...lines, ''].join('\n'));
    const args = ['-c', path];
    const program = new ChildProgram({ name: 'turnserver', command: 'turnserver', args });
    const server = new TurnServer(port, folder, program);
    try {
      const isReady = new RegExp(`UDP listener opened on: 127\\.0\\.0\\.1:${port}`, 'u');
      await program.waitForOutput(
        ({ output }) => isReady.exec(output) ?? undefined,
        START_TIMEOUT_MS,
      );
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get log(): string {
    return this.#program.output;
  }

  /** Runs coturn's own client against an echo at `peer` and returns what it said. */
  async tryOut(login: {
    readonly username: string;
    readonly credential: string;
    readonly peer?: string;
  }): Promise<string> {
    const { username, credential, peer } = login;
    const client = new ChildProgram({
      name: 'turnutils_uclient',
      command: 'turnutils_uclient',
      args: [
        ...['-p', String(this.port), '-u', username, '-w', credential, '-n', '10', '-c', '-v'],
        // Without a peer the client relays to itself.
        ...(peer === undefined ? ['-y'] : ['-e', peer]),
        '127.0.0.1',
      ],
    });
    await client.waitForExit(CLIENT_TIMEOUT_MS);
    return client.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
