// All commands that hooks have started: bounded, and ended with the server.
import { delay } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { HookCommand, type HookCommandComponents } from './hook-command.ts';
import type { HookLaunch, HookStart, StartedCommand } from './hook-launcher.ts';

/** More processes than that help nobody; a thousand viewers with runOnRead reach it. */
const MAX_COMMANDS = 1000;
/** How long commands about the end of something may run when the server stops. */
const CLOSE_GRACE_MS = 1000;

/** Starts commands and keeps them until they are gone. */
export class HookRunner implements AsyncDisposable {
  readonly #components: HookCommandComponents;
  /** With the logger that names what they are for. */
  readonly #states = new Map<StartedCommand, Logger>();
  readonly #launches = new Map<StartedCommand, Logger>();
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
    const logger = this.#loggerOf(options);
    logger.info(`${options.name} command started`);
    return this.#track(new HookCommand({ ...this.#components, logger }, options), {
      set: this.#states,
      logger,
    });
  }

  /** Runs a command once and waits for nothing. */
  launch(options: HookLaunch): void {
    if (options.command === '' || !this.#admit(options.name)) return;
    const logger = this.#loggerOf(options);
    logger.info(`${options.name} command launched`);
    const once = { ...options, isRestarted: false };
    this.#track(new HookCommand({ ...this.#components, logger }, once), {
      set: this.#launches,
      logger,
    });
  }

  /** Ends a command without waiting. */
  end(name: string, command: StartedCommand): void {
    this.#states.get(command)?.info(`${name} command stopped`);
    void command.stop();
  }

  /** Ends what depends on a state at once, what tells of an end after a moment. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const launches = [...this.#launches.keys()].map((command) => command.done);
    const states = [...this.#states.keys()].map((command) => command.stop());
    const timeout = new AbortController();
    const late = delay(this.#components.clock, CLOSE_GRACE_MS, timeout.signal).catch(
      () => undefined,
    );
    await Promise.race([Promise.all(launches), late]);
    timeout.abort();
    await Promise.all([...states, ...[...this.#launches.keys()].map((command) => command.stop())]);
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

  /** With hundreds of cameras a line says which one it is about. */
  #loggerOf({ variables }: HookLaunch): Logger {
    const { logger } = this.#components;
    const path = variables['MTX_PATH'];
    return path === undefined ? logger : logger.scope(`path ${path}`);
  }

  #track(
    command: StartedCommand,
    { set, logger }: { readonly set: Map<StartedCommand, Logger>; readonly logger: Logger },
  ): StartedCommand {
    set.set(command, logger);
    void command.done.then(() => set.delete(command));
    return command;
  }
}
