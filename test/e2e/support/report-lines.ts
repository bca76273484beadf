// Shows what a test measured below its title, in the way of the reporter.
import Mocha from 'mocha';

/** Prints lines between the titles of the tests. */
export function reportLines(lines: readonly string[]): void {
  for (const line of lines) Mocha.reporters.Base.consoleLog('      %s', line);
}
