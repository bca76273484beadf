// The process: arguments in, signals, exit code.
import { readFileSync } from 'node:fs';
import { checkConfig } from '../core/config/load-config.ts';
import { formatIssue } from '../core/config/config-issue.ts';
import { redactUrls } from '../core/base/url-redaction.ts';
import { toMediaError } from '../core/base/media-error.ts';
import { HELP, parseCommandLine, type Command } from './command-line.ts';
import { ProServer } from './pro-server.ts';

/** The graceful stop must end within this time; then the process ends anyway. */
const STOP_TIMEOUT_MS = 4500;

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2)));
} catch (thrown) {
  console.error(`ERR ${redactUrls(toMediaError(thrown).message)}`);
  process.exitCode = 1;
}

async function run(command: Command): Promise<number> {
  switch (command.type) {
    case 'help':
      console.log(HELP);
      return 0;
    case 'version':
      console.log(readVersion());
      return 0;
    case 'verify':
      return verify(command.mediamtxFile);
    case 'run':
      return serve(command);
  }
}

function verify(filePath: string): number {
  const { config, issues } = checkConfig({ filePath, env: {} });
  for (const issue of issues) console.error(`ERR ${formatIssue(issue)}`);
  for (const warning of config?.warnings ?? []) console.error(`WAR ${warning.message}`);
  if (!config) return 1;
  console.log(`${filePath} is valid`);
  return 0;
}

/** Runs until a signal; resolves to the exit code. */
async function serve(command: Extract<Command, { readonly type: 'run' }>): Promise<number> {
  const server = new ProServer({
    ...command,
    folder: process.cwd(),
    env: process.env,
    output: process.stdout,
    version: readVersion(),
  });
  // Media servers run for months: a bug in one session is logged, not the end of all others.
  process.on('uncaughtException', (error) => {
    server.logger.error(`unexpected error: ${error.stack ?? error.message}`);
  });
  process.on('unhandledRejection', (reason) => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    server.logger.error(`unexpected rejection: ${text}`);
  });
  const stopped = Promise.withResolvers<string>();
  // Not once: Ctrl-C under npm comes from the terminal and from npm, and the second must not kill us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => stopped.resolve(signal));
  }
  try {
    await server.start();
    // A listener keeps the event loop alive; with every listener off, this does.
    const keepAlive = setInterval(() => undefined, 1 << 30);
    server.logger.info(`shutting down: ${await stopped.promise}`);
    clearInterval(keepAlive);
  } finally {
    const force = setTimeout(() => process.exit(1), STOP_TIMEOUT_MS);
    await server.close();
    clearTimeout(force);
  }
  return 0;
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}
