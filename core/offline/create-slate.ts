// From the configuration of an always-available path to its slate.
import { dirname, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { CreateSlate } from '../path/slate.ts';
import { FileSlate } from './file-slate.ts';
import { GeneratedSlate } from './generated-slate.ts';

/** Relative names of files count from the folder of `configFilePath`, or from the working folder. */
export function slateFactory(clock: Clock, configFilePath: string | undefined): CreateSlate {
  const folder = configFilePath === undefined ? '.' : dirname(configFilePath);
  return ({ alwaysAvailableFile, alwaysAvailableTracks }, logger) =>
    alwaysAvailableFile === ''
      ? new GeneratedSlate(clock, alwaysAvailableTracks)
      : new FileSlate(clock, { fileName: resolve(folder, alwaysAvailableFile), logger });
}
