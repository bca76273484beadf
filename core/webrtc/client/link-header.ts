// ICE servers out of `Link` headers (RFC 9725 section 4.6, RFC 8288 section 3).
import type { IceServer } from '../ice-server-provider.ts';
import { parseIceServerUrl } from './ice-server-address.ts';

const MAX_LINKS = 16;
const MAX_LENGTH = 8192;
const LINK =
  /<([^<>\s]{1,512})>((?:\s*;\s*[\w*-]{1,32}(?:\s*=\s*(?:"(?:[^"\\]|\\.){0,1024}"|[^\s;,"]{0,1024}))?)*)/gu;
const PARAMETER =
  /;\s*([\w*-]{1,32})(?:\s*=\s*(?:"((?:[^"\\]|\\.){0,1024})"|([^\s;,"]{0,1024})))?/gu;

/** The servers of all links with `rel="ice-server"`; others, and what can't be read, are left out. */
export function parseIceServerLinks(header: string): readonly IceServer[] {
  const servers: IceServer[] = [];
  for (const [, url = '', rest = ''] of header.slice(0, MAX_LENGTH).matchAll(LINK)) {
    if (servers.length >= MAX_LINKS) break;
    const parameters = new Map<string, string>();
    for (const [, name = '', quoted, token] of rest.matchAll(PARAMETER)) {
      const value = quoted?.replace(/\\(.)/gu, '$1') ?? token ?? '';
      parameters.set(name.toLowerCase(), value);
    }
    if (parameters.get('rel') !== 'ice-server' || !parseIceServerUrl(url)) continue;
    servers.push({
      url,
      username: parameters.get('username') ?? '',
      credential: parameters.get('credential') ?? '',
    });
  }
  return servers;
}
