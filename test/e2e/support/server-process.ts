// Our server as a child process with a configuration of its own, on ports of its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ProgramExit } from './child-program.ts';
import { ChildProgram } from './child-program.ts';
import { findFreePorts } from './free-ports.ts';

/** What a test asks of the server. */
export interface ServerProcessOptions {
  /** Keys of mediamtx.yml; they win over the ones that the kit sets. */
  readonly settings?: ServerSettings | ((ports: ServerPorts) => ServerSettings);
  /** The `paths` of mediamtx.yml; any name by default. */
  readonly paths?: Readonly<Record<string, unknown>>;
  /** Keys of config.yml beside `mediamtx`; without them the server starts with mediamtx.yml alone. */
  readonly pro?: Readonly<Record<string, unknown>>;
  /** Where its files lie, kept after the end: for a server that is killed and started again. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Those of a server that was stopped; free ones by default. */
  readonly ports?: ServerPorts;
  /** Program and arguments that start Node.js and become it, e.g. `unshare -m`. */
  readonly launcher?: readonly string[];
  /** Arguments of Node.js in front of the program, e.g. `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
}

/** Keys of mediamtx.yml and their values. */
export type ServerSettings = Readonly<Record<string, unknown>>;

/** Ports of one server, all on 127.0.0.1. */
export interface ServerPorts {
  readonly rtsp: number;
  /** RTP over UDP; RTCP is the next one. */
  readonly rtp: number;
  readonly webrtc: number;
  /** ICE, DTLS and SRTP, over UDP and TCP. */
  readonly media: number;
  readonly api: number;
  readonly metrics: number;
}

interface ServerParts {
  readonly ports: ServerPorts;
  readonly folder: string;
  readonly isFolderKept: boolean;
  readonly configPath: string;
  readonly program: ChildProgram;
}

const PROJECT_ROOT = dirname(dirname(dirname(import.meta.dirname)));
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 20;
const MAX_POLLS = START_TIMEOUT_MS / POLL_MS;

/** A running server. Whoever starts it stops it, best with `await using`. */
export class ServerProcess implements AsyncDisposable {
  readonly ports: ServerPorts;
  /** File with the configuration; a test may rewrite it to see a reload. */
  readonly configPath: string;
  /** Working directory of the server. */
  readonly folder: string;
  readonly #isFolderKept: boolean;
  readonly #program: ChildProgram;

  private constructor(parts: ServerParts) {
    this.ports = parts.ports;
    this.configPath = parts.configPath;
    this.folder = parts.folder;
    this.#isFolderKept = parts.isFolderKept;
    this.#program = parts.program;
  }

  /** Starts the server and resolves when it accepts connections. */
  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const ports = options.ports ?? (await choosePorts());
    const config = configFor(ports, options);
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'mediamtx-pro-')));
    const configPath = join(folder, 'mediamtx.yml');
    await writeFile(configPath, stringify(config));
    const proPath = join(folder, 'config.yml');
    const { pro } = options;
    if (pro) await writeFile(proPath, stringify({ mediamtx: './mediamtx.yml', ...pro }));
    const files = pro ? ['--config', proPath] : [configPath];
    const program = new ChildProgram({
      name: 'server',
      ...commandLine(options, [join(PROJECT_ROOT, 'pro/main.ts'), ...files]),
      cwd: folder,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const isFolderKept = options.folder !== undefined;
    const server = new ServerProcess({ ports, folder, isFolderKept, configPath, program });
    try {
      if (config['rtsp'] !== false) await waitForListener(program, ports.rtsp);
      if (config['webrtc'] !== false) await waitForListener(program, ports.webrtc);
      if (config['api'] === true) await waitForListener(program, ports.api);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** Everything the server wrote so far. */
  get log(): string {
    return this.#program.output;
  }

  rtspUrl(path: string): string {
    return `rtsp://127.0.0.1:${this.ports.rtsp}/${path}`;
  }

  /** URL of the WebRTC listener: pages, WHIP and WHEP. */
  webrtcUrl(path: string): string {
    return `http://127.0.0.1:${this.ports.webrtc}/${path}`;
  }

  whepUrl(path: string): string {
    return this.webrtcUrl(`${path}/whep`);
  }

  whipUrl(path: string): string {
    return this.webrtcUrl(`${path}/whip`);
  }

  apiUrl(path: string): string {
    return `http://127.0.0.1:${this.ports.api}${path}`;
  }

  metricsUrl(path = '/metrics'): string {
    return `http://127.0.0.1:${this.ports.metrics}${path}`;
  }

  /** Resolves with the first match of `pattern` in the log. */
  waitForLog(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpExecArray> {
    return this.#program.waitForOutput(
      ({ output }) => pattern.exec(output) ?? undefined,
      timeoutMs,
    );
  }

  /** Stops the server and tells how it ended. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProgramExit> {
    const exit = await this.#program.stop(signal);
    if (!this.#isFolderKept) await rm(this.folder, { recursive: true, force: true });
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function commandLine(
  { launcher = [], nodeArgs = [] }: ServerProcessOptions,
  program: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const [command = process.execPath, ...args] = [
    ...[...launcher, process.execPath],
    ...[...nodeArgs, ...program],
  ];
  return { command, args };
}

async function choosePorts(): Promise<ServerPorts> {
  const first = await findFreePorts(8);
  return {
    rtp: first,
    rtsp: first + 2,
    webrtc: first + 3,
    media: first + 4,
    api: first + 5,
    metrics: first + 6,
  };
}

function configFor(
  ports: ServerPorts,
  options: ServerProcessOptions,
): Readonly<Record<string, unknown>> {
  const { settings = {}, paths } = options;
  const at = (port: number): string => `127.0.0.1:${port}`;
  return {
    logLevel: 'debug',
    rtspAddress: at(ports.rtsp),
    rtpAddress: at(ports.rtp),
    rtcpAddress: at(ports.rtp + 1),
    rtmp: false,
    hls: false,
    srt: false,
    webrtcAddress: at(ports.webrtc),
    webrtcLocalUDPAddress: at(ports.media),
    webrtcLocalTCPAddress: at(ports.media),
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: ['127.0.0.1'],
    apiAddress: at(ports.api),
    metricsAddress: at(ports.metrics),
    ...(typeof settings === 'function' ? settings(ports) : settings),
    paths: paths ?? { all_others: {} },
  };
}

async function waitForListener(program: ChildProgram, port: number): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    if (await accepts(port)) return;
    if (program.exit !== undefined) throw program.failure('did not start');
    await sleep(POLL_MS);
  }
  throw program.failure(`does not listen on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
