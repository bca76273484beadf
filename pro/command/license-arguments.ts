// mediamtx-pro license ...: what the arguments ask for.
import { toMediaError } from '../../core/base/media-error.ts';
import { parseDuration } from '../../core/config/duration.ts';
import { parseStrict, usageError } from './usage-error.ts';

/** One thing to do with licences. */
export type LicenseCommand =
  | { readonly type: 'help' }
  | {
      readonly type: 'show' | 'verify';
      /** File with the licence; undefined: coreServerKey of mediamtx.yml. */
      readonly file: string | undefined;
      readonly proConfigFile: string | undefined;
    }
  | {
      readonly type: 'issue';
      /** File with the private key. */
      readonly keyFile: string;
      /** A day or a time, or for how long from now. */
      readonly end: { readonly atMs: number } | { readonly afterMs: number };
      readonly macs: readonly string[];
      readonly domain: string | undefined;
      readonly customer: string | undefined;
    };

/** Text of `license --help`. */
export const LICENSE_HELP = `Licences (coreServerKey in mediamtx.yml)

usage:
  mediamtx-pro license show [file]     what a licence says, and the MAC addresses of this machine
  mediamtx-pro license verify [file]   whether it is valid here and now; exit code 0 or 1
  mediamtx-pro license issue --key private.pem --expires 2027-12-31 [--mac 02:42:ac:11:00:02]
                             [--domain example.com] [--customer 'Example Ltd']
      Writes a licence to standard output, and the public key for config.yml as a note.
      --expires   last day (UTC), or a duration like 365d
      --mac       several times for several machines; none = any machine
      --domain    covers its subdomains; none = any domain

Without a file, show and verify take coreServerKey. Which files count: --config config.yml, else
config.yml of this folder. An issuer makes his key once: openssl genpkey -algorithm ed25519 -out private.pem`;

const HELP = 'mediamtx-pro license --help';
const DAY = /^\d{4}-\d{2}-\d{2}$/u;
const DAY_MS = 86_400_000;

/** @throws MediaError `usage` naming the argument that is not understood. */
export function parseLicenseArguments(args: readonly string[]): LicenseCommand {
  const { values, positionals } = parseStrict(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        config: { type: 'string', short: 'c' },
        key: { type: 'string' },
        expires: { type: 'string' },
        mac: { type: 'string', multiple: true },
        domain: { type: 'string' },
        customer: { type: 'string' },
      },
    },
    HELP,
  );
  const [action, file, extra] = positionals;
  if (values.help === true) return { type: 'help' };
  const { key: keyFile, expires, mac: macs = [], domain, customer, config } = values;
  if (extra !== undefined) throw usageError(`unexpected argument '${extra}'`, HELP);
  if (action === 'issue') {
    if (file !== undefined) throw usageError(`unexpected argument '${file}'`, HELP);
    if (keyFile === undefined) throw usageError("'license issue' needs --key private.pem", HELP);
    if (expires === undefined) throw usageError("'license issue' needs --expires", HELP);
    return { type: 'issue', keyFile, end: parseEnd(expires), macs, domain, customer };
  }
  if ([keyFile, expires, domain, customer, ...macs].some((value) => value !== undefined)) {
    throw usageError(`'license ${action ?? ''}' takes no such options`, HELP);
  }
  if (action === 'show' || action === 'verify')
    return { type: action, file, proConfigFile: config };
  throw usageError(`'license' takes issue, show or verify, not '${positionals.join(' ')}'`, HELP);
}

function parseEnd(text: string): { readonly atMs: number } | { readonly afterMs: number } {
  if (DAY.test(text)) {
    const startMs = Date.parse(text);
    // Date.parse() moves the 31st of June into July.
    if (Number.isFinite(startMs) && new Date(startMs).toISOString().startsWith(text)) {
      return { atMs: startMs + DAY_MS };
    }
    throw usageError(`--expires: '${text}' is no day`, HELP);
  }
  try {
    const afterMs = parseDuration(text);
    if (afterMs >= 1000) return { afterMs };
  } catch (failure) {
    throw usageError(`--expires: ${toMediaError(failure).message}`, HELP);
  }
  throw usageError(
    `--expires: '${text}' is neither a day (2027-12-31) nor a duration (365d)`,
    HELP,
  );
}
