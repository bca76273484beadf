// config.yml: smart recording, which starts when a capture device shows a coloured picture.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { oneOf } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { period, positive } from './pro-values.ts';

/** Which pixels count: not grey, colour of tissue, or inside a box of the path. */
export type ColorMetric = 'color' | 'tissue' | 'box';

/** The words of ColorMetric in yml. */
export const colorMetric = oneOf('color', 'tissue', 'box');

/** Smart recording. */
export interface SmartConfig {
  readonly intervalMs: number;
  /** For paths that set no `colorMetric`. */
  readonly metric: ColorMetric;
  /** A pixel is grey when red differs from green and blue by at most this, 0..255. */
  readonly greyTolerance: number;
  /** Checks in a row whose values are added up. */
  readonly checks: number;
  /** Decoders that stay running. */
  readonly decoders: number;
  /** Scores kept per path. */
  readonly historyScores: number;
}

/** The section `smart`. */
export const smartSection = defineSection({
  keys: {
    interval: key(period, '5s', 'Time between two checks of a path.'),
    metric: key(colorMetric, 'color', 'Which pixels count: color, tissue, box.'),
    greyTolerance: key(z.int().min(0).max(255), 10, 'How far a grey pixel may be off, 0 to 255.'),
    checks: key(positive, 3, 'Checks in a row whose values are added up.'),
    decoders: key(positive, 2, 'Decoders that stay running.'),
    history: key(positive, 120, 'Scores kept per path.'),
  },
  toConfig: ({ interval, history, ...others }): SmartConfig => ({
    ...others,
    intervalMs: interval,
    historyScores: history,
  }),
});
