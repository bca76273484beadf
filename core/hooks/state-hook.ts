// A pair of hooks: one command while a state lasts, another one when it ends.
import type { HookVariables } from './expand-arguments.ts';
import type { HookLauncher, StartedCommand } from './hook-launcher.ts';

/** Commands of a state, as the configuration has them; empty text for none. */
export interface StateCommands {
  readonly begin: string;
  readonly isRestarted: boolean;
  readonly end: string;
}

/** Keys of mediamtx.yml. */
export interface StateNames {
  readonly begin: string;
  /** Empty when nothing runs at the end. */
  readonly end: string;
}

/** One state of one path, reader or connection. */
export class StateHook {
  readonly #launcher: HookLauncher;
  readonly #names: StateNames;
  #commands: StateCommands | undefined;
  #variables: HookVariables | undefined;
  #askVariables: () => HookVariables = () => ({});
  #running: StartedCommand | undefined;
  #isOver = false;

  constructor(launcher: HookLauncher, names: StateNames) {
    this.#launcher = launcher;
    this.#names = names;
  }

  get isActive(): boolean {
    return this.#commands !== undefined;
  }

  /** The state lasts, but its command has ended by itself for good. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The state begins; does nothing while it lasts. The command starts when this turn is over:
   * only then everybody is registered whom `variables` may ask about.
   */
  begin(commands: StateCommands, variables: () => HookVariables): void {
    if (this.#commands) return;
    this.#commands = commands;
    this.#variables = undefined;
    this.#askVariables = variables;
    queueMicrotask(() => {
      if (this.#askVariables === variables && this.#commands && !this.#variables) this.#start();
    });
  }

  /** Other commands from now on; a running one that is the same goes on. */
  reconfigure(commands: StateCommands): void {
    const before = this.#commands;
    if (!before) return;
    this.#commands = commands;
    if (before.begin === commands.begin && before.isRestarted === commands.isRestarted) return;
    if (!this.#variables) return;
    this.#stop();
    this.#start();
  }

  /** The state is over; does nothing when there is none. */
  end(): void {
    const commands = this.#commands;
    if (!commands) return;
    const variables = this.#beginning();
    this.#commands = undefined;
    this.#stop();
    if (this.#names.end === '') return;
    this.#launcher.tell(this.#names.end, variables);
    this.#launcher.launch({ name: this.#names.end, command: commands.end, variables });
  }

  #start(): void {
    const { begin, isRestarted } = this.#commands ?? { begin: '', isRestarted: false };
    const variables = this.#beginning();
    if (begin === '') return;
    const options = { name: this.#names.begin, command: begin, variables };
    const running = this.#launcher.begin({ ...options, isRestarted });
    this.#running = running;
    void running?.done.then(() => {
      if (this.#running === running) this.#isOver = true;
    });
  }

  /** Asked and told once, also of a state that is over before its command could start. */
  #beginning(): HookVariables {
    if (this.#variables) return this.#variables;
    const variables = this.#askVariables();
    this.#variables = variables;
    this.#launcher.tell(this.#names.begin, variables);
    return variables;
  }

  #stop(): void {
    if (this.#running) this.#launcher.end(this.#names.begin, this.#running);
    this.#running = undefined;
    this.#isOver = false;
  }
}
