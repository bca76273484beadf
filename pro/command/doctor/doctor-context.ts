// What every check of the doctor works with.
import type { NetworkInterfaceInfo } from 'node:os';
import type { Clock } from '../../../core/base/clock.ts';
import type { Configuration } from '../../config/load-configuration.ts';
import type { KeyPlaces } from './key-places.ts';

/** The machine as the checks see it. */
export interface DoctorSystem {
  readonly clock: Clock;
  /** `/proc`. */
  readonly procFolder: string;
  /** `/run`. */
  readonly runFolder: string;
  /** E.g. `26.10.0`. */
  readonly nodeVersion: string;
  /** Folders to look for programs in, as in PATH. */
  readonly searchPath: string;
  readonly isContainer: boolean;
  readonly networkInterfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
}

/** The machine, and the configuration that was loaded. */
export interface DoctorContext {
  readonly system: DoctorSystem;
  readonly configuration: Configuration;
  /** Keys of mediamtx.yml. */
  readonly places: KeyPlaces;
  /** Keys of config.yml. */
  readonly proPlaces: KeyPlaces;
  readonly isOnline: boolean;
}
