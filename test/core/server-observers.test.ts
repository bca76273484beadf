// Names and labels of metrics against those of the peer, and hooks of paths against a path manager.
import assert from 'node:assert/strict';
import { InternalAuthorizer } from '../../core/auth/internal-authorizer.ts';
import { silentLogger } from '../../core/base/logger.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { PathManager } from '../../core/path/path-manager.ts';
import { SessionRegistry, type Session } from '../../core/path/session-registry.ts';
import { ServerObservers } from '../../core/server-observers.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { httpRequest } from '../support/http-client.ts';
import { parsePrometheus, type ParsedFamily } from '../support/prometheus-text.ts';

const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');
const BYTES = 'inbound_bytes outbound_bytes bytes_received bytes_sent';
const OLD_RTP = 'rtp_packets_received rtp_packets_sent rtp_packets_lost rtp_packets_jitter';
const RTCP = 'inbound_rtcp_packets outbound_rtcp_packets rtcp_packets_received rtcp_packets_sent';
const RTP =
  'inbound_rtp_packets inbound_rtp_packets_lost inbound_rtp_packets_jitter outbound_rtp_packets';
const RTSP =
  'inbound_rtp_packets_in_error inbound_rtcp_packets_in_error rtp_packets_in_error rtcp_packets_in_error outbound_rtp_packets_reported_lost outbound_rtp_packets_discarded';
const PEER: Readonly<Record<string, readonly string[]>> = {
  paths: words(`${BYTES} inbound_frames_in_error readers`),
  rtsp_conns: words(BYTES),
  rtsps_conns: words(BYTES),
  rtsp_sessions: words(`${BYTES} ${RTP} ${RTCP} ${OLD_RTP} ${RTSP}`),
  rtsps_sessions: words(`${BYTES} ${RTP} ${RTCP} ${OLD_RTP} ${RTSP}`),
  webrtc_sessions: words(`${BYTES} ${RTP} ${RTCP} ${OLD_RTP} outbound_frames_discarded`),
};

const session = (id: string, type: string, dropped: number): Session => ({
  ...{ id, type, createdAt: 0, remoteAddress: '192.0.2.1:9', state: 'read', path: 'cam' },
  ...{ query: '', user: '', userAgent: '', close: () => undefined },
  stats: () => ({ outboundRTPPacketsDiscarded: dropped, outboundBytes: 7 }),
});

interface Fixture extends AsyncDisposable {
  readonly sessions: SessionRegistry;
  readonly observers: ServerObservers;
  scrape(query?: string): Promise<ReadonlyMap<string, ParsedFamily>>;
}

async function setUp(): Promise<Fixture> {
  const clock = new FakeClock();
  const text = 'metrics: yes\nmetricsAddress: 127.0.0.1:0\npaths: {cam: {}}';
  const config = loadConfig({ text, env: {} });
  const logger = silentLogger;
  const authorizer = new InternalAuthorizer(config.global.authInternalUsers, { clock, logger });
  const base = { clock, logger, authorizer };
  const pathManager = new PathManager({ ...base, sourceFactories: [], random: () => 0 }, config);
  const sessions = new SessionRegistry();
  const observers = new ServerObservers(
    { ...base, pathManager, sessions, config: () => config, rtsp: () => undefined },
    { version: '1.2.3', startedAt: 0, env: {}, metricGroups: [] },
  );
  await observers.start();
  pathManager.start();
  const scrape: Fixture['scrape'] = async (query = '') => {
    const port = observers.metricsAddress?.port ?? 0;
    return parsePrometheus((await httpRequest({ port, path: `/metrics${query}` })).body);
  };
  const end = async (): Promise<void> => {
    await pathManager.close();
    await observers.close();
  };
  return { sessions, observers, scrape, [Symbol.asyncDispose]: end };
}

describe('ServerObservers', () => {
  it('has every family of the peer for what is built, before anybody connects', async () => {
    await using fixture = await setUp();
    const families = await fixture.scrape();
    const names = Object.entries(PEER).flatMap(([prefix, suffixes]) => [
      prefix,
      ...suffixes.map((suffix) => `${prefix}_${suffix}`),
    ]);
    assert.deepEqual(
      names.filter((name) => !families.has(name)),
      [],
    );
    assert.equal(families.get('paths_readers')?.samples[0]?.labels['readerType'], '');
  });

  it('labels paths and sessions as the peer does', async () => {
    await using fixture = await setUp();
    fixture.sessions.add(session('a', 'webRTCSession', 0));
    const families = await fixture.scrape();
    assert.deepEqual(families.get('paths')?.samples[0]?.labels, { name: 'cam', state: 'notReady' });
    assert.deepEqual(families.get('webrtc_sessions_outbound_bytes')?.samples, [
      {
        name: 'webrtc_sessions_outbound_bytes',
        labels: { id: 'a', path: 'cam', remoteAddr: '192.0.2.1:9', state: 'read' },
        value: 7,
      },
    ]);
    const one = await fixture.scrape('?webrtc_session=b');
    assert.equal(one.size, 0);
  });

  it('keeps sums of drops when sessions leave', async () => {
    await using fixture = await setUp();
    const left = session('a', 'webRTCSession', 3);
    fixture.sessions.add(left);
    fixture.sessions.add(session('b', 'webRTCSession', 4));
    fixture.sessions.remove(left);
    fixture.sessions.remove(left);
    const drops = (await fixture.scrape('?type=queues')).get('queue_drops_total')?.samples ?? [];
    const viewers = drops.find(({ labels }) => labels['queue'] === 'webrtc_viewer');
    assert.equal(viewers?.value, 7);
  });

  it('counts times to the first picture in seconds', async () => {
    await using fixture = await setUp();
    fixture.observers.onFirstPicture(180);
    const family = (await fixture.scrape()).get('webrtc_first_picture_seconds');
    const bucket = family?.samples.find(({ labels }) => labels['le'] === '0.2');
    assert.deepEqual([family?.type, bucket?.value], ['histogram', 1]);
  });
});
