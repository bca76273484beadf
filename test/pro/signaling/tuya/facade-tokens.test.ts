// Lives of access tokens and refresh tokens.
import assert from 'node:assert/strict';
import { FacadeTokens } from '../../../../pro/signaling/tuya/facade-tokens.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const LIVES = { tokenLifeMs: 7_200_000, refreshLifeMs: 86_400_000 };
const INVALID = { code: 'tuya-token-invalid' };

describe('FacadeTokens', () => {
  it('takes a token until it expires', () => {
    const clock = new FakeClock();
    const tokens = new FacadeTokens(clock, LIVES);
    const { accessToken, expiresInSeconds } = tokens.issue();
    assert.equal(expiresInSeconds, 7200);
    assert.match(accessToken, /^[0-9a-f]{32}$/u);
    clock.advance(7_199_999);
    tokens.check(accessToken);
    clock.advance(1);
    assert.throws(() => tokens.check(accessToken), INVALID);
  });

  it('renews once, also when the access token is over', () => {
    const clock = new FakeClock();
    const tokens = new FacadeTokens(clock, LIVES);
    const { refreshToken } = tokens.issue();
    clock.advance(8_000_000);
    tokens.check(tokens.renew(refreshToken).accessToken);
    assert.throws(() => tokens.renew(refreshToken), INVALID);
  });

  it('does not renew for ever', () => {
    const clock = new FakeClock();
    const tokens = new FacadeTokens(clock, LIVES);
    const { refreshToken } = tokens.issue();
    clock.advance(86_400_000);
    assert.throws(() => tokens.renew(refreshToken), INVALID);
  });

  it('takes no refresh token as access token, and nothing unknown', () => {
    const tokens = new FacadeTokens(new FakeClock(), LIVES);
    const { refreshToken, accessToken } = tokens.issue();
    for (const wrong of [refreshToken, '', 'x']) assert.throws(() => tokens.check(wrong), INVALID);
    assert.throws(() => tokens.renew(accessToken), INVALID);
  });

  it('forgets the oldest of too many', () => {
    const tokens = new FacadeTokens(new FakeClock(), LIVES);
    const issued = Array.from({ length: 1001 }, () => tokens.issue().accessToken);
    assert.throws(() => tokens.check(issued[0] ?? ''), INVALID);
    tokens.check(issued[1] ?? '');
  });
});
