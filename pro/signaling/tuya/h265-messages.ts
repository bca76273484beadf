// The text messages of a Tuya camera's `fmp4Stream` channel: `{type, msg}`, msg being text itself.
import { z } from 'zod';

/** A message that means something to a viewer. */
export type ChannelMessage =
  | { readonly type: 'codec' }
  /** The SSRC of each medium that will come; undefined for one that won't. */
  | {
      readonly type: 'recv';
      readonly video: number | undefined;
      readonly audio: number | undefined;
    };

const MAX_MESSAGE_CHARS = 4096;
const MAX_SSRC = 0xffffffff;
const envelope = z.object({ type: z.string().max(32), msg: z.unknown().optional() });
const source = z
  .object({ ssrc: z.number().int().min(1).max(MAX_SSRC) })
  .optional()
  .catch(undefined);
const sources = z.object({ video: source, audio: source });

/** Undefined for what is no message, or none that a viewer waits for. */
export function parseChannelMessage(text: string): ChannelMessage | undefined {
  if (text.length > MAX_MESSAGE_CHARS) return undefined;
  const { data } = envelope.safeParse(parseJson(text));
  if (data?.type === 'codec') return { type: 'codec' };
  if (data?.type !== 'recv') return undefined;
  const { msg } = data;
  const told = sources.safeParse(typeof msg === 'string' ? parseJson(msg) : msg).data;
  return { type: 'recv', video: told?.video?.ssrc, audio: told?.audio?.ssrc };
}

/** Writes a message of the viewer. */
export function formatChannelMessage(type: 'codec' | 'start' | 'complete', msg: string): string {
  return JSON.stringify({ type, msg });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
