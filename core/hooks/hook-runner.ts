// All commands that hooks have started: bounded, and ended with the server.
import { delay } from '../base/clock.ts';
import { HookCommand, type HookCommandComponents } from './hook-command.ts';
import type { HookLaunch, HookStart, StartedCommand } from './hook-launcher.ts';

/** More processes than that help nobody; a thousand viewers with runOnRead reach it. */
const MAX_COMMANDS = 1000;
/** How long commands about the end of something may run when the server stops. */
const CLOSE_GRACE_MS = 1000;

/** Starts commands and keeps them until they are gone. */
export class HookRunner implements AsyncDisposable {
  readonly #components: HookCommandComponents;
  readonly #states = new Set<StartedCommand>();
  readonly #launches = new Set<StartedCommand>();
  #dropped = 0;
  #isClosed = false;

  constructor(components: HookCommandComponents) {
    this.#components = components;
  }

  /** Commands that run now or wait for their restart. */
  get count(): number {
    return this.#states.size + this.#launches.size;
  }

  /** Commands that were not started because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Runs a command until stop() of what is returned; undefined when it was left out. */
  begin(options: HookStart): StartedCommand | undefined {
    if (!this.#admit(options.name)) return undefined;
    this.#components.logger.info(`${options.name} command started`);
    return this.#track(new HookCommand(this.#components, options), this.#states);
  }

  /** Runs a command once and waits for nothing. */
  launch(options: HookLaunch): void {
    if (options.command === '' || !this.#admit(options.name)) return;
    this.#components.logger.info(`${options.name} command launched`);
    this.#track(
      new HookCommand(this.#components, { ...options, isRestarted: false }),
      this.#launches,
    );
  }

  /** Ends a command without waiting. */
  end(name: string, command: StartedCommand): void {
    if (this.#states.has(command)) this.#components.logger.info(`${name} command stopped`);
    void command.stop();
  }

  /** Ends what depends on a state at once, what tells of an end after a moment. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const launches = [...this.#launches].map((command) => command.done);
    const states = [...this.#states].map((command) => command.stop());
    const timeout = new AbortController();
    const late = delay(this.#components.clock, CLOSE_GRACE_MS, timeout.signal).catch(
      () => undefined,
    );
    await Promise.race([Promise.all(launches), late]);
    timeout.abort();
    await Promise.all([...states, ...[...this.#launches].map((command) => command.stop())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(name: string): boolean {
    if (this.#isClosed) return false;
    if (this.count < MAX_COMMANDS) return true;
    if (this.#dropped++ % MAX_COMMANDS === 0) {
      this.#components.logger.warn(`${name} command left out: ${MAX_COMMANDS} run already`);
    }
    return false;
  }

  #track(command: StartedCommand, set: Set<StartedCommand>): StartedCommand {
    set.add(command);
    void command.done.then(() => set.delete(command));
    return command;
  }
}
