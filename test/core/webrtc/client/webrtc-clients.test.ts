// What peers that offer share.
import assert from 'node:assert/strict';
import type { OfferingPeer } from '../../../../core/webrtc/client/offering-peer.ts';
import { receivingSections } from '../../../../core/webrtc/client/receiving-sections.ts';
import { WebRtcClients } from '../../../../core/webrtc/client/webrtc-clients.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { DtlsDouble, LinkDoubles } from './peer-doubles.ts';

describe('WebRtcClients.createPeer()', () => {
  it('makes one certificate for all peers, and tries again where that failed', async () => {
    const outcomes = ['fails', 'works'];
    const clients = new WebRtcClients(
      {
        ...{ clock: new FakeClock(), links: new LinkDoubles() },
        dtls: () =>
          outcomes.shift() === 'works'
            ? Promise.resolve(new DtlsDouble())
            : Promise.reject(new Error('no entropy')),
      },
      {
        addresses: () => ({
          ...{ ipsFromInterfaces: false, interfacesList: [], additionalHosts: ['127.0.0.1'] },
        }),
        requestTimeoutMs: () => 10_000,
      },
    );
    const create = (): Promise<OfferingPeer> =>
      clients.createPeer({
        ...{ sections: receivingSections, iceServers: [], stunTimeoutMs: 1000 },
        ...{ connectTimeoutMs: 10_000, silenceTimeoutMs: 10_000 },
      });
    const refused = await Promise.allSettled([create(), create()]);
    assert.deepEqual(
      refused.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    for (const peer of await Promise.all([create(), create()])) peer.close();
    assert.deepEqual(outcomes, []);
    clients.close();
  });
});
