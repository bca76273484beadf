// A live path as the APIs show it.
import { z } from 'zod';
import { describeCodec } from '../codec/describe-codec.ts';
import type { Path } from '../path/path.ts';
import type { Session } from '../path/session-registry.ts';
import { count, isoTime, time } from './wire-values.ts';

const old = { deprecated: true };
const actor = z.object({
  type: z.string().describe('e.g. rtspSession, webRTCSession, rtspSource'),
  id: z.string().describe('id of the session; empty for sources'),
});

/** Shape of a live path; keys and their order are those of the peer's Control API. */
export const pathItemSchema = z
  .object({
    name: z.string(),
    confName: z.string().describe('entry of `paths` it belongs to'),
    ready: z.boolean().meta(old),
    readyTime: time.nullable().meta(old),
    available: z.boolean().describe('can be read'),
    availableTime: time.nullable(),
    online: z.boolean().describe('a source writes it now'),
    onlineTime: time.nullable(),
    source: actor
      .extend({
        index: count.optional().describe('place in a list of sources, 0 = preferred'),
      })
      .nullable(),
    tracks: z.array(z.string()).meta({ ...old, description: 'labels, e.g. H264, MPEG-4 Audio' }),
    tracks2: z.array(
      z.object({
        codec: z.string(),
        codecProps: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
      }),
    ),
    readers: z.array(actor),
    inboundBytes: count.describe('since the path was opened'),
    outboundBytes: count.describe('to all readers since the path was opened'),
    inboundFramesInError: count,
    bytesReceived: count.meta(old),
    bytesSent: count.meta(old),
  })
  .meta({ id: 'Path' });

/** A live path. */
export type PathItem = z.output<typeof pathItemSchema>;

/** Readers of the server itself; they are not shown. */
const INTERNAL_READERS: ReadonlySet<string> = new Set(['recorder', 'snapshot', 'forward']);

/** Shows `path`; `sessions` are those that read it now, or more. */
export function pathItem(path: Path, sessions: readonly Session[]): PathItem {
  const descriptions = (path.stream?.tracks ?? []).map(({ codec }) => describeCodec(codec));
  const availableTime = timeOrNull(path.availableAt);
  const totals = path.traffic.totals(path.stream);
  const { inboundBytes, inboundFramesInError } = totals;
  const outboundBytes = totals.departedOutboundBytes + sentNow(path, sessions);
  return {
    name: path.name,
    confName: path.confName,
    ready: availableTime !== null,
    readyTime: availableTime,
    available: availableTime !== null,
    availableTime,
    online: path.onlineAt !== undefined,
    onlineTime: timeOrNull(path.onlineAt),
    source: path.origin ?? null,
    tracks: descriptions.map(({ label }) => label),
    tracks2: descriptions.map(({ label, props }) => ({
      codec: label,
      codecProps: props === null ? null : { ...props },
    })),
    readers: [...path.readers]
      .filter(({ type }) => !INTERNAL_READERS.has(type))
      .map(({ type, id }) => ({ type, id })),
    inboundBytes,
    outboundBytes,
    inboundFramesInError,
    bytesReceived: inboundBytes,
    bytesSent: outboundBytes,
  };
}

function timeOrNull(at: number | undefined): string | null {
  return at === undefined ? null : isoTime(at);
}

/** To the readers of now; a publisher is sent reports only, which are no media of the path. */
function sentNow({ readers }: Path, sessions: readonly Session[]): number {
  const ids = new Set([...readers].map(({ id }) => id));
  return sessions
    .filter(({ id }) => ids.has(id))
    .reduce((total, session) => total + (session.stats()['outboundBytes'] ?? 0), 0);
}
