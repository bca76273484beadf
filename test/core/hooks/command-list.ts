// A launcher that starts nothing and keeps what hooks asked for, in order.
import type { HookVariables } from '../../../core/hooks/expand-arguments.ts';
import type {
  HookLaunch,
  HookLauncher,
  HookStart,
  StartedCommand,
} from '../../../core/hooks/hook-launcher.ts';

/** Lines like `begin runOnRead read.sh`, `end runOnRead`, `launch runOnUnread unread.sh`. */
export class CommandList implements HookLauncher {
  /** Everything that webhooks would send. */
  readonly told: string[] = [];
  readonly #lines: string[] = [];
  readonly #variables = new Map<string, HookVariables>();
  readonly #exits = new Map<string, () => void>();

  begin({ name, command, isRestarted, variables }: HookStart): StartedCommand {
    this.#lines.push(`begin ${name} ${command}${isRestarted ? ' again and again' : ''}`);
    this.#variables.set(name, variables);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#exits.set(name, () => resolve(undefined));
    return { done: promise, stop: () => Promise.resolve() };
  }

  /** The newest command of this name ends by itself. */
  exit(name: string): void {
    this.#exits.get(name)?.();
  }

  launch({ name, command, variables }: HookLaunch): void {
    if (command === '') return;
    this.#lines.push(`launch ${name} ${command}`);
    this.#variables.set(name, variables);
  }

  end(name: string): void {
    this.#lines.push(`end ${name}`);
  }

  tell(name: string, variables: HookVariables): void {
    this.told.push(name);
    this.#variables.set(name, variables);
  }

  /** Lines since the last call, after pending turns. */
  async take(): Promise<readonly string[]> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return this.#lines.splice(0);
  }

  /** What the last command of this name got. */
  variablesOf(name: string): HookVariables | undefined {
    return this.#variables.get(name);
  }
}
