// Small readings and edits of SDP that browsers leave to the page.
// @ts-check

/**
 * Asks for stereo: without it browsers decode Opus to one channel (RFC 7587 section 6.1).
 * @param {string} sdp
 * @param {string} [more] further parameters, e.g. `maxaveragebitrate=64000`
 * @returns {string}
 */
export function withStereoOpus(sdp, more = '') {
  const type = /^a=rtpmap:(\d+) opus\/48000\/2\s*$/im.exec(sdp)?.[1];
  if (type === undefined) return sdp;
  const extra = `stereo=1;sprop-stereo=1${more === '' ? '' : `;${more}`}`;
  const line = new RegExp(`^(a=fmtp:${type} )(.*?)(\\r?)$`, 'm');
  if (!line.test(sdp)) {
    return sdp.replace(/^(a=rtpmap:\d+ opus\/48000\/2)(\s*)$/im, `$1\r\na=fmtp:${type} ${extra}$2`);
  }
  return sdp.replace(line, (_, start, parameters, end) => {
    const kept = parameters.split(';').filter((/** @type {string} */ each) => {
      return !/^\s*(?:sprop-)?stereo=|^\s*$/.test(each);
    });
    return `${start}${[...kept, extra].join(';')}${end}`;
  });
}

/**
 * The addresses that an answer offers, e.g. `192.168.1.5:8189/udp`.
 * @param {string} sdp
 * @returns {string[]}
 */
export function candidateAddresses(sdp) {
  const found = new Set();
  const lines = sdp.matchAll(/^a=candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ/gim);
  for (const [, protocol = '', address = '', port = ''] of lines) {
    const host = address.includes(':') ? `[${address}]` : address;
    found.add(`${host}:${port}/${protocol.toLowerCase()}`);
  }
  return [...found];
}

/**
 * Candidates as a PATCH carries them (RFC 8840).
 * @param {string} offer
 * @param {readonly RTCIceCandidate[]} candidates
 * @returns {string}
 */
export function trickleFragment(offer, candidates) {
  const first = (/** @type {RegExp} */ pattern) => pattern.exec(offer)?.[0].trim() ?? '';
  const lines = [first(/^a=ice-ufrag:.*$/m), first(/^a=ice-pwd:.*$/m)];
  const medias = [...offer.matchAll(/^m=.*$/gm)].map(([line]) => line.trim());
  for (const [index, media] of medias.entries()) {
    const own = candidates.filter(({ sdpMLineIndex }) => sdpMLineIndex === index);
    if (own.length === 0) continue;
    lines.push(media, `a=mid:${own[0]?.sdpMid ?? index}`);
    for (const { candidate } of own) lines.push(`a=${candidate}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/**
 * Adds formats to the audio section of an offer.
 * @param {string} sdp
 * @param {readonly { encoding: string, fmtp?: string }[]} formats encoding as in rtpmap, e.g. `L16/48000/2`
 * @returns {string}
 */
export function withAudioFormats(sdp, formats) {
  if (formats.length === 0) return sdp;
  const used = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) /gm)].map(([, type]) => Number(type)));
  /** @type {number[]} */
  const types = [];
  const lines = formats.flatMap(({ encoding, fmtp }) => {
    const type = freePayloadType(used);
    types.push(type);
    const map = `a=rtpmap:${type} ${encoding}\r\n`;
    return fmtp === undefined ? [map] : [map, `a=fmtp:${type} ${fmtp}\r\n`];
  });
  const sections = sdp.split(/^(?=m=)/m);
  return sections
    .map((section) => {
      if (!section.startsWith('m=audio')) return section;
      return (
        section.replace(/^m=.*?(?=\r?\n)/, (line) => `${line} ${types.join(' ')}`) + lines.join('')
      );
    })
    .join('');
}

/**
 * Dynamic payload types end at 127; below 64 only those may be used that RTCP does not need.
 * @param {Set<number>} used
 * @returns {number}
 */
function freePayloadType(used) {
  for (let type = 127; type >= 35; type -= 1) {
    if ((type >= 96 || type < 64) && !used.has(type)) {
      used.add(type);
      return type;
    }
  }
  throw new RangeError('no payload type is free');
}
