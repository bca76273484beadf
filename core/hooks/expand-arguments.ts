// $VARIABLE in the arguments of a hook, as the peer expands them, but never inside a shell's script.
import { basename } from 'node:path';

/** Programs whose argument after `-c` is a script that expands variables by itself. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'ksh', 'zsh', 'fish']);
const VARIABLE = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/gu;

/** Values by name; unknown names become empty, as in a shell. */
export type HookVariables = Readonly<Record<string, string>>;

/**
 * Fills variables in. A value is never looked at again and never splits an argument. The script of
 * a shell (`sh -c '...'`) stays as it is: the shell finds the same variables in its environment,
 * and what a client sent never becomes part of a script.
 */
export function expandArguments(
  [program, ...args]: readonly [string, ...string[]],
  variables: HookVariables,
): readonly [string, ...string[]] {
  const expand = (text: string): string =>
    text.replace(VARIABLE, (_, plain?: string, braced?: string) =>
      valueOf(variables, plain ?? braced ?? ''),
    );
  const isScript = scriptTest([program, ...args]);
  return [expand(program), ...args.map((each, index) => (isScript(index) ? each : expand(each)))];
}

/** Everything from a shell's `-c` on, also behind `env`, `nice` or `timeout 5`. */
function scriptTest(words: readonly string[]): (argumentIndex: number) => boolean {
  const shell = words.findIndex((word) => SHELLS.has(basename(word)));
  if (shell < 0) return () => false;
  const option = words.findIndex((word, index) => index > shell && /^-[a-z]*c[a-z]*$/u.test(word));
  return option < 0 ? () => false : (argumentIndex) => argumentIndex + 1 === option + 1;
}

function valueOf(variables: HookVariables, name: string): string {
  return Object.hasOwn(variables, name) ? (variables[name] ?? '') : '';
}
