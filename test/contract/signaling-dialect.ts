// What every signalling dialect must do, whatever its messages look like.
import assert from 'node:assert/strict';
import { offerOf, viewerOffer } from '../core/webrtc/sample-offers.ts';

/** How a dialect answered one message. */
export interface DialectReply {
  readonly isAccepted: boolean;
  /** The answer's SDP; only of an offer that was accepted. */
  readonly sdp?: string;
  /** What its client names the session by. */
  readonly session?: string;
}

/** One dialect with a path that is published to. */
export interface DialectRig extends AsyncDisposable {
  readonly offer: (sdp: string) => Promise<DialectReply>;
  readonly candidate: (session: string, candidate: string) => Promise<DialectReply>;
  readonly close: (session: string) => Promise<DialectReply>;
  /** A well-formed name of a session that nobody has. */
  readonly stranger: string;
  /** Readers of the path. */
  readonly readers: () => number;
  /** The newest peer ends its connection below the signalling. */
  readonly endPeer: () => void;
}

const CANDIDATE = 'candidate:1 1 UDP 2130706431 192.168.1.100 54321 typ host';
const BAD_OFFERS: Readonly<Record<string, string>> = {
  'no SDP': 'hello',
  'no section': offerOf(),
  'no ICE': viewerOffer().replace(/a=ice-.*\r\n/gu, ''),
  'no fingerprint': viewerOffer().replace(/a=fingerprint.*\r\n/gu, ''),
  'too much': `v=0\r\n${'a=x\r\n'.repeat(14_000)}`,
};

/** Runs the examples against fresh rigs. */
export function describeDialect(name: string, start: () => Promise<DialectRig>): void {
  async function watching(rig: DialectRig): Promise<string> {
    const { session } = await rig.offer(viewerOffer());
    assert.ok(session !== undefined);
    return session;
  }

  describe(`${name}, as every dialect`, () => {
    it('answers a whole answer: candidates, fingerprint, one section for each offered', async () => {
      await using rig = await start();
      const { isAccepted, sdp = '' } = await rig.offer(viewerOffer());
      assert.equal(isAccepted, true);
      assert.match(sdp, /a=candidate:.*127\.0\.0\.1/u);
      assert.match(sdp, /a=fingerprint:sha-256 /u);
      assert.equal(sdp.split('\r\nm=').length, viewerOffer().split('\r\nm=').length);
      assert.equal(rig.readers(), 1);
    });

    for (const [fault, sdp] of Object.entries(BAD_OFFERS)) {
      it(`refuses an offer with ${fault} and goes on`, async () => {
        await using rig = await start();
        assert.equal((await rig.offer(sdp)).isAccepted, false);
        assert.equal(rig.readers(), 0);
        assert.equal((await rig.offer(viewerOffer())).isAccepted, true);
      });
    }

    it('gives each session a name of its own', async () => {
      await using rig = await start();
      assert.notEqual(await watching(rig), await watching(rig));
      assert.equal(rig.readers(), 2);
    });

    it('takes candidates while the session lives', async () => {
      await using rig = await start();
      const session = await watching(rig);
      assert.equal((await rig.candidate(session, CANDIDATE)).isAccepted, true);
      assert.equal((await rig.candidate(rig.stranger, CANDIDATE)).isAccepted, false);
      await rig.close(session);
      assert.equal((await rig.candidate(session, CANDIDATE)).isAccepted, false);
    });

    it('frees everything at the end, which comes once', async () => {
      await using rig = await start();
      const session = await watching(rig);
      assert.equal((await rig.close(rig.stranger)).isAccepted, false);
      assert.equal((await rig.close(session)).isAccepted, true);
      assert.equal(rig.readers(), 0);
      assert.equal((await rig.close(session)).isAccepted, false);
    });

    it('takes the goodbye of a client whose connection ended just before', async () => {
      await using rig = await start();
      const session = await watching(rig);
      rig.endPeer();
      assert.equal(rig.readers(), 0);
      assert.equal((await rig.close(session)).isAccepted, true);
      assert.equal((await rig.close(session)).isAccepted, false);
    });
  });
}
