// Reads key and certificate of the RTSPS listener.
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { MediaError } from '../base/media-error.ts';
import type { TlsIdentity } from './rtsp-listener.ts';

/** Files by the configuration keys that name them. */
export interface TlsIdentityFiles {
  readonly rtspServerKey: string;
  readonly rtspServerCert: string;
}

/** @throws MediaError `failed-precondition` naming the configuration key and the file. */
export async function readTlsIdentity(files: TlsIdentityFiles): Promise<TlsIdentity> {
  const key = await read('rtspServerKey', files.rtspServerKey);
  const cert = await read('rtspServerCert', files.rtspServerCert);
  try {
    createSecureContext({ key, cert });
  } catch (cause) {
    const names = `rtspServerKey '${files.rtspServerKey}' and rtspServerCert '${files.rtspServerCert}'`;
    throw unusable(`${names} are no key and its certificate`, cause);
  }
  return { key, cert };
}

async function read(configKey: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unusable(`${configKey} '${path}' can't be read`, cause);
  }
}

function unusable(problem: string, cause: unknown): MediaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MediaError('failed-precondition', 'rtsp-tls-file', `${problem}: ${reason}`, { cause });
}
