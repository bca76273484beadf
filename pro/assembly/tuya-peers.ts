// Cameras of Tuya accounts as sources of paths: tuya:// in `source`.
import { readFileSync } from 'node:fs';
import type { Clock } from '../../core/base/clock.ts';
import type { Closable } from '../../core/base/lifetime.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { SourceFactory } from '../../core/path/source.ts';
import type { WebRtcClients } from '../../core/webrtc/client/webrtc-clients.ts';
import type { TuyaAccountConfig } from '../config/tuya-accounts.ts';
import { TuyaAccount } from '../signaling/tuya/tuya-account.ts';
import { TuyaSourceFactory } from '../signaling/tuya/tuya-source.ts';

/** What they are made of. */
export interface TuyaPeersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the running core; asked for each run. */
  readonly clients: () => WebRtcClients;
}

/** For MediaServer; close it after the core, whose sources hang up first. */
export interface TuyaPeers extends Closable {
  readonly sourceFactories: readonly SourceFactory[];
}

/**
 * Nothing is connected, and no package loaded, before a path needs a camera.
 * @throws MediaError `failed-precondition` `tuya-ca-unreadable` for a file that can't be read.
 */
export function createTuyaPeers(
  { clock, logger, clients }: TuyaPeersComponents,
  configured: ReadonlyMap<string, TuyaAccountConfig>,
): TuyaPeers {
  const accounts = new Map(
    [...configured].map(([name, { mqttCAFile, ...options }]) => [
      name,
      new TuyaAccount(
        { clock, logger },
        { ...options, name, mqttCertificateAuthority: readAuthorities(name, mqttCAFile) },
      ),
    ]),
  );
  return {
    sourceFactories: [new TuyaSourceFactory({ clients, accounts })],
    close: async () => {
      await Promise.all([...accounts.values()].map((account) => account.close()));
    },
  };
}

function readAuthorities(account: string, file: string): string | undefined {
  if (file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new MediaError(
      'failed-precondition',
      'tuya-ca-unreadable',
      `tuya.accounts.${account}.mqttCA: ${toMediaError(thrown).message}`,
    );
  }
}
