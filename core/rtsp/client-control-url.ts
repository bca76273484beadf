// Which URL a SETUP or PLAY goes to: Content-Base, a=control and what cameras make of them (RFC 2326 appendix C.1.1).
import type { RtspHeaders } from './rtsp-headers.ts';

const ABSOLUTE = /^rtsps?:\/\//iu;
const CREDENTIALS = /^(rtsps?:\/\/)[^/]*@/iu;
const MAX_URL_LENGTH = 2048;

/** The URL that controls are relative to: Content-Base, Content-Location or the request's own. */
export function controlBaseUrl(headers: RtspHeaders, requestUrl: string): string {
  for (const name of ['Content-Base', 'Content-Location']) {
    const text = headers.get(name)?.trim() ?? '';
    if (text.length > MAX_URL_LENGTH) continue;
    if (ABSOLUTE.test(text)) return withoutCredentials(text);
    // Anjvision writes `192.168.1.10:554/stream0/`.
    if (/^[\w.-]+:\d{1,5}\//u.test(text)) return `${schemeOf(requestUrl)}://${text}`;
  }
  return requestUrl;
}

/**
 * The URL of a control attribute. Relative ones are appended as FFmpeg does it: cameras put a query
 * into their base and expect the control behind it.
 */
export function resolveControl(base: string, control: string | undefined): string {
  const text = control?.trim() ?? '';
  if (text === '' || text === '*' || text.length > MAX_URL_LENGTH) return base;
  if (ABSOLUTE.test(text)) return withoutCredentials(text);
  if (text.startsWith('?') || base.endsWith('/')) return base + text.replace(/^\/+/u, '');
  return text.startsWith('/') ? base + text : `${base}/${text}`;
}

function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(':'));
}

function withoutCredentials(url: string): string {
  return url.replace(CREDENTIALS, '$1');
}
