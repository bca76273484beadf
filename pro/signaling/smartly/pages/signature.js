// Signs token requests as every client of the dialect does, with the browser's own cryptography.
// @ts-check

/**
 * Headers of a signed POST. The secret stays here.
 * @param {{ id: string, secret: string }} client
 * @param {{ path: string, body: string }} request
 * @returns {Promise<Record<string, string>>}
 */
export async function signedHeaders(client, { path, body }) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomHex();
  const bodyHash = hexOf(await crypto.subtle.digest('SHA-256', bytesOf(body)));
  const text = ['POST', path, timestamp, nonce, bodyHash].join('\n');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytesOf(client.secret), algorithm, false, [
    'sign',
  ]);
  return {
    'Content-Type': 'application/json',
    'X-Client-Id': client.id,
    'X-Timestamp': timestamp,
    'X-Nonce': nonce,
    'X-Signature': hexOf(await crypto.subtle.sign('HMAC', key, bytesOf(text))),
  };
}

/** Browsers have their cryptography on HTTPS pages and on those of this machine only. */
export function canSign() {
  return globalThis.isSecureContext && crypto.subtle !== undefined;
}

/** @returns {string} 128 random bits */
function randomHex() {
  return hexOf(crypto.getRandomValues(new Uint8Array(16)).buffer);
}

/** @param {string} text */
function bytesOf(text) {
  return new TextEncoder().encode(text);
}

/** @param {ArrayBuffer} bytes */
function hexOf(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
