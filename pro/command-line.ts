// What the command line asks for.
import { parseArgs } from 'node:util';
import { MediaError } from '../core/base/media-error.ts';

/** One thing to do. */
export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'version' }
  | { readonly type: 'verify'; readonly mediamtxFile: string }
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
  mediamtx-pro --version               print the version
  mediamtx-pro --help                  print this text

Without a file the server takes config.yml or mediamtx.yml of the current folder, then
/usr/local/etc/mediamtx.yml, /usr/etc/mediamtx.yml and /etc/mediamtx/mediamtx.yml.
Environment variables MTX_<KEY> override keys of mediamtx.yml, for example MTX_RTSPADDRESS=:9554.
SIGINT or SIGTERM stop the server.`;

/** @throws MediaError `invalid-argument` naming the argument that is not understood. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { type: 'help' };
  if (values.version === true) return { type: 'version' };
  const [first, second, third] = positionals;
  if (first === 'verify') {
    if (second === undefined || third !== undefined) {
      throw usage("'verify' takes one file: mediamtx-pro verify mediamtx.yml");
    }
    return { type: 'verify', mediamtxFile: second };
  }
  if (second !== undefined) throw usage(`unexpected argument '${second}'`);
  if (first !== undefined && values.config !== undefined) {
    throw usage('give either mediamtx.yml or --config config.yml, which names it');
  }
  return {
    type: 'run',
    ...(first === undefined ? {} : { mediamtxFile: first }),
    ...(values.config === undefined ? {} : { proConfigFile: values.config }),
  };
}

function parse(args: readonly string[]): {
  readonly values: { help?: boolean; version?: boolean; config?: string };
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        config: { type: 'string', short: 'c' },
      },
    });
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
}

function usage(message: string): MediaError {
  return new MediaError('invalid-argument', 'usage', `${message}\nTry: mediamtx-pro --help`);
}
