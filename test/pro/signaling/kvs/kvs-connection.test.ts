// Tests of a signalling connection that the service or other clients do not leave in peace.
import assert from 'node:assert/strict';
import type { KvsPeer } from '../../../support/kvs/kvs-relay.ts';
import { CHANNEL, KvsFixture, until } from './kvs-fixture.ts';

/** Long enough for what sockets of this machine have to tell. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('KvsConnection', () => {
  let fixture: KvsFixture;

  /** The viewer that follows another one. */
  async function viewerAfter(old?: KvsPeer): Promise<KvsPeer> {
    const { signaling } = fixture.double;
    const viewer = await signaling.waitFor(() => {
      const [peer] = signaling.relay(CHANNEL).viewers;
      return peer === old ? undefined : peer;
    });
    await turns();
    return viewer;
  }

  beforeEach(async () => {
    fixture = await KvsFixture.start();
    fixture.watch();
  });

  afterEach(() => fixture[Symbol.asyncDispose]());

  for (const [name, end, words] of [
    ['end', (viewer: KvsPeer): void => viewer.close(1001), /ended: closed/u],
    ['are sent away', (viewer: KvsPeer): void => viewer.sendGoAway(), /asks to connect again/u],
  ] as const) {
    it(`waits between connections that ${name} at once`, async () => {
      let viewer = await viewerAfter();
      fixture.random = 1;
      // A third would be one connection too many for the second.
      for (const [index, pauseMs] of [100, 200].entries()) {
        end(viewer);
        const ends = (): number => fixture.log.filter((line) => words.test(line)).length;
        await until(() => ends() === index + 1, 'it is over');
        fixture.clock.advance(pauseMs - 1);
        await turns();
        assert.equal(fixture.double.failures.countOf('connectAsViewer'), index + 1);
        fixture.clock.advance(1);
        viewer = await viewerAfter(viewer);
      }
    });
  }

  it('names what comes in floods a few times only', async () => {
    const viewer = await viewerAfter();
    for (let index = 0; index < 100; index++) {
      viewer.send({ messageType: `TYPE_${index}` });
      const statusResponse = { correlationId: 'x', errorType: `E${index}`, statusCode: '400' };
      viewer.send({ messageType: 'STATUS_RESPONSE', statusResponse });
    }
    viewer.close(1001, 'the last one');
    await until(() => fixture.log.some((line) => line.includes('the last one')), 'all is read');
    assert.equal(fixture.log.filter((line) => line.startsWith('warn')).length, 10);
  });
});
