// Tests of the keys of tokens: when they are fetched, and what happens when they can't be.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { JwksCache } from '../../../core/auth/jwks-cache.ts';
import type { AuthHttpAnswer } from '../../../core/auth/auth-http-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { keySetOf, TokenMaker } from '../../support/token-maker.ts';

const MINUTE_MS = 60_000;
const first = new TokenMaker('p256', 'key-1');
const second = new TokenMaker('p256', 'key-2');

class Rig {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  fetches = 0;
  answer: () => Promise<Partial<AuthHttpAnswer>> = () => served(first);
  readonly cache = new JwksCache({
    clock: this.clock,
    logger: this.logger,
    client: {
      ask: async () => {
        this.fetches++;
        return { status: 200, text: '', isCut: false, ...(await this.answer()) };
      },
    },
  });

  /** Ids of the keys that are found, or the code of the failure. */
  async find(keyId: string | undefined, signal?: AbortSignal): Promise<string> {
    try {
      const keys = await this.cache.find({ algorithm: 'ES256', keyId }, signal);
      return keys.map(({ id }) => id).join(' ');
    } catch (thrown) {
      return thrown instanceof MediaError ? thrown.code : String(thrown);
    }
  }
}

function served(...makers: readonly TokenMaker[]): Promise<Partial<AuthHttpAnswer>> {
  return Promise.resolve({ text: keySetOf(...makers.map((maker) => maker.jwk())) });
}

function down(): Promise<never> {
  return Promise.reject(new MediaError('unavailable', 'auth-unavailable', 'down'));
}

describe('JwksCache', () => {
  it('fetches once for all who ask at the same time, and again after an hour', async () => {
    const rig = new Rig();
    const found = await Promise.all([1, 2, 3].map(() => rig.find('key-1')));
    assert.deepEqual(found, ['key-1', 'key-1', 'key-1']);
    rig.clock.advance(60 * MINUTE_MS);
    await rig.find('key-1');
    assert.equal(rig.fetches, 1);
    rig.clock.advance(1);
    await rig.find('key-1');
    assert.equal(rig.fetches, 2);
  });

  it('looks again for a key that it does not know, at most every 5 s', async () => {
    const rig = new Rig();
    await rig.find('key-1');
    rig.answer = () => served(first, second);
    rig.clock.advance(3000);
    // Made after the last fetch: refused now, a viewer with the new key would not come again.
    const found = rig.find('key-2');
    const others = Array.from({ length: 20 }, (_, turn) => rig.find(`no-${turn}`));
    rig.clock.advance(1999);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(rig.fetches, 1);
    rig.clock.advance(1);
    assert.equal(await found, 'key-2');
    assert.deepEqual(new Set(await Promise.all(others)), new Set(['']));
    assert.equal(await rig.find('key-2'), 'key-2');
    assert.equal(rig.fetches, 2);
  });

  it('lets a thousand wait for the next look at most, and whoever leaves go at once', async () => {
    const rig = new Rig();
    await rig.find('key-1');
    const leaving = new AbortController();
    const waiting = Array.from({ length: 1000 }, (_, turn) =>
      rig.find(`no-${turn}`, leaving.signal),
    );
    assert.equal(await rig.find('key-2'), '');
    leaving.abort(new MediaError('canceled', 'left', 'left'));
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['left']));
    assert.equal(rig.clock.pendingTimers, 0);
    assert.equal(rig.fetches, 1);
  });

  it('goes on with old keys for another hour while the service is down, and no longer', async () => {
    const rig = new Rig();
    await rig.find('key-1');
    rig.answer = down;
    rig.clock.advance(90 * MINUTE_MS);
    assert.equal(await rig.find('key-1'), 'key-1');
    assert.equal(await rig.find('key-2'), 'auth-unavailable');
    rig.clock.advance(31 * MINUTE_MS);
    assert.equal(await rig.find('key-1'), 'auth-unavailable');
  });

  it('does not ask a service that is down more than every 5 s, and says so in the log', async () => {
    const rig = new Rig();
    rig.answer = down;
    for (let turn = 0; turn < 10; turn++) {
      assert.equal(await rig.find('key-1'), 'auth-unavailable');
    }
    assert.equal(rig.fetches, 1);
    assert.deepEqual(
      rig.logger.lines.map(({ level, message }) => `${level} ${message}`),
      ['error authJWTJWKS: down'],
    );
    rig.answer = () => served(first);
    rig.clock.advance(5000);
    assert.equal(await rig.find('key-1'), 'key-1');
  });

  it('takes only a whole answer with status 200', async () => {
    for (const answer of [{ status: 302 }, { status: 500 }, { isCut: true }, { text: 'x' }]) {
      const rig = new Rig();
      rig.answer = async () => ({ ...(await served(first)), ...answer });
      assert.equal(await rig.find('key-1'), 'auth-unavailable', JSON.stringify(answer));
    }
  });

  it('uses no forgotten key, not even one that was on its way', async () => {
    const rig = new Rig();
    await rig.find('key-1');
    const { promise, resolve } = Promise.withResolvers<Partial<AuthHttpAnswer>>();
    rig.answer = () => promise;
    rig.clock.advance(5000);
    const early = rig.find('key-2');
    rig.cache.forget();
    rig.answer = () => served(second);
    resolve(await served(first, second));
    await early;
    assert.equal(await rig.find('key-1'), '');
    assert.equal(await rig.find('key-2'), 'key-2');
    assert.equal(rig.fetches, 3);
  });

  it('lets one who leaves go at once, without spoiling it for the others', async () => {
    const rig = new Rig();
    const { promise, resolve } = Promise.withResolvers<Partial<AuthHttpAnswer>>();
    rig.answer = () => promise;
    const abort = new AbortController();
    const leaving = rig.find('key-1', abort.signal);
    const staying = rig.find('key-1');
    abort.abort(new MediaError('canceled', 'client-left', 'left'));
    assert.equal(await leaving, 'client-left');
    resolve(await served(first));
    assert.equal(await staying, 'key-1');
    assert.equal(rig.fetches, 1);
  });
});
