// Values as Control API v3 writes them.
import { z } from 'zod';

/** A counter or a size. */
export const count = z.int().nonnegative();

/** A moment, RFC 3339. */
export const time = z.iso.datetime({ offset: true });

/** Id of a session or a connection. */
export const id = z.uuid();

/** Says that something was done. */
export const done = z.object({ status: z.literal('ok') }).meta({ id: 'OK' });

/** The answer to what has no result. */
export const success: z.output<typeof done> = { status: 'ok' };

/** A moment (Date ms) as RFC 3339. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
