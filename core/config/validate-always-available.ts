// Rules of the offline slate.
import type { PathConfig } from './config.ts';
import type { ReportPath } from './validation.ts';

const MIN_SAMPLE_RATE_HZ = { G711: 8000, MPEG4Audio: 22_050, LPCM: 1 } as const;

/** Reports every broken rule of the alwaysAvailable keys. */
export function validateAlwaysAvailable(config: PathConfig, report: ReportPath): void {
  if (!config.alwaysAvailable) return;
  for (const key of ['sourceOnDemand', 'runOnDemand', 'useAbsoluteTimestamp'] as const) {
    if (config[key] !== false && config[key] !== '') {
      report(['alwaysAvailable'], `'alwaysAvailable' cannot be used together with '${key}'`);
    }
  }
  const { alwaysAvailableFile, alwaysAvailableTracks } = config;
  const hasTracks = alwaysAvailableTracks.length > 0;
  if (alwaysAvailableFile !== '' && hasTracks) {
    const message = "'alwaysAvailableFile' and 'alwaysAvailableTracks' cannot be used together";
    report(['alwaysAvailableFile'], message);
  }
  if (alwaysAvailableFile === '' && !hasTracks) {
    const message = "'alwaysAvailable' needs 'alwaysAvailableTracks' or 'alwaysAvailableFile'";
    report(['alwaysAvailable'], message);
  }
  for (const [index, track] of alwaysAvailableTracks.entries()) {
    validateTrack(track, (field, message) =>
      report(['alwaysAvailableTracks', index, field], message),
    );
  }
}

function validateTrack(
  track: PathConfig['alwaysAvailableTracks'][number],
  refuse: (field: string, message: string) => void,
): void {
  const { codec, sampleRate, channelCount } = track;
  if (codec !== 'G711' && codec !== 'MPEG4Audio' && codec !== 'LPCM') return;
  const minimum = MIN_SAMPLE_RATE_HZ[codec];
  if (sampleRate < minimum) {
    refuse('sampleRate', `${codec} needs a sampleRate of at least ${minimum}, not ${sampleRate}`);
  }
  if (channelCount < 1) refuse('channelCount', `${codec} needs a channelCount`);
}
