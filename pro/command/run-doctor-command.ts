// mediamtx-pro doctor: runs every check and tells what to change.
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../core/base/clock.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { Environment } from '../../core/config/environment.ts';
import type { Configuration } from '../config/load-configuration.ts';
import { DOCTOR_HELP, type DoctorCommand } from './doctor-arguments.ts';
import { checkAccess } from './doctor/check-access.ts';
import { checkCandidates } from './doctor/check-candidates.ts';
import { checkFiles } from './doctor/check-files.ts';
import { checkIceServers } from './doctor/check-ice-servers.ts';
import { checkMachine } from './doctor/check-machine.ts';
import { checkPorts } from './doctor/check-ports.ts';
import { checkRecordings } from './doctor/check-recordings.ts';
import { checkTls } from './doctor/check-tls.ts';
import { checkUdpBuffers } from './doctor/check-udp-buffers.ts';
import type { DoctorContext, DoctorSystem } from './doctor/doctor-context.ts';
import type { Finding } from './doctor/finding.ts';
import { findingsToJson, formatFindings } from './doctor/format-findings.ts';
import { KeyPlaces } from './doctor/key-places.ts';
import type { CommandOutput } from './output.ts';

/** What the command works with. */
export interface DoctorCommandComponents {
  readonly clock: Clock;
  readonly output: CommandOutput;
}

/** Where it works. */
export interface DoctorCommandOptions {
  readonly folder: string;
  readonly env: Environment;
}

type CheckCommand = Extract<DoctorCommand, { readonly type: 'check' }>;
type Check = (context: DoctorContext) => Promise<Finding[]> | Finding[];

const CHECKS: Readonly<Record<string, Check>> = {
  access: checkAccess,
  port: checkPorts,
  'udp buffer': checkUdpBuffers,
  'webrtc address': checkCandidates,
  'ice server': checkIceServers,
  certificate: checkTls,
  recordings: checkRecordings,
};

/** False: there is at least one problem. */
export async function runDoctorCommand(
  command: DoctorCommand,
  { clock, output }: DoctorCommandComponents,
  options: DoctorCommandOptions,
): Promise<boolean> {
  if (command.type === 'help') {
    output.result(DOCTOR_HELP);
    return true;
  }
  const findings = await examine(command, realSystem(clock, options.env), options);
  const lines = command.isJson ? [findingsToJson(findings)] : formatFindings(findings);
  for (const line of lines) output.result(line);
  return findings.every(({ status }) => status !== 'problem');
}

/** Every finding, in the order of the checks; a file that can't be loaded ends those that need it. */
async function examine(
  { mediamtxFile, proConfigFile, isOnline }: CheckCommand,
  system: DoctorSystem,
  { folder, env }: DoctorCommandOptions,
): Promise<Finding[]> {
  const files = checkFiles({ folder, mediamtxFile, proConfigFile }, env);
  const findings = [...(await checkMachine(system)), ...files.findings];
  const { configuration } = files;
  if (configuration === undefined) return findings;
  const context = { system, configuration, isOnline, ...placesOf(configuration, env) };
  for (const [name, check] of Object.entries(CHECKS)) {
    findings.push(...(await runCheck(name, check, context)));
  }
  return findings;
}

/** One check that fails does not hide the others. */
async function runCheck(name: string, check: Check, context: DoctorContext): Promise<Finding[]> {
  try {
    return await check(context);
  } catch (failure) {
    const message = `could not be checked: ${toMediaError(failure).message}`;
    return [{ status: 'problem', check: name, message }];
  }
}

function placesOf(
  { core, pro }: Configuration,
  env: Environment,
): Pick<DoctorContext, 'places' | 'proPlaces'> {
  return {
    places: new KeyPlaces({ filePath: core.filePath, usualName: 'mediamtx.yml', env }),
    proPlaces: new KeyPlaces({ filePath: pro.filePath, usualName: 'config.yml', env: {} }),
  };
}

function realSystem(clock: Clock, env: Environment): DoctorSystem {
  return {
    clock,
    procFolder: '/proc',
    runFolder: '/run',
    nodeVersion: process.versions.node,
    searchPath: env['PATH'] ?? '',
    isContainer: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    networkInterfaces,
  };
}
