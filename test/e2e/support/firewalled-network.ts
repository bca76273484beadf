// A viewer and a server on machines of their own with a firewall between them, made of network namespaces.
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ChildProgramOptions } from './child-program.ts';
import { ChildProgram } from './child-program.ts';

const IP = '/usr/sbin/ip';
const COMMAND_TIMEOUT_MS = 5_000;
const REACH_TIMEOUT_MS = 10_000;
const REACH_PROGRAM = join(import.meta.dirname, 'reach-program.ts');
const UDP_RULE = ['pref', '10', 'ipproto', 'udp', 'blackhole'];

/** Waits for its input to end, as it does even when the tests are killed, and leaves nothing behind. */
const KEEPER = `read -r _
status=0
for name; do
  [ -e "/run/netns/$name" ] || continue
  for pid in $(${IP} netns pids "$name"); do kill -KILL "$pid"; done
  ${IP} netns delete "$name" || status=1
done
exit $status`;

const runFile = promisify(execFile);
let networkCount = 0;

/** One end of the network. */
export interface Machine {
  /** Name of the network namespace. */
  readonly name: string;
  /** IPv4 address that the other end reaches it by. */
  readonly address: string;
}

/** The command line that runs a program on a machine; the process becomes the program. */
export function commandOn(
  machine: Machine,
  command: string,
  args: readonly string[],
): Pick<ChildProgramOptions, 'command' | 'args'> {
  return { command: IP, args: ['netns', 'exec', machine.name, command, ...args] };
}

/**
 * Two machines that reach each other through a third one only. No address or port in it can
 * collide with anything outside. Needs root; whoever creates it closes it.
 */
export class FirewalledNetwork implements AsyncDisposable {
  readonly viewer: Machine;
  readonly server: Machine;
  readonly #firewall: string;
  #release: (() => Promise<void>) | undefined;

  private constructor() {
    networkCount += 1;
    const prefix = `mediamtx-${process.pid}-${networkCount}`;
    this.viewer = { name: `${prefix}-viewer`, address: '10.213.1.2' };
    this.server = { name: `${prefix}-server`, address: '10.213.2.2' };
    this.#firewall = `${prefix}-firewall`;
  }

  /** Makes the namespaces, with a firewall that passes everything. @throws Error of `ip`, e.g. when not root. */
  static async create(): Promise<FirewalledNetwork> {
    const network = new FirewalledNetwork();
    const { viewer, server } = network;
    network.#release = keepNamespaces([viewer.name, server.name, network.#firewall]);
    try {
      await network.#build();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** The firewall drops what is UDP, both ways and without a word, as most do. */
  async dropUdp(): Promise<void> {
    await ip('-n', this.#firewall, 'rule', 'add', ...UDP_RULE);
  }

  /**
   * Sends datagrams and then asks over TCP: `0 of 5 datagrams` when none of them arrived.
   * @throws Error with the program's output when TCP does not get through.
   */
  async reach(from: Machine, to: Machine): Promise<string> {
    const node = (machine: Machine, ...args: readonly string[]): ChildProgram => {
      const name = `${args[0] ?? ''} on ${machine.name}`;
      const line = commandOn(machine, process.execPath, [REACH_PROGRAM, ...args]);
      return new ChildProgram({ name, ...line });
    };
    await using listener = node(to, 'listen', to.address);
    const [, port = ''] = await listener.waitForOutput(
      ({ stdout }) => /on (\d+)\n/u.exec(stdout) ?? undefined,
      REACH_TIMEOUT_MS,
    );
    await using asker = node(from, 'ask', to.address, port);
    const { code } = await asker.waitForExit(REACH_TIMEOUT_MS);
    if (code !== 0) throw asker.failure(`does not reach ${to.name} over TCP`);
    return asker.stdout.trim();
  }

  /** Deletes the namespaces. Idempotent. */
  async close(): Promise<void> {
    await this.#release?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #build(): Promise<void> {
    const firewall = this.#firewall;
    await this.#addNamespace(firewall);
    for (const [machine, link, gateway] of [
      [this.viewer, 'viewer', '10.213.1.1'],
      [this.server, 'server', '10.213.2.1'],
    ] as const) {
      const { name, address } = machine;
      await this.#addNamespace(name);
      const peer = ['peer', 'name', 'eth0', 'netns', name];
      await ip('-n', firewall, 'link', 'add', link, 'type', 'veth', ...peer);
      await ip('-n', firewall, 'address', 'add', `${gateway}/30`, 'dev', link);
      await ip('-n', firewall, 'link', 'set', link, 'up');
      await ip('-n', name, 'address', 'add', `${address}/30`, 'dev', 'eth0');
      await ip('-n', name, 'link', 'set', 'eth0', 'up');
      await ip('-n', name, 'route', 'add', 'default', 'via', gateway);
    }
    const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
    await ip('netns', 'exec', firewall, 'sh', '-c', forward);
  }

  async #addNamespace(name: string): Promise<void> {
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await runFile(IP, args, { timeout: COMMAND_TIMEOUT_MS });
}

/** Returns what deletes these namespaces; it also happens when the tests are killed. */
function keepNamespaces(names: readonly string[]): () => Promise<void> {
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', ...names], {
    // A process group of its own: Ctrl-C in a terminal does not reach it.
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    keeper.once('error', reject);
    keeper.once('exit', resolve);
  });
  return async () => {
    keeper.stdin.end();
    const status = await exited;
    if (status !== 0) throw new Error(`not all deleted, see above: ${names.join(', ')}`);
  };
}
