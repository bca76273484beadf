// From the configuration of an always-available path to its slate.
import type { Clock } from '../base/clock.ts';
import { resolveSlateFile } from '../config/slate-file.ts';
import type { CreateSlate } from '../path/slate.ts';
import { FileSlate } from './file-slate.ts';
import { GeneratedSlate } from './generated-slate.ts';

/** Relative names of files count from the folder of `configFilePath`, or from the working folder. */
export function slateFactory(clock: Clock, configFilePath: string | undefined): CreateSlate {
  return ({ alwaysAvailableFile, alwaysAvailableTracks }, logger) =>
    alwaysAvailableFile === ''
      ? new GeneratedSlate(clock, alwaysAvailableTracks)
      : new FileSlate(clock, {
          fileName: resolveSlateFile(alwaysAvailableFile, configFilePath),
          logger,
        });
}
