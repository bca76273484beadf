// The spec reporter, plus: one plain line of counts, files for CI's last lines, and no skipped test under CI=true.
import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Title suffix of the only tests that may skip in CI: those over files outside the repository. */
const MAY_SKIP = /\(shared testdata absent\)$/u;
const MAX_ERROR_LINES = 25;

/**
 * Ends with `N passed, N failed`. A pending test counts as failed when the environment has CI=true,
 * because a test that cannot run proves nothing. MOCHA_SUMMARY_FILE names a file that gets one line
 * `passed failed` per run, MOCHA_FAILURES_FILE one that gets what failed, or needed a second attempt.
 */
class HouseReporter extends Mocha.reporters.Spec {
  readonly #skipped: string[] = [];

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test: Mocha.Test) => {
      if (!MAY_SKIP.test(test.title)) this.#skipped.push(test.fullTitle());
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_RETRY, (test: Mocha.Test, error: Error) => {
      note('second attempt', test, error);
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test: Mocha.Test, error: Error) => {
      note('failed', test, error);
    });
  }

  override done(failures: number, finish: (failures: number) => void): void {
    const isCi = process.env['CI'] === 'true';
    const skipped = isCi ? this.#skipped : [];
    for (const title of skipped) Mocha.reporters.Base.consoleLog('skipped in CI: %s', title);
    const failed = failures + skipped.length;
    const passed = this.stats.passes;
    Mocha.reporters.Base.consoleLog('%d passed, %d failed', passed, failed);
    const summary = process.env['MOCHA_SUMMARY_FILE'];
    if (summary !== undefined) appendFileSync(summary, `${passed} ${failed}\n`);
    finish(failed);
  }
}

/** A long output is cut where it is kept: what went wrong has to stand at its end. */
function note(what: string, test: Mocha.Test, error: Error): void {
  const file = process.env['MOCHA_FAILURES_FILE'];
  if (file === undefined) return;
  const lines = (error.stack ?? error.message).split('\n').slice(0, MAX_ERROR_LINES);
  appendFileSync(file, `${what}: ${test.fullTitle()}\n  ${lines.join('\n  ')}\n`);
}

// Mocha loads reporters by require(); this name makes the class what require() returns.
export { HouseReporter as 'module.exports' };
