// Rules of the offline slate.
import type { PathConfig } from './config.ts';
import type { PathUnderTest, ReportPath } from './validation.ts';

const INCOMPATIBLE_KEYS = [
  'sourceOnDemand',
  'runOnDemand',
  'runOnUnDemand',
  'useAbsoluteTimestamp',
] as const;
const MIN_SAMPLE_RATE_HZ = { G711: 8000, MPEG4Audio: 22_050, LPCM: 8000 } as const;
const MAX_SAMPLE_RATE_HZ = 192_000;
const MAX_CHANNELS = { G711: 8, MPEG4Audio: 6, LPCM: 8 } as const;
const MAX_TRACKS = 16;

/** Reports every broken rule of the alwaysAvailable keys. */
export function validateAlwaysAvailable(
  { config, slateFileFault }: Pick<PathUnderTest, 'config' | 'slateFileFault'>,
  report: ReportPath,
): void {
  if (!config.alwaysAvailable) return;
  for (const key of INCOMPATIBLE_KEYS) {
    if (config[key] !== false && config[key] !== '') {
      report(['alwaysAvailable'], `'alwaysAvailable' cannot be used together with '${key}'`);
    }
  }
  if (config.source === 'redirect') {
    report(['alwaysAvailable'], "'alwaysAvailable' cannot be used when source is 'redirect'");
  }
  const { alwaysAvailableFile, alwaysAvailableTracks } = config;
  if (alwaysAvailableTracks.length > MAX_TRACKS) {
    report(['alwaysAvailableTracks'], `there can be ${MAX_TRACKS} tracks at most`);
  }
  const hasTracks = alwaysAvailableTracks.length > 0;
  if (alwaysAvailableFile !== '' && hasTracks) {
    const message = "'alwaysAvailableFile' and 'alwaysAvailableTracks' cannot be used together";
    report(['alwaysAvailableFile'], message);
  } else if (alwaysAvailableFile !== '') {
    const fault = slateFileFault?.(alwaysAvailableFile);
    if (fault !== undefined) report(['alwaysAvailableFile'], fault);
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
  } else if (sampleRate > MAX_SAMPLE_RATE_HZ) {
    refuse('sampleRate', `must be at most ${MAX_SAMPLE_RATE_HZ}, not ${sampleRate}`);
  }
  const most = MAX_CHANNELS[codec];
  if (channelCount < 1) refuse('channelCount', `${codec} needs a channelCount`);
  else if (channelCount > most) {
    refuse('channelCount', `${codec} can have ${most} channels at most, not ${channelCount}`);
  }
}
