// What the server needs of the machine, whatever the configuration says.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toMediaError } from '../../../core/base/media-error.ts';
import { locateFfmpeg } from '../../ffmpeg/ffmpeg-program.ts';
import type { DoctorSystem } from './doctor-context.ts';
import type { Finding } from './finding.ts';

const OLDEST_NODE = 24;
const FAST_NODE = 26;
/** Two descriptors for a viewer over TCP, some for each camera and recording. */
const FEW_FILES = 4096;
const FIRST_SANE_YEAR = 2025;
const LAST_SANE_YEAR = 2099;

/** Node.js, ffmpeg, open files, clock. */
export async function checkMachine(system: DoctorSystem): Promise<Finding[]> {
  return [
    checkNode(system),
    await checkFfmpeg(system),
    ...(await checkOpenFiles(system)),
    await checkClock(system),
  ];
}

function checkNode({ nodeVersion }: DoctorSystem): Finding {
  const check = 'node';
  const major = Number(nodeVersion.split('.')[0]);
  const message = `Node.js ${nodeVersion}`;
  const change = `install Node.js ${FAST_NODE}, or start with "npm start" in a clone`;
  if (major < OLDEST_NODE) {
    const text = `${message} is too old: ${OLDEST_NODE} is the oldest that works`;
    return { status: 'problem', check, message: text, change };
  }
  if (major < FAST_NODE) {
    const text = `${message} works, but creates ciphers several times slower than ${FAST_NODE}`;
    return { status: 'warning', check, message: text, change };
  }
  return { status: 'ok', check, message };
}

async function checkFfmpeg({ searchPath }: DoctorSystem): Promise<Finding> {
  const check = 'ffmpeg';
  try {
    const { path, version, probePath } = await locateFfmpeg({ searchPath });
    const probe = probePath === undefined ? ', no ffprobe beside it' : '';
    return { status: 'ok', check, message: `${version} (${path})${probe}` };
  } catch (failure) {
    const { message } = toMediaError(failure);
    const without = 'without it: no AAC in browsers, no pictures of cameras, no exports';
    return { status: 'warning', check, message: `${message}; ${without}` };
  }
}

async function checkOpenFiles({ procFolder }: DoctorSystem): Promise<Finding[]> {
  const check = 'open files';
  const text = await readFile(join(procFolder, 'self/limits'), 'utf8').catch(() => '');
  const limit = /^Max open files\s+(\d+|unlimited)/mu.exec(text)?.[1];
  if (limit === undefined) return [];
  const message = `${limit} files and sockets may be open at once`;
  if (limit === 'unlimited' || Number(limit) >= FEW_FILES)
    return [{ status: 'ok', check, message }];
  const change = 'LimitNOFILE=65536 in the unit, --ulimit nofile=65536 for a container';
  return [{ status: 'warning', check, message, change }];
}

/** Recordings are named by the clock, tokens and certificates end by it. */
async function checkClock({ clock, runFolder }: DoctorSystem): Promise<Finding> {
  const check = 'clock';
  const nowAt = new Date(clock.nowMs());
  const year = nowAt.getUTCFullYear();
  const message = `it is ${nowAt.toISOString()}`;
  if (year < FIRST_SANE_YEAR || year > LAST_SANE_YEAR) {
    const change = 'set the clock: timedatectl set-ntp true';
    return { status: 'problem', check, message: `${message}: the clock is wrong`, change };
  }
  const isSynchronized = await stat(join(runFolder, 'systemd/timesync/synchronized')).then(
    () => true,
    () => false,
  );
  if (isSynchronized) return { status: 'ok', check, message: `${message}, synchronized by NTP` };
  return { status: 'info', check, message: `${message}; whether NTP keeps it is not known` };
}
