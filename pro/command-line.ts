// What the command line asks for.
import { parseDoctorArguments, type DoctorCommand } from './command/doctor-arguments.ts';
import { parseKvsAgentArguments, type KvsAgentCommand } from './command/kvs-agent-arguments.ts';
import { parseLicenseArguments, type LicenseCommand } from './command/license-arguments.ts';
import { parseTokenArguments, type TokenCommand } from './command/token-arguments.ts';
import { parseStrict, usageError } from './command/usage-error.ts';

/** One thing to do. */
export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'version' }
  | {
      readonly type: 'verify';
      readonly mediamtxFile?: string;
      readonly proConfigFile?: string;
    }
  | { readonly type: 'token'; readonly command: TokenCommand }
  | { readonly type: 'license'; readonly command: LicenseCommand }
  | { readonly type: 'doctor'; readonly command: DoctorCommand }
  | { readonly type: 'kvs-agent'; readonly command: KvsAgentCommand }
  | {
      readonly type: 'run';
      /** First argument: mediamtx.yml. */
      readonly mediamtxFile?: string;
      /** --config: config.yml. */
      readonly proConfigFile?: string;
    };

/** Text of --help. */
export const HELP = `MediaMTX Pro: media server for camera fleets (RTSP, WebRTC)

usage:
  mediamtx-pro [mediamtx.yml]          start the server
  mediamtx-pro --config config.yml     start with the Pro configuration, which names mediamtx.yml
  mediamtx-pro verify mediamtx.yml     check a configuration file; exit code 0 or 1
  mediamtx-pro verify --config config.yml    check both files
  mediamtx-pro doctor [mediamtx.yml]   look for what would not work here; more by: doctor --help
  mediamtx-pro token create|list|revoke      tokens for the API; more by: token --help
  mediamtx-pro license issue|show|verify     licences; more by: license --help
  mediamtx-pro kvs-agent               from a KVS signalling channel into a video stream; more by: kvs-agent --help
  mediamtx-pro --version               print the version
  mediamtx-pro --help                  print this text

Without a file the server takes config.yml or mediamtx.yml of the current folder, then
/usr/local/etc/mediamtx.yml, /usr/etc/mediamtx.yml and /etc/mediamtx/mediamtx.yml.
Environment variables MTX_<KEY> override keys of mediamtx.yml, for example MTX_RTSPADDRESS=:9554.
SIGINT or SIGTERM stop the server.`;

/** @throws MediaError `usage` naming the argument, or variable of the agent, that is not understood. */
export function parseCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Command {
  const [word = '', ...others] = args;
  if (word === 'token') return { type: 'token', command: parseTokenArguments(others) };
  if (word === 'doctor') return { type: 'doctor', command: parseDoctorArguments(others) };
  if (word === 'kvs-agent') {
    return { type: 'kvs-agent', command: parseKvsAgentArguments(others, env) };
  }
  if (word === 'license' || word === 'licence') {
    return { type: 'license', command: parseLicenseArguments(others) };
  }
  const { values, positionals } = parseStrict({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
      config: { type: 'string', short: 'c' },
    },
  });
  if (values.help === true) return { type: 'help' };
  if (values.version === true) return { type: 'version' };
  const isVerify = positionals[0] === 'verify';
  const [file, extra] = isVerify ? positionals.slice(1) : positionals;
  if (isVerify && (extra !== undefined || (file === undefined) === (values.config === undefined))) {
    throw usageError("'verify' takes one file: mediamtx-pro verify mediamtx.yml");
  }
  if (extra !== undefined) throw usageError(`unexpected argument '${extra}'`);
  if (file !== undefined && values.config !== undefined) {
    throw usageError('give either mediamtx.yml or --config config.yml, which names it');
  }
  return {
    type: isVerify ? 'verify' : 'run',
    ...(file === undefined ? {} : { mediamtxFile: file }),
    ...(values.config === undefined ? {} : { proConfigFile: values.config }),
  };
}
