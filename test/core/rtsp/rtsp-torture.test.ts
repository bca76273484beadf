// Requests that no well-behaved client sends, each with the answer that is expected.
import assert from 'node:assert/strict';
import type { RtspClient } from '../../support/rtsp-client.ts';
import { RtspFixture } from '../../support/rtsp-fixture.ts';
import { MESSAGE_ROWS } from './torture-message-rows.ts';
import { NAMED } from './torture-script.ts';
import { SESSION_ROWS } from './torture-session-rows.ts';

const ROWS = [...SESSION_ROWS, ...MESSAGE_ROWS];

describe('RtspServer under torture', () => {
  let fixture: RtspFixture;
  let publisher: RtspClient;
  before(async () => {
    fixture = await RtspFixture.start({
      paths: ['  live:', '    overridePublisher: no', '  all_others:'],
    });
    publisher = await fixture.publish('live');
  });
  after(async () => {
    await publisher.close();
    await fixture[Symbol.asyncDispose]();
  });

  for (const [index, { name, steps, isClosed = false }] of ROWS.entries()) {
    const wanted = steps.flatMap(([, ...statuses]) => statuses).slice(-4);
    it(`answers ${name} with ${wanted.join(', ')}`, async () => {
      await using client = await fixture.connect();
      let cseq = 0;
      for (const [text, ...statuses] of steps) {
        const raw = (NAMED.get(text) ?? text)
          .replaceAll('$P', fixture.url(`torture/${index}`))
          .replaceAll('$L', fixture.url('live'))
          .replaceAll('$S', client.session ?? 'none')
          .replaceAll('$N', () => `${++cseq}`);
        client.sendRaw(raw);
        for (const status of statuses) {
          assert.equal((await client.nextResponse()).statusCode, status, raw.slice(0, 60));
        }
      }
      if (isClosed) await client.waitForClose();
      else assert.equal(client.isClosed, false);
    });
  }

  it('has at least 60 rows and leaves only the publisher behind', async () => {
    assert.ok(ROWS.length >= 60);
    for (let turn = 0; turn < 100 && fixture.server.connections.length > 1; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(fixture.server.connections.length, 1);
    assert.equal(fixture.sessions.count, 1);
  });
});
