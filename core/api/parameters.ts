// Schemas of values that arrive as text.
import { z } from 'zod';

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/** `true`, `1`, `yes` or their opposites. */
export const flagText = z
  .enum(['true', '1', 'yes', 'false', '0', 'no'])
  .transform((text) => FLAGS.get(text) === true);

/** A decimal number as text, within limits. */
export function numberText(least: number, most: number): z.ZodType<number, string> {
  const problem = `must be a number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^[+-]?\d{1,12}(?:\.\d{1,12})?$/u, problem)
    .transform(Number)
    .refine((value) => value >= least && value <= most, problem);
}
