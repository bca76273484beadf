// A command that runs as long as a state lasts, again and again when it is to be restarted.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toMediaError } from '../base/media-error.ts';
import { expandArguments, type HookVariables } from './expand-arguments.ts';
import type { HookStart, StartedCommand } from './hook-launcher.ts';
import { HookProcess } from './hook-process.ts';
import { splitCommand } from './split-command.ts';

/** What commands work with. */
export interface HookCommandComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What every command gets beside the variables of its hook, e.g. PATH and HOME. */
  readonly environment: HookVariables;
}

/** Between the end of a command and its next start. */
const RESTART_PAUSE_MS = 5000;

/** Runs from construction until stop(), or until its command ends. */
export class HookCommand implements StartedCommand {
  readonly #components: HookCommandComponents;
  readonly #options: HookStart;
  readonly #done = Promise.withResolvers<undefined>();
  #process: HookProcess | undefined;
  #pause: Timer | undefined;
  #isStopping = false;

  constructor(components: HookCommandComponents, options: HookStart) {
    this.#components = components;
    this.#options = options;
    this.#run();
  }

  get done(): Promise<undefined> {
    return this.#done.promise;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#pause?.cancel();
    await this.#process?.stop();
    this.#done.resolve(undefined);
  }

  #run(): void {
    const { clock, logger, environment } = this.#components;
    const { name, command, variables } = this.#options;
    const all = { ...environment, ...variables };
    try {
      const words = expandArguments(splitCommand(command), all);
      const log = logger.scope(name);
      this.#process = new HookProcess({ clock, logger: log }, { words, env: all });
    } catch (thrown) {
      logger.error(`${name}: ${toMediaError(thrown).message}`);
      this.#done.resolve(undefined);
      return;
    }
    void this.#process.exited.then((failure) => this.#afterExit(failure));
  }

  #afterExit(failure: string | undefined): void {
    this.#process = undefined;
    if (this.#isStopping) return;
    const { clock, logger } = this.#components;
    const { name, isRestarted } = this.#options;
    if (failure === undefined) logger.info(`${name} command exited`);
    else logger.warn(`${name} command failed: ${failure}`);
    if (!isRestarted) {
      this.#done.resolve(undefined);
      return;
    }
    this.#pause = clock.after(RESTART_PAUSE_MS, () => this.#run());
  }
}
