// Argon2 work: bounded, shared, remembered; and the encoded form with its limits.
import assert from 'node:assert/strict';
import { parseArgon2Hash } from '../../../core/auth/argon2-hash.ts';
import {
  Argon2Verifier,
  nativeArgon2,
  type Argon2VerifierOptions,
} from '../../../core/auth/argon2-verifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SALT = 'c2FsdHNhbHQ';
const HASH = Buffer.from('right-password').toString('base64').replace(/=+$/u, '');
const stored = parseArgon2Hash(`$argon2id$v=19$m=64,t=1,p=1$${SALT}$${HASH}`, 'test');

/** The "hash" of a secret is the secret; runs end when released. */
class SlowArgon2 {
  readonly clock = new FakeClock();
  readonly verifier: Argon2Verifier;
  readonly waiting: (() => void)[] = [];
  runs = 0;

  constructor(options: Argon2VerifierOptions = {}) {
    const compute = (secret: string): Promise<Uint8Array> => {
      this.runs++;
      return new Promise((resolve) => this.waiting.push(() => resolve(Buffer.from(secret))));
    };
    this.verifier = new Argon2Verifier({ clock: this.clock, compute }, options);
  }

  verify(secret: string, owner = 'me'): Promise<boolean> {
    return this.verifier.verify({ secret, stored, owner });
  }

  /** Ends all runs, also those that start on the way. */
  async release(): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      this.waiting.shift()?.();
      await Promise.resolve();
    }
  }
}

describe('Argon2Verifier', () => {
  it('runs once for the same question at the same time and remembers a success', async () => {
    const slow = new SlowArgon2({ rememberMs: 1000 });
    const joins = Array.from({ length: 100 }, () => slow.verify('right-password'));
    await slow.release();
    assert.deepEqual(new Set(await Promise.all(joins)), new Set([true]));
    assert.equal(await slow.verify('right-password'), true);
    assert.equal(slow.runs, 1);
    slow.clock.advance(1000);
    const late = slow.verify('right-password');
    await slow.release();
    assert.equal(await late, true);
    assert.equal(slow.runs, 2);
  });

  it('does not remember a failure, and forgets when told', async () => {
    const slow = new SlowArgon2();
    for (const secret of ['wrong', 'wrong', 'right-password']) {
      const check = slow.verify(secret);
      await slow.release();
      assert.equal(await check, secret === 'right-password');
    }
    slow.verifier.forget();
    const check = slow.verify('right-password');
    await slow.release();
    assert.equal(await check, true);
    assert.equal(slow.runs, 4);
  });

  it('runs two at once, lets the others wait in order', async () => {
    const slow = new SlowArgon2({ maxConcurrent: 2 });
    const checks = ['1', '2', '3', '4'].map((secret) => slow.verify(secret));
    await Promise.resolve();
    assert.equal(slow.runs, 2);
    slow.waiting.shift()?.();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    assert.equal(slow.runs, 3);
    await slow.release();
    await Promise.all(checks);
    assert.equal(slow.runs, 4);
  });

  it('refuses what one client, or all together, queue too much', async () => {
    const slow = new SlowArgon2({ maxConcurrent: 1, maxQueued: 3, maxQueuedPerOwner: 2 });
    const accepted = ['1', '2', '3'].map((secret) => slow.verify(secret, 'flooder'));
    await assert.rejects(slow.verify('4', 'flooder'), { kind: 'unavailable', code: 'auth-busy' });
    accepted.push(slow.verify('5', 'viewer'));
    await assert.rejects(slow.verify('6', 'another'), { code: 'auth-busy' });
    await slow.release();
    assert.deepEqual(await Promise.all(accepted), [false, false, false, false]);
  });

  it('goes on after a run that failed', async () => {
    const failures = [new Error('out of memory')];
    const compute = (secret: string): Promise<Uint8Array> => {
      const failure = failures.pop();
      return failure ? Promise.reject(failure) : Promise.resolve(Buffer.from(secret));
    };
    const clock = new FakeClock();
    const verifier = new Argon2Verifier({ clock, compute }, { maxConcurrent: 1 });
    const question = { secret: 'right-password', stored, owner: 'me' };
    await assert.rejects(verifier.verify(question), /out of memory/u);
    assert.equal(await verifier.verify(question), true);
  });

  it('remembers a bounded number of successes', async () => {
    const compute = (): Promise<Uint8Array> => Promise.resolve(stored.hash);
    const clock = new FakeClock();
    let runs = 0;
    const counted = (): Promise<Uint8Array> => {
      runs++;
      return compute();
    };
    const verifier = new Argon2Verifier({ clock, compute: counted }, { maxRemembered: 2 });
    for (const secret of ['1', '2', '3', '3', '2', '1']) {
      await verifier.verify({ secret, stored, owner: 'me' });
    }
    assert.equal(runs, 4, 'only the oldest was forgotten');
  });
});

