// mediamtx-pro kvs-agent: what the arguments and the environment ask for.
import type { LogLevel } from '../../core/base/logger.ts';
import { parseStrict, usageError } from './usage-error.ts';

/** From which channel into which stream. */
export interface KvsAgentSettings {
  readonly region: string;
  readonly channel: string;
  readonly stream: string;
  /** Empty: `viewer-` and the time of the start. */
  readonly clientId: string;
  readonly retentionHours: number;
  readonly audio: 'aac' | 'none';
  /** Makes the stream when it is missing. */
  readonly isCreating: boolean;
  readonly logLevel: LogLevel;
}

/** What the agent is to do. */
export type KvsAgentCommand =
  { readonly type: 'help' } | { readonly type: 'run'; readonly settings: KvsAgentSettings };

/** Text of `kvs-agent --help`. */
export const KVS_AGENT_HELP = `Watches the master of a WebRTC signalling channel and forwards it into a Kinesis video stream

usage:
  mediamtx-pro kvs-agent [options]

Without options the environment says everything, as in a container:
  AWS_REGION              --region           default ap-northeast-1
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                          without them: role of the container, profile, or role of the instance
  KVS_CHANNEL             --channel          default webrtc-kvs-agent-channel
  KVS_STREAM              --stream           default webrtc-kvs-agent-stream
  KVS_CLIENT_ID           --client-id        default viewer-<time of the start>
  KVS_RETENTION_HOURS     --retention-hours  default 24, for a stream that is made
  KVS_AUDIO               --audio            aac or none; default aac
  KVS_CREATE              --create           yes makes a missing stream; default yes
  LOG_LEVEL               --log-level        debug, info, warn or error; default info

It runs until SIGTERM or SIGINT; a master that is away is waited for. Exit code: 0 stopped,
1 unexpected error, 2 settings that are not understood, 3 keys missing or refused, 4 channel or
stream missing.`;

const HELP = 'mediamtx-pro kvs-agent --help';
const NAME = /^[\w.-]{1,256}$/u;
const REGION = /^[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/u;
const CLIENT_ID = /^(?!AWS_)[\w.-]{0,256}$/u;
const HOURS = /^\d{1,5}$/u;
const MAX_HOURS = 87_600;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** @throws MediaError `usage` naming the argument or variable that is not understood. */
export function parseKvsAgentArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): KvsAgentCommand {
  const text = { type: 'string' } as const;
  const { values } = parseStrict(
    {
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        ...{ channel: text, stream: text, region: text, audio: text, create: text },
        ...{ 'client-id': text, 'retention-hours': text, 'log-level': text },
      },
    },
    HELP,
  );
  if (values.help === true) return { type: 'help' };
  const read = new SettingReader(env);
  const settings = {
    region: read.matching(
      ['--region', values.region],
      [env['AWS_REGION'] ? 'AWS_REGION' : 'AWS_DEFAULT_REGION', 'ap-northeast-1'],
      REGION,
    ),
    channel: read.matching(
      ['--channel', values.channel],
      ['KVS_CHANNEL', 'webrtc-kvs-agent-channel'],
      NAME,
    ),
    stream: read.matching(
      ['--stream', values.stream],
      ['KVS_STREAM', 'webrtc-kvs-agent-stream'],
      NAME,
    ),
    clientId: read.matching(['--client-id', values['client-id']], ['KVS_CLIENT_ID', ''], CLIENT_ID),
    retentionHours: read.hours(
      ['--retention-hours', values['retention-hours']],
      ['KVS_RETENTION_HOURS', '24'],
    ),
    audio: read.oneOf(['--audio', values.audio], ['KVS_AUDIO', 'aac'], ['aac', 'none'] as const),
    isCreating:
      read.oneOf(['--create', values.create], ['KVS_CREATE', 'yes'], ['yes', 'no'] as const) ===
      'yes',
    logLevel: read.oneOf(['--log-level', values['log-level']], ['LOG_LEVEL', 'info'], LEVELS),
  };
  return { type: 'run', settings };
}

/** Name of the option and its value. */
type Option = readonly [name: string, value: string | undefined];
/** Name of the variable, and what counts without it. */
type Variable = readonly [name: string, fallback: string];

/** The option wins over the variable; an empty variable is none. */
class SettingReader {
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  matching(option: Option, variable: Variable, pattern: RegExp): string {
    const { name, value } = this.#read(option, variable);
    if (pattern.test(value)) return value;
    throw usageError(`${name}: '${value.slice(0, 64)}' is not understood`, HELP);
  }

  hours(option: Option, variable: Variable): number {
    const { name, value } = this.#read(option, variable);
    const hours = HOURS.test(value) ? Number(value) : Number.NaN;
    if (hours <= MAX_HOURS) return hours;
    const message = `${name}: '${value.slice(0, 64)}' is not a number of hours from 0 to ${MAX_HOURS}`;
    throw usageError(message, HELP);
  }

  oneOf<const T extends string>(option: Option, variable: Variable, known: readonly T[]): T {
    const { name, value } = this.#read(option, variable);
    const found = known.find((each) => each === value.toLowerCase());
    if (found !== undefined) return found;
    throw usageError(`${name}: '${value.slice(0, 64)}' is none of ${known.join(', ')}`, HELP);
  }

  #read([option, given]: Option, [variable, fallback]: Variable): { name: string; value: string } {
    if (given !== undefined) return { name: option, value: given };
    const value = this.#env[variable]?.trim() ?? '';
    return value === '' ? { name: option, value: fallback } : { name: variable, value };
  }
}
