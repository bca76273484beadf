// Small readings and edits of SDP that browsers leave to the page.
// @ts-check

/**
 * Asks for stereo, or for one channel: browsers go by what the other side says (RFC 7587 section 6.1).
 * @param {string} sdp
 * @param {{ isStereo?: boolean, maxBitrateBps?: number | undefined }} [wanted]
 * @returns {string}
 */
export function withOpusParameters(sdp, { isStereo = true, maxBitrateBps } = {}) {
  const stereo = isStereo ? 1 : 0;
  const parameters = [`stereo=${stereo}`, `sprop-stereo=${stereo}`];
  if (maxBitrateBps !== undefined) parameters.push(`maxaveragebitrate=${maxBitrateBps}`);
  return withParameters(sdp, /^opus\/48000\/2$/i, parameters);
}

/**
 * Lets Chromium begin with that bitrate, where it would begin with 300 kbit/s and a small picture.
 * @param {string} sdp the answer to an offer that sends
 * @param {number} kilobits
 * @returns {string}
 */
export function withStartBitrate(sdp, kilobits) {
  const video = /^(?:AV1|VP8|VP9|H264|H265)\/90000$/i;
  return withParameters(sdp, video, [`x-google-start-bitrate=${Math.round(kilobits)}`]);
}

/**
 * Adds format parameters to codecs; those of the same names go.
 * @param {string} sdp
 * @param {RegExp} encoding of the codecs, as rtpmap has it
 * @param {readonly string[]} added `name=value`
 * @returns {string}
 */
function withParameters(sdp, encoding, added) {
  const names = new Set(added.map((each) => each.split('=', 1)[0]));
  const lines = sdp.split('\r\n');
  const types = new Set(
    lines.flatMap((line) => {
      const [, type = '', name = ''] = /^a=rtpmap:(\d+) (\S+)$/.exec(line) ?? [];
      return encoding.test(name) ? [type] : [];
    }),
  );
  const withLine = new Set(lines.map((line) => /^a=fmtp:(\d+) /.exec(line)?.[1]));
  return lines
    .flatMap((line) => {
      const [, kind, type = '', rest = ''] = /^a=(rtpmap|fmtp):(\d+) (.*)$/.exec(line) ?? [];
      if (!types.has(type)) return [line];
      if (kind === 'rtpmap') {
        return withLine.has(type) ? [line] : [line, `a=fmtp:${type} ${added.join(';')}`];
      }
      const kept = rest.split(';').filter((each) => !names.has(each.trim().split('=', 1)[0]));
      return [`a=fmtp:${type} ${[...kept, ...added].join(';')}`];
    })
    .join('\r\n');
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
