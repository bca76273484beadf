// A client of the dialect: the four endpoints, with the server's own words when one refuses.
// @ts-check
import { signedHeaders } from './signature.js';

/**
 * @typedef {object} SmartlyToken
 * @property {string} token
 * @property {number} expires_in
 * @property {RTCIceServer[]} ice_servers
 * @property {string} offer_endpoint
 * @property {string} ice_endpoint
 * @property {string} hangup_endpoint
 */

/**
 * Asks for a token.
 * @param {{ id: string, secret: string }} client
 * @param {string} entity
 * @returns {Promise<SmartlyToken>}
 */
export async function requestToken(client, entity) {
  const path = `/api/smartly/camera/${encodeURIComponent(entity)}/webrtc`;
  const body = '{}';
  return await post(path, body, await signedHeaders(client, { path, body }));
}

/**
 * Sends JSON to one of the endpoints that a token names.
 * @param {string} path
 * @param {unknown} value
 * @param {boolean} [isLast] the page may be gone before the answer
 * @returns {Promise<any>}
 */
export function send(path, value, isLast = false) {
  const headers = { 'Content-Type': 'application/json' };
  return post(path, JSON.stringify(value), headers, isLast);
}

/**
 * @param {string} path
 * @param {string} body
 * @param {Record<string, string>} headers
 * @param {boolean} [keepalive]
 * @returns {Promise<any>}
 */
async function post(path, body, headers, keepalive = false) {
  const response = await fetch(path, { method: 'POST', body, headers, keepalive });
  const text = await response.text();
  const reply = parse(text);
  if (!response.ok) throw new Error(refusal(response.status, reply, text));
  // Newer servers and those set so wrap every body.
  return reply?.schema_version === undefined ? reply : reply.data;
}

/**
 * @param {string} text
 * @returns {any}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {number} status
 * @param {any} reply
 * @param {string} text
 * @returns {string}
 */
function refusal(status, reply, text) {
  const code = reply?.error ?? reply?.errors?.[0]?.code ?? text.slice(0, 200);
  const message = reply?.message ?? reply?.errors?.[0]?.message ?? '';
  return [`${status} ${code}`, message].filter((part) => part !== '').join(': ');
}
