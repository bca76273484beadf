// Turns the statistics of a connection into the few numbers that people ask for.
// @ts-check

/**
 * @typedef {object} TrackStats
 * @property {string} codec e.g. `H264`, `opus`
 * @property {number} bitrateBps over the last second
 * @property {number} packets received or sent
 * @property {number} packetsLost of what was received, or as the receiver reports
 * @property {number | null} jitterBufferMs mean wait of what was played last; null for sent tracks
 */

/**
 * @typedef {object} VideoOnlyStats
 * @property {number} width
 * @property {number} height
 * @property {number} framesPerSecond
 * @property {number} frames decoded or encoded
 * @property {number} framesDropped
 * @property {number} freezes
 * @property {string} implementation decoder or encoder; empty when the browser hides it
 * @property {string} limitation why the encoder sends less than it could: `cpu`, `bandwidth` or empty
 */

/**
 * @typedef {object} AudioOnlyStats
 * @property {number} level 0 to 1
 * @property {number} channels 0 when unknown
 */

/** @typedef {TrackStats & VideoOnlyStats} VideoStats */
/** @typedef {TrackStats & AudioOnlyStats} AudioStats */

/**
 * @typedef {object} ConnectionStats
 * @property {number | null} roundTripMs
 * @property {string} local type of our candidate, e.g. `host`
 * @property {string} remote e.g. `host udp 192.168.1.5:8189`
 * @property {number} packets received, of all tracks
 */

/**
 * One look at a connection.
 * @typedef {object} StreamStats
 * @property {VideoStats | null} video
 * @property {AudioStats | null} audio
 * @property {ConnectionStats} connection
 */

/** A row of RTCStatsReport: which members it has depends on its type and the browser. */
/** @typedef {Record<string, unknown>} Row */

/** Samples one connection; rates are those since the sample before. */
export class StatsSampler {
  /** @type {Map<string, { atMs: number, bytes: number, delay: number, emitted: number }>} */
  #last = new Map();

  /**
   * @param {RTCPeerConnection} connection
   * @returns {Promise<StreamStats>}
   */
  async sample(connection) {
    /** @type {Map<string, Row>} */
    const report = new Map();
    for (const [id, row] of await connection.getStats()) report.set(id, row);
    const rows = [...report.values()];
    const find = (/** @type {string} */ kind) =>
      rows.find(
        (row) =>
          (row.type === 'inbound-rtp' || row.type === 'outbound-rtp') &&
          (row.kind ?? row.mediaType) === kind &&
          number(row, 'packetsReceived') + number(row, 'packetsSent') > 0,
      );
    const [video, audio] = [find('video'), find('audio')];
    return {
      video: video ? this.#video(video, report) : null,
      audio: audio ? this.#audio(audio, report) : null,
      connection: connectionStats(rows, report),
    };
  }

  /**
   * @param {Row} row
   * @param {Map<string, Row>} report
   * @returns {VideoStats}
   */
  #video(row, report) {
    const limitation = text(row, 'qualityLimitationReason');
    return {
      ...this.#track(row, report),
      width: number(row, 'frameWidth'),
      height: number(row, 'frameHeight'),
      framesPerSecond: number(row, 'framesPerSecond'),
      frames: number(row, 'framesDecoded') + number(row, 'framesEncoded'),
      framesDropped: number(row, 'framesDropped'),
      freezes: number(row, 'freezeCount'),
      implementation: text(row, 'decoderImplementation') || text(row, 'encoderImplementation'),
      limitation: limitation === 'none' ? '' : limitation,
    };
  }

  /**
   * @param {Row} row
   * @param {Map<string, Row>} report
   * @returns {AudioStats}
   */
  #audio(row, report) {
    const source = report.get(text(row, 'mediaSourceId')) ?? row;
    const codec = report.get(text(row, 'codecId')) ?? {};
    return {
      ...this.#track(row, report),
      level: number(source, 'audioLevel'),
      // Opus always says two (RFC 7587 section 4.1).
      channels: /opus$/i.test(text(codec, 'mimeType')) ? 0 : number(codec, 'channels'),
    };
  }

  /**
   * @param {Row} row
   * @param {Map<string, Row>} report
   * @returns {TrackStats}
   */
  #track(row, report) {
    const id = text(row, 'id');
    const isInbound = row.type === 'inbound-rtp';
    const bytes = number(row, isInbound ? 'bytesReceived' : 'bytesSent');
    const now = {
      ...{ atMs: number(row, 'timestamp'), bytes },
      delay: number(row, 'jitterBufferDelay'),
      emitted: number(row, 'jitterBufferEmittedCount'),
    };
    const last = this.#last.get(id);
    this.#last.set(id, now);
    const seconds = last ? (now.atMs - last.atMs) / 1000 : 0;
    const emitted = now.emitted - (last?.emitted ?? 0);
    const delay = now.delay - (last?.delay ?? 0);
    const remote = report.get(text(row, 'remoteId')) ?? {};
    return {
      codec: text(report.get(text(row, 'codecId')) ?? {}, 'mimeType').replace(/^.*\//, ''),
      bitrateBps: last && seconds > 0 ? ((bytes - last.bytes) * 8) / seconds : 0,
      packets: number(row, isInbound ? 'packetsReceived' : 'packetsSent'),
      packetsLost: number(isInbound ? row : remote, 'packetsLost'),
      jitterBufferMs: isInbound ? (emitted > 0 ? (delay / emitted) * 1000 : 0) : null,
    };
  }
}

/**
 * @param {readonly Row[]} rows
 * @param {Map<string, Row>} report
 * @returns {ConnectionStats}
 */
function connectionStats(rows, report) {
  const transport = rows.find((row) => row.type === 'transport' && row.selectedCandidatePairId);
  const pair =
    (transport && report.get(text(transport, 'selectedCandidatePairId'))) ??
    // Firefox marks the pair itself.
    rows.find((row) => row.type === 'candidate-pair' && row.selected === true) ??
    {};
  const local = report.get(text(pair, 'localCandidateId')) ?? {};
  const remote = report.get(text(pair, 'remoteCandidateId')) ?? {};
  const seconds = pair['currentRoundTripTime'];
  const address = text(remote, 'address');
  const received = rows.filter((row) => row.type === 'inbound-rtp');
  return {
    roundTripMs: typeof seconds === 'number' ? seconds * 1000 : null,
    local: text(local, 'candidateType'),
    remote: address === '' ? '' : describeCandidate(remote, address),
    packets: received.reduce((sum, row) => sum + number(row, 'packetsReceived'), 0),
  };
}

/**
 * @param {Row} candidate
 * @param {string} address
 * @returns {string}
 */
function describeCandidate(candidate, address) {
  const host = address.includes(':') ? `[${address}]` : address;
  const protocol = text(candidate, 'protocol');
  return `${text(candidate, 'candidateType')} ${protocol} ${host}:${number(candidate, 'port')}`;
}

/**
 * @param {Row} row
 * @param {string} name
 * @returns {number}
 */
function number(row, name) {
  const value = row[name];
  return typeof value === 'number' ? value : 0;
}

/**
 * @param {Row} row
 * @param {string} name
 * @returns {string}
 */
function text(row, name) {
  const value = row[name];
  return typeof value === 'string' ? value : '';
}
