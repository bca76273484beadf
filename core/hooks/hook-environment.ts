// The variables that commands of hooks get, with the names of the peer.
import type { HookVariables } from './expand-arguments.ts';

/** What is known of a path. */
export interface HookPath {
  readonly name: string;
  /** Of the regular expression; the first is the whole name. */
  readonly groups: readonly string[];
  /** Port of RTSP; empty when there is none. */
  readonly rtspPort: string;
}

/** `MTX_PATH`, `RTSP_PATH`, `RTSP_PORT`, `G1`... */
export function pathVariables({ name, groups, rtspPort }: HookPath): HookVariables {
  const numbered = groups.slice(1).map((text, index) => [`G${index + 1}`, withoutNul(text)]);
  return {
    MTX_PATH: withoutNul(name),
    RTSP_PATH: withoutNul(name),
    RTSP_PORT: rtspPort,
    ...Object.fromEntries<string>(numbered.map(([key = '', value = '']) => [key, value])),
  };
}

/**
 * A query as one value without any character that a shell or a program may take for something
 * else: letters, digits, `-_.~+%` (application/x-www-form-urlencoded).
 */
export function encodeQuery(query: string): string {
  return encodeURIComponent(query.toWellFormed())
    .replace(/[!'()*]/gu, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/gu, '+');
}

/** No variable can hold one. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}
