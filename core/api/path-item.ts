// A live path as the APIs show it.
import { z } from 'zod';
import { describeCodec } from '../codec/describe-codec.ts';
import type { Path } from '../path/path.ts';
import type { Session } from '../path/session-registry.ts';

const time = z.iso.datetime({ offset: true });
const count = z.int().nonnegative();
const actor = z.object({
  type: z.string().describe('e.g. rtspSession, webRTCSession, rtspSource'),
  id: z.string().describe('id of the session; empty for sources'),
});

/** Shape of a live path; keys and their order are those of the peer's Control API. */
export const pathItemSchema = z
  .object({
    name: z.string(),
    confName: z.string().describe('entry of `paths` it belongs to'),
    ready: z.boolean(),
    readyTime: time.nullable(),
    available: z.boolean().describe('can be read'),
    availableTime: time.nullable(),
    online: z.boolean().describe('a source writes it now'),
    onlineTime: time.nullable(),
    source: actor.nullable(),
    tracks: z.array(z.string()).describe('labels, e.g. H264, MPEG-4 Audio'),
    tracks2: z.array(
      z.object({
        codec: z.string(),
        codecProps: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
      }),
    ),
    readers: z.array(actor),
    inboundBytes: count,
    outboundBytes: count.describe('to the readers that are connected now'),
    inboundFramesInError: count,
    bytesReceived: count,
    bytesSent: count,
  })
  .meta({ id: 'Path' });

/** A live path. */
export type PathItem = z.output<typeof pathItemSchema>;

/** Readers of the server itself; they are not shown. */
const INTERNAL_READERS: ReadonlySet<string> = new Set(['recorder', 'snapshot', 'forward']);

/** Shows `path`; `sessions` are those that read it now. */
export function pathItem(path: Path, sessions: readonly Session[]): PathItem {
  const tracks = path.stream?.tracks ?? [];
  const descriptions = tracks.map(({ codec }) => describeCodec(codec));
  const availableTime = isoTime(path.availableAt);
  const inboundBytes = sum(tracks.map(({ stats }) => stats.bytesReceived));
  const outboundBytes = sum(sessions.map((session) => session.stats()['outboundBytes'] ?? 0));
  return {
    name: path.name,
    confName: path.confName,
    ready: availableTime !== null,
    readyTime: availableTime,
    available: availableTime !== null,
    availableTime,
    online: path.onlineAt !== undefined,
    onlineTime: isoTime(path.onlineAt),
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
    inboundFramesInError: sum(tracks.map(({ stats }) => stats.packetsInError)),
    bytesReceived: inboundBytes,
    bytesSent: outboundBytes,
  };
}

function isoTime(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
