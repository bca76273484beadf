// Whether Pro endpoints may be used: machine, domain, expiry while running, clock, and the default.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { formatPublicKey, issueLicence, type Licence } from '../../../pro/license/licence.ts';
import { LicenceCheck, type LicenceCheckOptions } from '../../../pro/license/licence-check.ts';
import { machineMacs } from '../../../pro/license/machine-macs.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const issuer = generateKeyPairSync('ed25519');
const publicKey = formatPublicKey(issuer.privateKey);
const startedAt = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

interface Rig {
  readonly check: LicenceCheck;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
}

function rig(change: Partial<Licence> = {}, options: Partial<LicenceCheckOptions> = {}): Rig {
  const clock = new FakeClock(startedAt);
  const logger = new RecordingLogger();
  const text = issueLicence(
    {
      ...{ macs: ['02:00:00:00:00:01'], domain: undefined, customer: 'Hospital' },
      ...{ issuedAt: startedAt - hour, expiresAt: startedAt + 25 * hour },
      ...change,
    },
    issuer.privateKey,
  );
  const check = new LicenceCheck(
    { clock, logger, macs: () => ['02:00:00:00:00:01', '02:00:00:00:00:02'] },
    { isRequired: true, text, publicKey, apiDomain: '', builtInKey: '', ...options },
  );
  return { check, clock, logger };
}

function reasonOf(change: Partial<Licence>, options: Partial<LicenceCheckOptions> = {}): string {
  return rig(change, options).check.state.reason;
}

describe('LicenceCheck', () => {
  it('accepts a licence of this machine', () => {
    const { check, logger } = rig();
    check.start();
    assert.deepEqual([check.state.isOk, check.state.licence?.customer], [true, 'Hospital']);
    check.require('anything');
    const lines = logger.lines.map(({ level, message }) => `${level} ${message}`);
    assert.deepEqual(lines, [
      'info licence of Hospital is valid for 1 more days, until 2026-01-02',
    ]);
    check.close();
  });

  it('is content without a licence when none is required, and says nothing', () => {
    const { check, logger } = rig({}, { isRequired: false, text: '', publicKey: '' });
    check.start();
    assert.equal(check.state.isOk, true);
    check.require('anything');
    assert.deepEqual(logger.lines, []);
    check.close();
  });

  it('warns of a wrong licence when none is required', () => {
    const { check, logger } = rig({ macs: ['02:00:00:00:00:09'] }, { isRequired: false });
    check.start();
    assert.equal(check.state.isOk, true);
    check.require('anything');
    assert.equal(logger.lines[0]?.level, 'warn');
    check.close();
  });

  it('ends at the expiry without a restart, and stays ended when the clock is set back', () => {
    let nowMs = startedAt;
    const hands = new FakeClock(startedAt);
    const clock = {
      nowMs: () => nowMs,
      monotonicMs: () => hands.monotonicMs(),
      after: hands.after.bind(hands),
      every: hands.every.bind(hands),
    };
    const text = issueLicence(
      {
        macs: [],
        domain: undefined,
        customer: undefined,
        issuedAt: startedAt,
        expiresAt: startedAt + hour,
      },
      issuer.privateKey,
    );
    const logger = new RecordingLogger();
    const options = { isRequired: true, text, publicKey, apiDomain: '', builtInKey: '' };
    const check = new LicenceCheck({ clock, logger }, options);
    check.start();
    nowMs += hour;
    assert.equal(check.state.isOk, true);
    hands.advance(60_000);
    assert.equal(check.state.reason, 'expired on 2026-01-01');
    assert.throws(() => check.require('h'), {
      kind: 'permission-denied',
      code: 'licence-required',
      message: 'licence: expired on 2026-01-01',
    });
    nowMs -= hour;
    hands.advance(120_000);
    assert.equal(check.state.isOk, false);
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['info', 'error'],
    );
    check.close();
    assert.equal(hands.pendingTimers, 0);
  });

  it('names what is wrong', () => {
    const text = issueLicence(
      { macs: [], domain: undefined, customer: undefined, issuedAt: 1000, expiresAt: 2e12 },
      generateKeyPairSync('ed25519').privateKey,
    );
    assert.match(reasonOf({}, { text: '' }), /there is none/u);
    assert.match(reasonOf({}, { text: 'YOUR_LICENSE_KEY' }), /the text is no licence/u);
    assert.match(reasonOf({}, { text }), /signature/u);
    assert.match(reasonOf({}, { publicKey: '' }), /no public key/u);
    assert.match(reasonOf({ macs: ['02:00:00:00:00:09'] }), /another machine/u);
    assert.match(reasonOf({ expiresAt: startedAt }), /expired on 2026-01-01/u);
    assert.match(
      reasonOf({ issuedAt: startedAt + 25 * hour }),
      /issued on 2026-01-02, but the clock/u,
    );
    assert.equal(reasonOf({ issuedAt: startedAt + 23 * hour }), '');
  });

  it('refuses a public key that is none at once', () => {
    assert.throws(() => rig({}, { publicKey: 'nonsense' }), { code: 'invalid-licence' });
  });

  it('lets the key of the build win over the configured one', () => {
    const builtInKey = formatPublicKey(generateKeyPairSync('ed25519').privateKey);
    assert.match(reasonOf({}, { builtInKey }), /signature/u);
    assert.equal(reasonOf({}, { builtInKey: publicKey, publicKey: 'ignored' }), '');
  });

  describe('with a domain', () => {
    for (const [apiDomain, isOk] of [
      ['https://example.com', true],
      ['https://Video.Example.com:8443', true],
      ['https://example.com.evil.org', false],
      ['https://notexample.com', false],
    ] as const) {
      it(`${isOk ? 'accepts' : 'refuses'} ${apiDomain}`, () =>
        assert.equal(reasonOf({ domain: 'example.com' }, { apiDomain }) === '', isOk));
    }

    it('asks the Host header when apiDomain is empty', () => {
      const { check } = rig({ domain: 'example.com' });
      check.require('video.example.com:9997');
      check.require('EXAMPLE.com.');
      for (const host of ['', 'localhost:9997', 'example.org', '[::1]:9997']) {
        assert.throws(() => check.require(host), {
          message: /issued for the domain example\.com/u,
        });
      }
    });
  });
});

describe('machineMacs()', () => {
  it('lists real addresses, each once', () => {
    const macs = machineMacs();
    assert.equal(
      macs.every((mac) => /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/u.test(mac)),
      true,
    );
    assert.equal(macs.includes('00:00:00:00:00:00'), false);
    assert.equal(new Set(macs).size, macs.length);
  });
});
