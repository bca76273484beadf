// The process: arguments in, signals, exit code.
import { readFileSync } from 'node:fs';
import { systemClock } from '../core/base/clock.ts';
import { silentLogger, type Logger } from '../core/base/logger.ts';
import { checkConfig } from '../core/config/load-config.ts';
import { formatIssue } from '../core/config/config-issue.ts';
import { redactUrls } from '../core/base/url-redaction.ts';
import { MediaError, toMediaError } from '../core/base/media-error.ts';
import { HELP, parseCommandLine, type Command } from './command-line.ts';
import { KVS_AGENT_HELP, type KvsAgentCommand } from './command/kvs-agent-arguments.ts';
import { runDoctorCommand } from './command/run-doctor-command.ts';
import { runLicenseCommand } from './command/run-license-command.ts';
import { runTokenCommand } from './command/run-token-command.ts';
import { loadProConfig } from './config/load-pro-config.ts';
import { ProKeys } from './config/pro-keys.ts';
import { KvsAgent } from './kvs-agent.ts';
import { ProServer } from './pro-server.ts';

/** The graceful stop must end within this time; then the process ends anyway. */
const STOP_TIMEOUT_MS = 4500;
/** What a library still waits for after it, e.g. a program that prints keys, gets so much longer. */
const LINGER_MS = 250;

/** Arguments that are not understood; every other failure is 1. */
const USAGE_EXIT_CODE = 2;

/** Of the agent, by kind of failure. */
const AGENT_EXIT_CODES: ReadonlyMap<string, number> = new Map([
  ['invalid-argument', USAGE_EXIT_CODE],
  ['unauthenticated', 3],
  ['permission-denied', 3],
  ['not-found', 4],
]);

/** What runs until a signal. */
interface Runnable {
  readonly logger: Logger;
  /** May take its time; a signal that is aborted ends it early where that is of use. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

type VerifyCommand = Extract<Command, { readonly type: 'verify' }>;

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2), process.env));
} catch (thrown) {
  const error = toMediaError(thrown);
  console.error(`ERR ${redactUrls(error.message)}`);
  process.exitCode = error.code === 'usage' ? USAGE_EXIT_CODE : 1;
}

async function run(command: Command): Promise<number> {
  const output = {
    result: (line: string) => console.log(line),
    note: (line: string) => console.error(line),
  };
  const components = { clock: systemClock, logger: silentLogger, output };
  const place = { folder: process.cwd(), env: process.env };
  switch (command.type) {
    case 'help':
      console.log(HELP);
      return 0;
    case 'version':
      console.log(readVersion());
      return 0;
    case 'verify':
      return verify(command);
    case 'token':
      await runTokenCommand(command.command, components, place);
      return 0;
    case 'license':
      return (await runLicenseCommand(command.command, components, place)) ? 0 : 1;
    case 'doctor':
      return (await runDoctorCommand(command.command, components, place)) ? 0 : 1;
    case 'kvs-agent':
      return runAgent(command.command);
    case 'run':
      return serve(command);
  }
}

function verify({ mediamtxFile, proConfigFile }: VerifyCommand): number {
  const pro = proConfigFile === undefined ? undefined : loadProConfig(proConfigFile);
  for (const warning of pro?.warnings ?? []) console.error(`WAR ${warning.message}`);
  const filePath = mediamtxFile ?? pro?.mediamtxFile ?? '';
  const { config, issues } = checkConfig({ filePath, env: {}, registry: new ProKeys().registry });
  for (const issue of issues) console.error(`ERR ${formatIssue(issue)}`);
  for (const warning of config?.warnings ?? []) console.error(`WAR ${warning.message}`);
  if (!config) return 1;
  if (proConfigFile !== undefined) console.log(`${proConfigFile} is valid`);
  console.log(`${filePath} is valid`);
  return 0;
}

async function serve(command: Extract<Command, { readonly type: 'run' }>): Promise<number> {
  const server = new ProServer({
    ...command,
    folder: process.cwd(),
    env: process.env,
    output: process.stdout,
    version: readVersion(),
  });
  // A terminal that is closed sends it too, and then means the end.
  if (!process.stdout.isTTY) process.on('SIGHUP', () => void server.reload());
  await untilSignal(server);
  return 0;
}

/** What a container's log and its exit code tell of the agent: see its help. */
async function runAgent(command: KvsAgentCommand): Promise<number> {
  if (command.type === 'help') {
    console.log(KVS_AGENT_HELP);
    return 0;
  }
  try {
    const agent = new KvsAgent(systemClock, {
      ...{ settings: command.settings, env: process.env },
      ...{ output: process.stdout, version: readVersion() },
    });
    await untilSignal(agent);
    return 0;
  } catch (thrown) {
    const error = toMediaError(thrown);
    const code = AGENT_EXIT_CODES.get(error.kind);
    if (code === undefined) throw error;
    console.error(`ERR ${redactUrls(error.message)}`);
    return code;
  }
}

/** Runs it until SIGINT or SIGTERM. @throws MediaError when it does not start. */
async function untilSignal(server: Runnable): Promise<void> {
  // Media servers run for months: a bug in one session is logged, not the end of all others.
  process.on('uncaughtException', (error) => {
    server.logger.error(`unexpected error: ${error.stack ?? error.message}`);
  });
  process.on('unhandledRejection', (reason) => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    server.logger.error(`unexpected rejection: ${text}`);
  });
  const stopped = Promise.withResolvers<string>();
  const abort = new AbortController();
  // Not once: Ctrl-C under npm comes from the terminal and from npm, and the second must not kill us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopped.resolve(signal);
      abort.abort(new MediaError('canceled', 'agent-stopped', `stopped by ${signal}`));
    });
  }
  // Listeners keep the event loop alive; before there are any, and with every one off, this does.
  const keepAlive = setInterval(() => undefined, 1 << 30);
  try {
    await server.start(abort.signal);
    server.logger.info(`shutting down: ${await stopped.promise}`);
  } catch (thrown) {
    if (!abort.signal.aborted) throw thrown;
  } finally {
    const force = setTimeout(() => process.exit(1), STOP_TIMEOUT_MS);
    await server.close();
    clearTimeout(force);
    clearInterval(keepAlive);
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}
