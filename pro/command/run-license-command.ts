// mediamtx-pro license ...: issues, shows and verifies licences.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { Environment } from '../../core/config/environment.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { sharedSettings } from '../config/shared-settings.ts';
import { LicenceCheck, type LicenceCheckOptions } from '../license/licence-check.ts';
import { formatPublicKey, issueLicence, parsePrivateKey, peekLicence } from '../license/licence.ts';
import { machineMacs } from '../license/machine-macs.ts';
import { LICENSE_HELP, type LicenseCommand } from './license-arguments.ts';
import type { CommandOutput } from './output.ts';

/** What a subcommand works with. */
export interface LicenseCommandComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: CommandOutput;
}

/** Where it works. */
export interface LicenseCommandOptions {
  readonly folder: string;
  readonly env: Environment;
}

type CheckCommand = Extract<LicenseCommand, { readonly type: 'show' | 'verify' }>;
type IssueCommand = Extract<LicenseCommand, { readonly type: 'issue' }>;

/** Runs one command; false: the licence is not valid. @throws MediaError as files and licences. */
export async function runLicenseCommand(
  command: LicenseCommand,
  components: LicenseCommandComponents,
  options: LicenseCommandOptions,
): Promise<boolean> {
  const { output } = components;
  switch (command.type) {
    case 'help':
      output.result(LICENSE_HELP);
      return true;
    case 'issue':
      await issue(command, components);
      return true;
    case 'show':
      show(await checkOptions(command, options), components);
      return true;
    case 'verify': {
      const check = new LicenceCheck(components, await checkOptions(command, options));
      const { reason } = check.state;
      output.result(reason === '' ? 'the licence is valid' : `the licence is not valid: ${reason}`);
      return reason === '';
    }
  }
}

async function issue(
  { keyFile, end, macs, domain, customer }: IssueCommand,
  { clock, output }: LicenseCommandComponents,
): Promise<void> {
  const privateKey = parsePrivateKey(await readSmallFile(keyFile));
  const issuedAt = clock.nowMs();
  const expiresAt = 'atMs' in end ? end.atMs : issuedAt + end.afterMs;
  if (expiresAt <= issuedAt) {
    const message = `the licence would have ended on ${new Date(expiresAt).toISOString()}`;
    throw new MediaError('invalid-argument', 'invalid-licence', message);
  }
  output.result(issueLicence({ macs, expiresAt, issuedAt, domain, customer }, privateKey));
  output.note(`public key for "licence: { publicKey: ... }" in config.yml:`);
  output.note(formatPublicKey(privateKey));
}

function show(options: LicenceCheckOptions, components: LicenseCommandComponents): void {
  const { output } = components;
  output.result(`MAC addresses of this machine: ${machineMacs().join(', ') || 'none'}`);
  if (options.text === '') {
    output.result('there is no licence: coreServerKey is empty');
    return;
  }
  const reading = peekLicence(options.text);
  if (reading.type === 'invalid') {
    output.result(reading.reason);
    return;
  }
  const { macs, expiresAt, issuedAt, domain, customer } = reading.licence;
  const { reason } = new LicenceCheck(components, options).state;
  output.result(`customer       ${(customer ?? '-').replace(/\p{Cc}/gu, '?')}`);
  output.result(`issued at      ${new Date(issuedAt).toISOString()}`);
  output.result(`expires at     ${new Date(expiresAt).toISOString()}`);
  output.result(`MAC addresses  ${macs.join(', ') || 'any'}`);
  output.result(`domain         ${domain ?? 'any'}`);
  output.result(`valid here     ${reason === '' ? 'yes' : `no: ${reason}`}`);
}

async function checkOptions(
  { file, proConfigFile }: CheckCommand,
  { folder, env }: LicenseCommandOptions,
): Promise<LicenceCheckOptions> {
  const { pro, core, proKeys } = loadConfiguration({ folder, proConfigFile }, env);
  const global = proKeys.global.read(core.global);
  return {
    isRequired: true,
    text: file === undefined ? global.coreServerKey : (await readSmallFile(file)).trim(),
    publicKey: pro.licence.publicKey,
    apiDomain: sharedSettings(pro, global).apiDomain,
  };
}

async function readSmallFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new MediaError('not-found', 'file-unreadable', `${file} cannot be read (${code})`, {
      cause,
    });
  }
}
