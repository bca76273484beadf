// Smart recording: live checks of capture devices, and the dry run on recordings.
import type { RecordManager } from '../record/record-manager.ts';
import { defaultColorRule, type ChannelRange, type ColorRule } from '../smart/color-score.ts';
import { SmartRecording } from '../smart/smart-recording.ts';
import { SmartReplay } from '../smart/smart-replay.ts';
import type { SmartPath } from '../smart/watched-path.ts';
import type { ColorRange, ProPathSettings } from '../config/pro-keys.ts';
import type { Devices } from './assemble-devices.ts';
import type { Pictures } from './assemble-pictures.ts';
import { namedPaths, type ProContext } from './pro-context.ts';

/** What smart recording offers. */
export interface Smart {
  readonly recording: SmartRecording;
  readonly replay: SmartReplay;
  /** What is worth a recording on paths without settings of their own. */
  readonly defaultRule: ColorRule;
  /** Watches the paths of the configuration as it is now. */
  readonly reload: () => void;
}

/** Whether smart recording decides when a path is recorded. */
export function isSmart(settings: ProPathSettings): boolean {
  return settings.isRecorded && settings.isNetworkCapture;
}

/** Builds it and begins to watch. */
export function assembleSmart(
  context: ProContext,
  components: {
    readonly devices: Devices;
    readonly pictures: Pictures;
    readonly recorder: RecordManager;
  },
): Smart {
  const { clock, logger, events, lifetime, ffmpeg } = context;
  const { intervalMs, checks, historyScores } = context.pro.smart;
  const { devices, pictures, recorder } = components;
  const recording = new SmartRecording(
    {
      ...{ clock, logger: logger.scope('smart'), events },
      ...{ streams: pictures.streams, pictures: pictures.source, device: devices },
      recorder: {
        startAutomatic: async (name) => Promise.resolve(recorder.startAutomatic(name)),
        stopAutomatic: (name, reason) => recorder.stopAutomatic(name, reason),
      },
    },
    { intervalMs, checks, historyScores },
  );
  lifetime.own(recording);
  recording.start();
  const reload = (): void => recording.setPaths(smartPaths(context));
  reload();
  const replay = new SmartReplay({ clock, ffmpeg });
  return { recording, replay, reload, defaultRule: ruleOf(context, undefined) };
}

function smartPaths(context: ProContext): readonly SmartPath[] {
  return namedPaths(context)
    .filter(([, settings]) => isSmart(settings))
    .map(([name, settings]) => ({
      name,
      threshold: settings.recordMinThreshold,
      rule: ruleOf(context, settings),
    }));
}

function ruleOf(context: ProContext, settings: ProPathSettings | undefined): ColorRule {
  const { metric, greyTolerance } = context.pro.smart;
  if (!settings) return { ...defaultColorRule, metric, greyTolerance };
  const { colorMetric, colorBox, isFlatIgnored } = settings;
  return {
    metric: colorMetric ?? metric,
    greyTolerance,
    box: { red: range(colorBox.red), green: range(colorBox.green), blue: range(colorBox.blue) },
    ignoresFlat: isFlatIgnored,
  };
}

function range([min, max]: ColorRange): ChannelRange {
  return { min, max };
}
