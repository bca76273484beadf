// The spec reporter, plus: one plain line of counts, files for CI's last lines, and no skipped test under CI=true.
import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Title suffix of the only tests that may skip in CI: those over files outside the repository. */
const MAY_SKIP = /\(shared testdata absent\)$/u;
const MAX_ERROR_LINES = 25;
/** A process that closed everything ends at once. */
const DEFAULT_GRACE_MS = 10_000;

/**
 * Ends with `N passed, N failed`. A pending test counts as failed when the environment has CI=true,
 * because a test that cannot run proves nothing. MOCHA_SUMMARY_FILE names a file that gets one line
 * `passed failed` per run, MOCHA_FAILURES_FILE one that gets what failed, or needed a second attempt.
 * A process that does not end is told from what it holds, after MOCHA_GRACE_MS, and ended: with exit
 * code 1 when nothing had failed. A test that failed may leave things open, also before its second attempt.
 */
class HouseReporter extends Mocha.reporters.Spec {
  readonly #skipped: string[] = [];
  #hasFailed = false;

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test: Mocha.Test) => {
      if (!MAY_SKIP.test(test.title)) this.#skipped.push(test.fullTitle());
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_RETRY, (test: Mocha.Test, error: Error) => {
      this.#hasFailed = true;
      note('second attempt', test, error);
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test: Mocha.Test, error: Error) => {
      this.#hasFailed = true;
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
    this.#endLater(this.#hasFailed ? Math.min(failed, 255) : 1);
  }

  #endLater(exitCode: number): void {
    const graceMs = Number(process.env['MOCHA_GRACE_MS'] ?? DEFAULT_GRACE_MS);
    const timer = setTimeout(() => {
      const held = process.getActiveResourcesInfo().join(', ');
      Mocha.reporters.Base.consoleLog('all tests are over, but these are open: %s', held);
      // Mocha has a listener of its own that sets the code.
      process.once('exit', () => {
        process.exitCode = exitCode;
      });
      process.exit();
    }, graceMs);
    timer.unref();
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
