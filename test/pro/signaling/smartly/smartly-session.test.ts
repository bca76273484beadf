// Tests of candidates, hanging up and the end of idle sessions.
import assert from 'node:assert/strict';
import { parseIceCandidate } from '../../../../core/sdp/ice-candidate.ts';
import { fieldsOf, outcomeOf, SmartlyFixture } from './smartly-fixture.ts';

const CANDIDATE = {
  candidate: 'candidate:1 1 UDP 2130706431 192.168.1.100 54321 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
};
const MINUTE = 60_000;

describe('a candidate', () => {
  it('is accepted in every form that browsers and others send', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    for (const candidate of [
      CANDIDATE,
      { candidate: CANDIDATE.candidate },
      { ...CANDIDATE, candidate: '', sdpMid: null },
      { candidate: null },
      null,
      CANDIDATE.candidate,
      { candidate: 'candidate:2 1 tcp 1518280447 abc.local 9 typ host tcptype active' },
    ]) {
      const reply = await fixture.send('ice', { session_id, candidate });
      assert.deepEqual(
        [reply.status, fieldsOf(reply)],
        [200, { status: 'accepted', candidates: [] }],
        JSON.stringify(candidate),
      );
    }
  });

  it('brings those of ours that the client was not told yet, once', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    const line = 'candidate:2 1 udp 2130706175 192.0.2.1 8189 typ host';
    const fresh = parseIceCandidate(line);
    assert.ok(fresh);
    fixture.core.candidates = [...fixture.core.candidates, fresh];
    const first = await fixture.send('ice', { session_id, candidate: CANDIDATE });
    assert.deepEqual(fieldsOf(first)['candidates'], [
      { candidate: line, sdpMid: '0', sdpMLineIndex: 0 },
    ]);
    const second = await fixture.send('ice', { session_id, candidate: CANDIDATE });
    assert.deepEqual(fieldsOf(second)['candidates'], []);
  });

  it('is refused with the code of what is wrong', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    for (const [body, expected] of [
      ['{', '400 invalid_json'],
      ['', '400 missing_session_id'],
      [{ candidate: CANDIDATE }, '400 missing_session_id'],
      [{ session_id: 7, candidate: CANDIDATE }, '400 missing_session_id'],
      [{ session_id }, '400 missing_candidate'],
      [{ session_id, candidate: {} }, '400 missing_candidate'],
      [{ session_id, candidate: { candidate: 5 } }, '400 missing_candidate'],
      [{ session_id, candidate: 'candidate:garbage' }, '400 invalid_candidate'],
      [{ session_id: 'a'.repeat(16), candidate: CANDIDATE }, '404 session_not_found'],
    ] as const) {
      assert.equal(outcomeOf(await fixture.send('ice', body)), expected, JSON.stringify(body));
    }
    const body = { session_id, candidate: CANDIDATE };
    const wrong = await fixture.send('ice', body, 'camera.back_door');
    assert.equal(outcomeOf(wrong), '403 session_entity_mismatch');
    assert.equal(outcomeOf(await fixture.send('ice', body, 'bad')), '400 invalid_entity_id');
  });

  it('of a session that ended by itself finds none', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    fixture.core.peer.end('failed');
    const reply = await fixture.send('ice', { session_id, candidate: CANDIDATE });
    assert.equal(outcomeOf(reply), '404 session_not_found');
    assert.equal(fixture.bridge.stats.active_sessions, 0);
  });
});