describe('nativeArgon2()', () => {
  it('is undefined where Node.js has no Argon2', () => {
    assert.equal(nativeArgon2({}), undefined);
  });

  it('gives the Argon2id tag of the inputs of RFC 9106 without secret and associated data', async () => {
    const compute = nativeArgon2();
    assert(compute !== undefined);
    const salt = Buffer.alloc(16, 2);
    const hash = Buffer.alloc(32);
    const cost = { memoryKib: 32, passes: 3, parallelism: 4 };
    const tag = await compute('\u0001'.repeat(32), { algorithm: 'argon2id', salt, hash, ...cost });
    assert.equal(
      Buffer.from(tag).toString('hex'),
      '03aab965c12001c9d7d0d2de33192c0494b684bb148196d73c1df1acaf6d0c2e',
    );
  });
});

describe('parseArgon2Hash()', () => {
  it('reads algorithm, costs, salt and hash', () => {
    assert.deepEqual(stored, {
      algorithm: 'argon2id',
      memoryKib: 64,
      passes: 1,
      parallelism: 1,
      salt: Buffer.from('saltsalt'),
      hash: Buffer.from('right-password'),
    });
  });

  const tail = `$${SALT}$${HASH}`;
  for (const [encoded, problem] of [
    ['', /is not \$argon2id/u],
    [`$argon2d$v=19$m=64,t=1,p=1${tail}`, /argon2d/u],
    [`$argon2id$v=16$m=64,t=1,p=1${tail}`, /version 16/u],
    [`$argon2id$m=64,t=1,p=1${tail}`, /is not/u],
    [`$argon2id$v=19$m=4294967295,t=1,p=1${tail}`, /m = 4294967295, outside 8 to 262144/u],
    [`$argon2id$v=19$m=15,t=1,p=2${tail}`, /m = 15, outside 16/u],
    [`$argon2id$v=19$m=64,t=33,p=1${tail}`, /t = 33/u],
    [`$argon2id$v=19$m=64,t=0,p=1${tail}`, /t = 0/u],
    [`$argon2id$v=19$m=64,t=1,p=17${tail}`, /p = 17/u],
    [`$argon2id$v=19$m=262144,t=5,p=1${tail}`, /m\*t = 1310720/u],
    [`$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${HASH}`, /salt length = 4/u],
    [`$argon2id$v=19$m=64,t=1,p=1$${SALT}$c2FsdA`, /hash length = 4/u],
  ] as const) {
    it(`refuses ${encoded.slice(0, 44)}… without showing the hash`, () => {
      assert.throws(
        () => parseArgon2Hash(encoded, 'authInternalUsers[3].pass'),
        (thrown) =>
          thrown instanceof Error &&
          problem.test(thrown.message) &&
          thrown.message.endsWith('; authInternalUsers[3].pass') &&
          !thrown.message.includes(HASH),
      );
    });
  }
});
