// mediamtx-pro doctor: what the arguments ask for.
import { parseStrict, usageError } from './usage-error.ts';

/** What to look at, and how to tell it. */
export type DoctorCommand =
  | { readonly type: 'help' }
  | {
      readonly type: 'check';
      readonly mediamtxFile: string | undefined;
      readonly proConfigFile: string | undefined;
      readonly isJson: boolean;
      /** Whether STUN and TURN servers of the configuration are asked. */
      readonly isOnline: boolean;
    };

/** Text of `doctor --help`. */
export const DOCTOR_HELP = `Looks for what would keep the server from working here, before it is started or beside it

usage:
  mediamtx-pro doctor [mediamtx.yml]           with this file, or what the server would take
  mediamtx-pro doctor --config config.yml      with the Pro configuration, which names mediamtx.yml
      --online   also asks the STUN and TURN servers of the configuration (3 s each)
      --json     one JSON document instead of lines

Each line is ok, info, warning or problem; behind the arrow stands what to change, and where.
Exit code: 0 no problem, 1 at least one problem, 2 arguments that are not understood.`;

const HELP = 'mediamtx-pro doctor --help';

/** @throws MediaError `usage` naming the argument that is not understood. */
export function parseDoctorArguments(args: readonly string[]): DoctorCommand {
  const { values, positionals } = parseStrict(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        config: { type: 'string', short: 'c' },
        json: { type: 'boolean' },
        online: { type: 'boolean' },
      },
    },
    HELP,
  );
  if (values.help === true) return { type: 'help' };
  const [mediamtxFile, extra] = positionals;
  if (extra !== undefined) throw usageError(`unexpected argument '${extra}'`, HELP);
  if (mediamtxFile !== undefined && values.config !== undefined) {
    throw usageError('give either mediamtx.yml or --config config.yml, which names it', HELP);
  }
  const { json: isJson = false, online: isOnline = false } = values;
  return { type: 'check', mediamtxFile, proConfigFile: values.config, isJson, isOnline };
}