describe('hanging up', () => {
  it('frees the connection and the reader; a second time finds nothing', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    assert.equal(fixture.core.readersOf('front_door'), 1);
    const wrong = await fixture.send('hangup', { session_id }, 'camera.back_door');
    assert.equal(outcomeOf(wrong), '403 session_entity_mismatch');
    const reply = await fixture.send('hangup', { session_id });
    assert.deepEqual([reply.status, fieldsOf(reply)], [200, { status: 'closed' }]);
    assert.equal(fixture.core.readersOf('front_door'), 0);
    assert.equal(fixture.core.manager.count, 0);
    for (const endpoint of ['hangup', 'ice'] as const) {
      const again = await fixture.send(endpoint, { session_id, candidate: CANDIDATE });
      assert.equal(outcomeOf(again), '404 session_not_found');
    }
  });

  it('succeeds when the browser closed its connection first', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    fixture.core.peer.end('closed');
    assert.equal(outcomeOf(await fixture.send('hangup', { session_id })), '200');
    const again = await fixture.send('hangup', { session_id });
    assert.equal(outcomeOf(again), '404 session_not_found');
  });

  it('needs the id of a session', async () => {
    await using fixture = await SmartlyFixture.start();
    for (const [body, expected] of [
      ['nonsense', '400 invalid_json'],
      ['{}', '400 missing_session_id'],
      [{ session_id: '' }, '400 missing_session_id'],
      [{ session_id: 'a'.repeat(5000) }, '404 session_not_found'],
    ] as const) {
      assert.equal(outcomeOf(await fixture.send('hangup', body)), expected);
    }
  });
});

describe('a session without activity', () => {
  it('ends after ten minutes, at the next sweep', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    fixture.advance(9 * MINUTE);
    assert.equal(fixture.core.manager.count, 1);
    fixture.advance(MINUTE);
    assert.equal(fixture.core.manager.count, 0);
    assert.equal(fixture.core.peer.closeCount, 1);
    assert.equal(fixture.core.lastLog, 'Cleaned up 0 expired tokens and 1 idle session');
    const reply = await fixture.send('hangup', { session_id });
    assert.equal(outcomeOf(reply), '404 session_not_found');
  });

  it('is not found any more even before the sweep', async () => {
    const options = { cleanupIntervalMs: 100 * MINUTE };
    await using fixture = await SmartlyFixture.start({ options });
    const session_id = await fixture.watch();
    fixture.advance(10 * MINUTE);
    const reply = await fixture.send('ice', { session_id, candidate: CANDIDATE });
    assert.equal(outcomeOf(reply), '404 session_not_found');
  });

  it('is kept by candidates', async () => {
    await using fixture = await SmartlyFixture.start();
    const session_id = await fixture.watch();
    for (let minute = 0; minute < 30; minute += 9) {
      fixture.advance(9 * MINUTE);
      const reply = await fixture.send('ice', { session_id, candidate: CANDIDATE });
      assert.equal(outcomeOf(reply), '200');
    }
    fixture.advance(10 * MINUTE);
    assert.equal(fixture.core.manager.count, 0);
  });

  for (const [idleCountsMedia, left] of [
    [true, 1],
    [false, 0],
  ] as const) {
    it(`${left === 1 ? 'is kept' : 'ends'} while media flow, idleCountsMedia ${idleCountsMedia}`, async () => {
      await using fixture = await SmartlyFixture.start({ options: { idleCountsMedia } });
      await fixture.watch();
      fixture.core.peer.connect();
      for (let minute = 0; minute < 20; minute++) {
        fixture.core.peer.bytesReceived += 100;
        fixture.advance(MINUTE);
      }
      assert.equal(fixture.core.manager.count, left);
    });
  }

  it('is swept together with tokens', async () => {
    await using fixture = await SmartlyFixture.start();
    for (let count = 0; count < 3; count++) await fixture.issue();
    fixture.advance(5 * MINUTE);
    assert.equal(fixture.core.lastLog, 'Cleaned up 3 expired tokens and 0 idle sessions');
    assert.equal(fixture.bridge.stats.active_tokens, 0);
    const { length } = fixture.log;
    fixture.advance(5 * MINUTE);
    assert.equal(fixture.log.length, length);
  });
});

describe('SmartlyBridge.close()', () => {
  it('ends sessions, stops sweeping and takes no more offers', async () => {
    await using fixture = await SmartlyFixture.start();
    await fixture.watch();
    const token = await fixture.issue();
    fixture.bridge.close();
    fixture.bridge.close();
    assert.equal(fixture.core.manager.count, 0);
    assert.equal(fixture.bridge.stats.active_sessions, 0);
    const reply = await fixture.send('offer', { token, sdp: 'v=0' });
    assert.equal(outcomeOf(reply), '500 webrtc_failed');
  });
});
