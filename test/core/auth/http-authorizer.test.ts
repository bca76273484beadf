// Tests of authMethod http: what the service is asked, what its answers mean, and what happens without one.
import assert from 'node:assert/strict';
import type { AccessRequest, Credentials } from '../../../core/auth/access-request.ts';
import type { AuthHttpAnswer, AuthHttpQuestion } from '../../../core/auth/auth-http-client.ts';
import { HttpAuthorizer, type HttpAuthorizerOptions } from '../../../core/auth/http-authorizer.ts';
import { LoginGuard, type LoginGuardOptions } from '../../../core/auth/login-guard.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const ann: Credentials = { type: 'password', user: 'ann', password: 'wonder' };
const ID = '7f5b9e0c-1f0a-4c3e-9c0e-0a4ad1a5a0bd';

function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    ...{ action: 'read', path: 'cam', credentials: ann, ip: '10.0.0.5', protocol: 'rtsp' },
    ...{ id: ID, query: 'a=b&c', userAgent: 'VLC' },
    ...changes,
  };
}

class Rig {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly questions: unknown[] = [];
  answer: (question: AuthHttpQuestion) => Promise<AuthHttpAnswer> = () => status(200);
  readonly authorizer: HttpAuthorizer;

  constructor(
    options: Partial<HttpAuthorizerOptions> = {},
    guardOptions: LoginGuardOptions = { maxDelayMs: 0 },
  ) {
    const { clock, logger } = this;
    const guard = new LoginGuard({ clock, logger }, guardOptions);
    const client = {
      place: 'idp:80',
      ask: (question: AuthHttpQuestion) => {
        this.questions.push(JSON.parse(question.body ?? ''));
        return this.answer(question);
      },
    };
    this.authorizer = new HttpAuthorizer(
      { clock, logger, guard, client },
      { exclude: [], ...options },
    );
  }

  /** 'granted to <user>' or the code of the refusal. */
  async ask(changes: Partial<AccessRequest> = {}, signal?: AbortSignal): Promise<string> {
    try {
      const { user } = await this.authorizer.authorize(request(changes), signal);
      return `granted to '${user}'`;
    } catch (thrown) {
      return thrown instanceof MediaError ? thrown.code : String(thrown);
    }
  }
}

function status(code: number, text = ''): Promise<AuthHttpAnswer> {
  return Promise.resolve({ status: code, text, isCut: false });
}

