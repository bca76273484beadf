// What hooks ask for when something happens; HookRunner is the one that starts processes.
import type { HookVariables } from './expand-arguments.ts';

/** A command that runs only once. */
export interface HookLaunch {
  /** Key of mediamtx.yml, e.g. `runOnUnread`. */
  readonly name: string;
  /** Empty starts nothing. */
  readonly command: string;
  readonly variables: HookVariables;
}

/** A command that runs as long as a state lasts. */
export interface HookStart extends HookLaunch {
  readonly isRestarted: boolean;
}

/** A command that was started. */
export interface StartedCommand {
  /** Resolves when nothing of it runs any more and nothing will. */
  readonly done: Promise<undefined>;
  /** Ends the command; resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/** Starts and ends commands, and tells others; none of it waits or throws. */
export interface HookLauncher {
  /** Runs a command until end(); undefined when it was left out. */
  begin(start: HookStart): StartedCommand | undefined;
  /** Runs a command once. */
  launch(launch: HookLaunch): void;
  end(name: string, command: StartedCommand): void;
  /** It happened, whether there is a command for it or not. */
  tell(name: string, variables: HookVariables): void;
}
