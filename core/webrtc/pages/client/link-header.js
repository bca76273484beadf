// Reads the ICE servers out of a Link header (RFC 9725 section 4.6).
// @ts-check

/** `<url>` and its parameters, up to the next comma outside quotes. */
const LINK = /<([^<>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))*)/g;
const PARAMETER = /;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g;

/**
 * @param {string | null} header
 * @returns {RTCIceServer[]}
 */
export function parseIceServers(header) {
  /** @type {RTCIceServer[]} */
  const servers = [];
  for (const [, url = '', rest = ''] of (header ?? '').matchAll(LINK)) {
    const parameters = new Map();
    for (const [, name = '', quoted, plain] of rest.matchAll(PARAMETER)) {
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    }
    if (parameters.get('rel') !== 'ice-server' || !/^(?:stun|turn)s?:/i.test(url)) continue;
    const username = parameters.get('username');
    const credential = parameters.get('credential');
    servers.push(username === undefined ? { urls: url } : { urls: url, username, credential });
  }
  return servers;
}