describe('HttpAuthorizer', () => {
  it('asks as the peer does', async () => {
    const rig = new Rig();
    assert.equal(await rig.ask(), "granted to 'ann'");
    const token: Credentials = { type: 'bearer', token: 'abc' };
    await rig.ask({ credentials: token, protocol: 'webrtc', id: 'no-uuid', action: 'publish' });
    await rig.ask({ credentials: { type: 'none' }, protocol: 'http', action: 'api', path: '' });
    const client = { ip: '10.0.0.5', query: 'a=b&c', userAgent: 'VLC' };
    assert.deepEqual(rig.questions, [
      {
        ...client,
        ...{ user: 'ann', password: 'wonder', token: '' },
        ...{ action: 'read', path: 'cam', protocol: 'rtsp', id: ID },
      },
      {
        ...client,
        ...{ user: '', password: '', token: 'abc' },
        ...{ action: 'publish', path: 'cam', protocol: 'webrtc', id: null },
      },
      {
        ...client,
        ...{ user: '', password: '', token: '' },
        ...{ action: 'api', path: '', protocol: '', id: ID },
      },
    ]);
  });

  it('allows on any 2xx and on nothing else', async () => {
    for (const [code, expected] of [
      [200, "granted to 'ann'"],
      [204, "granted to 'ann'"],
      [299, "granted to 'ann'"],
      [100, 'authentication-failed'],
      [300, 'authentication-failed'],
      [302, 'authentication-failed'],
      [401, 'authentication-failed'],
      [403, 'permission-denied'],
      [500, 'authentication-failed'],
    ] as const) {
      const rig = new Rig();
      rig.answer = () => status(code);
      assert.equal(await rig.ask(), expected, `${code}`);
    }
  });

  it('asks for credentials when the service lets nobody in without', async () => {
    const rig = new Rig();
    rig.answer = () => status(401);
    const asked = rig.authorizer.authorize(request({ credentials: { type: 'none' } }));
    await assert.rejects(asked, {
      ...{ code: 'authentication-required', message: 'authentication error' },
      context: { hadCredentials: false, action: 'read', path: 'cam', ip: '10.0.0.5' },
    });
    assert.deepEqual(rig.logger.lines, []);
  });

  it('does not ask for what is excluded', async () => {
    const rig = new Rig({
      exclude: [
        { action: 'metrics', path: '' },
        { action: 'read', path: '~^open/' },
      ],
    });
    rig.answer = () => status(401);
    assert.equal(await rig.ask({ action: 'metrics', path: '' }), "granted to ''");
    assert.equal(await rig.ask({ path: 'open/a' }), "granted to ''");
    assert.equal(rig.questions.length, 0);
    assert.equal(await rig.ask({ path: 'closed/open/' }), 'authentication-failed');
    assert.equal(await rig.ask({ action: 'publish', path: 'open/a' }), 'authentication-failed');
  });

  it('asks every time, also for who was let in before', async () => {
    const rig = new Rig();
    await rig.ask();
    rig.answer = () => status(401);
    assert.equal(await rig.ask(), 'permission-denied');
    assert.equal(rig.questions.length, 2);
  });

  it('slows down guesses, but not known clients without permission', async () => {
    const rig = new Rig();
    await rig.ask();
    rig.answer = () => status(403);
    for (let turn = 0; turn < 50; turn++) assert.equal(await rig.ask(), 'permission-denied');
    rig.answer = () => status(200);
    assert.equal(await rig.ask(), "granted to 'ann'");
    rig.answer = () => status(401);
    const guess = (password: string): Promise<string> =>
      rig.ask({ credentials: { ...ann, password } });
    for (let turn = 0; turn < 5; turn++) await guess(`guess ${turn}`);
    rig.answer = () => status(200);
    const { length } = rig.questions;
    assert.equal(await guess('right at last'), 'too-many-failed-logins');
    assert.equal(rig.questions.length, length);
  });

  it('pauses before it refuses wrong credentials only', async () => {
    const rig = new Rig({}, { maxDelayMs: 4000 });
    rig.answer = ({ body = '' }) => status(body.includes('wonder') ? 200 : 401);
    assert.equal(await rig.ask(), "granted to 'ann'");
    assert.equal(await rig.ask({ credentials: { type: 'none' } }), 'authentication-required');
    let isRefused = false;
    const asked = rig.ask({ credentials: { ...ann, password: 'x' } }).then((code) => {
      isRefused = true;
      return code;
    });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    // One in 4001 draws no pause at all; then there is nothing to wait for.
    assert.equal(isRefused, rig.clock.pendingTimers === 0);
    rig.clock.advance(4000);
    assert.equal(await asked, 'authentication-failed');
  });

  it('makes nobody wait for the answer that somebody else waits for', async () => {
    const rig = new Rig();
    const slow = Promise.withResolvers<AuthHttpAnswer>();
    rig.answer = ({ body = '' }) => (body.includes('"slow"') ? slow.promise : status(200));
    const waiting = rig.ask({ path: 'slow' });
    assert.equal(await rig.ask({ path: 'fast' }), "granted to 'ann'");
    slow.resolve({ status: 200, text: '', isCut: false });
    assert.equal(await waiting, "granted to 'ann'");
  });

  it('refuses clearly when too many answers are outstanding, of one network first', async () => {
    const rig = new Rig({ maxCalls: 3, maxCallsPerNetwork: 2 });
    const held = Promise.withResolvers<AuthHttpAnswer>();
    rig.answer = () => held.promise;
    const waiting = [rig.ask(), rig.ask()];
    assert.equal(await rig.ask(), 'auth-busy');
    waiting.push(rig.ask({ ip: '10.0.0.6' }));
    assert.equal(await rig.ask({ ip: '10.0.0.7' }), 'auth-busy');
    held.resolve({ status: 200, text: '', isCut: false });
    assert.deepEqual(await Promise.all(waiting), Array(3).fill("granted to 'ann'"));
    assert.equal(await rig.ask(), "granted to 'ann'");
  });

  it('refuses as unavailable without an answer, says why in the log, and counts no guess', async () => {
    const rig = new Rig();
    rig.answer = () => Promise.reject(new MediaError('unavailable', 'x', 'ECONNREFUSED; idp:80'));
    for (let turn = 0; turn < 20; turn++) assert.equal(await rig.ask(), 'auth-unavailable');
    assert.deepEqual(
      rig.logger.lines.map(({ level, message }) => `${level} ${message}`),
      ['error authHTTPAddress: ECONNREFUSED; idp:80'],
    );
    await assert.rejects(rig.authorizer.authorize(request()), { kind: 'unavailable' });
    rig.answer = () => status(200);
    assert.equal(await rig.ask(), "granted to 'ann'");
  });

  it('ends the question of a client that leaves', async () => {
    const rig = new Rig();
    rig.answer = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const abort = new AbortController();
    const asked = rig.ask({}, abort.signal);
    abort.abort();
    assert.equal(await asked, 'auth-canceled');
    assert.deepEqual(rig.logger.lines, []);
  });

  it('logs why the service refused, never a secret that it quotes', async () => {
    const rig = new Rig();
    const credentials: Credentials = { type: 'password', user: 'ann', password: 'p"w\\d' };
    rig.answer = () => status(401, 'locked\nout');
    await rig.ask({ credentials });
    rig.answer = ({ body = '' }) => status(401, `bad: ${body}`);
    await rig.ask({ credentials: { ...credentials, password: 'q"w\\d' } });
    const debug = rig.logger.lines.filter(({ level }) => level === 'debug');
    assert.deepEqual(
      debug.map(({ message }) => message),
      [
        'the authentication service refused with 401: locked out',
        'the authentication service refused with 401: (it quotes a secret)',
      ],
    );
    assert.doesNotMatch(JSON.stringify(rig.logger.lines), /w\\+d/u);
  });
});
