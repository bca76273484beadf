// What a WHEP viewer and a WHIP publisher have in common: post the offer, set the answer, delete the session.
// @ts-check

/**
 * @typedef {object} Exchange
 * @property {number} status
 * @property {string} body answer or error text
 * @property {string} location absolute URL of the session; empty when there is none
 * @property {Record<string, string>} headers those that the server lets a page read
 */

/**
 * Posts an offer and, on 201, sets the answer.
 * @param {RTCPeerConnection} connection
 * @param {{ url: string, headers?: Record<string, string>, waitForGathering?: boolean }} options
 * @returns {Promise<Exchange>}
 */
export async function exchange(connection, options) {
  await connection.setLocalDescription();
  if (options.waitForGathering === true) await gathered(connection);
  const response = await fetch(options.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp', ...options.headers },
    body: connection.localDescription?.sdp ?? '',
  });
  const body = await response.text();
  const location = response.headers.get('Location');
  if (response.status === 201) {
    await connection.setRemoteDescription({ type: 'answer', sdp: body });
  }
  return {
    status: response.status,
    body,
    location: location === null ? '' : new URL(location, options.url).href,
    headers: Object.fromEntries(response.headers),
  };
}

/**
 * Sends new ICE credentials by PATCH and takes the server's (RFC 9725 section 4.3.3).
 * @param {RTCPeerConnection} connection
 * @param {string} location
 * @returns {Promise<{ status: number, etag: string | null, fragment: string }>}
 */
export async function restartIce(connection, location) {
  const before = connection.remoteDescription?.sdp ?? '';
  connection.restartIce();
  await connection.setLocalDescription();
  const offer = connection.localDescription?.sdp ?? '';
  const response = await fetch(location, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
    body: offer
      .split('\r\n')
      .filter((line) => /^(?:m=|a=ice-ufrag|a=ice-pwd|a=mid|a=group)/u.test(line))
      .join('\r\n')
      .concat('\r\n'),
  });
  const fragment = await response.text();
  const etag = response.headers.get('ETag');
  if (response.status === 200) {
    const ufrag = /^a=ice-ufrag:(.*)$/mu.exec(fragment)?.[1]?.trim() ?? '';
    const password = /^a=ice-pwd:(.*)$/mu.exec(fragment)?.[1]?.trim() ?? '';
    const sdp = before
      .replace(/^a=ice-ufrag:.*$/gmu, `a=ice-ufrag:${ufrag}`)
      .replace(/^a=ice-pwd:.*$/gmu, `a=ice-pwd:${password}`);
    await connection.setRemoteDescription({ type: 'answer', sdp });
  }
  return { status: response.status, etag, fragment };
}

/**
 * Resolves when ICE gathering is complete.
 * @param {RTCPeerConnection} connection
 * @returns {Promise<void>}
 */
function gathered(connection) {
  return new Promise((resolve) => {
    const look = () => {
      if (connection.iceGatheringState === 'complete') resolve();
    };
    connection.addEventListener('icegatheringstatechange', look);
    look();
  });
}

/**
 * Copies numbers and strings of a statistics object.
 * @param {Record<string, unknown> | undefined} stats
 * @returns {Record<string, number | string>}
 */
export function plain(stats) {
  /** @type {Record<string, number | string>} */
  const result = {};
  for (const [key, value] of Object.entries(stats ?? {})) {
    if (typeof value === 'number' || typeof value === 'string') result[key] = value;
  }
  return result;
}

/**
 * The pair that carries the media: its protocol and both ends as `type protocol address:port`.
 * @param {RTCStatsReport} stats
 * @returns {{ local: string, remote: string } | null}
 */
export function selectedPair(stats) {
  /** @param {string} id */
  const describe = (id) => {
    const { candidateType, protocol, address, port } = plain(stats.get(id));
    return `${candidateType} ${protocol} ${address ?? ''}:${port}`;
  };
  for (const each of stats.values()) {
    if (each.type !== 'transport' || each.selectedCandidatePairId === undefined) continue;
    const pair = stats.get(each.selectedCandidatePairId);
    if (pair !== undefined) {
      return { local: describe(pair.localCandidateId), remote: describe(pair.remoteCandidateId) };
    }
  }
  return null;
}
