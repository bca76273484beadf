// Runs every check of the project one after the other and tells at the end which ones failed.
import { spawnSync } from 'node:child_process';

/** npm scripts, cheapest first. */
const STEPS = ['format:check', 'types', 'types:pages', 'dead-code', 'lint', 'test:unit'] as const;

const failed = STEPS.filter((step) => {
  console.log(`\n== ${step}`);
  return spawnSync('npm', ['run', '--silent', step], { stdio: 'inherit' }).status !== 0;
});

for (const step of failed) console.log(`check failed: npm run ${step}`);
if (failed.length === 0) console.log('check passed');
process.exitCode = failed.length === 0 ? 0 : 1;
