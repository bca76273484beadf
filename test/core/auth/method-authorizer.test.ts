// Tests of the authorizer of the server: it follows authMethod, also when that changes while it runs.
import assert from 'node:assert/strict';
import type { AccessRequest, Credentials } from '../../../core/auth/access-request.ts';
import { MethodAuthorizer } from '../../../core/auth/method-authorizer.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { GlobalConfig } from '../../../core/config/config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { AuthService } from '../../support/auth-service.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { keySetOf, TokenMaker } from '../../support/token-maker.ts';

const ANN = '{ user: ann, pass: wonder, permissions: [{ action: read }] }';
const clock = new FakeClock();

function settings(yml: string): GlobalConfig {
  return loadConfig({ text: yml, env: {} }).global;
}

function start(yml: string): { authorizer: MethodAuthorizer; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const authorizer = new MethodAuthorizer(settings(yml), { clock, logger }, { maxDelayMs: 0 });
  return { authorizer, logger };
}

async function ask(
  authorizer: Pick<MethodAuthorizer, 'authorize'>,
  credentials: Credentials,
): Promise<string> {
  const request: AccessRequest = {
    ...{ action: 'read', path: 'cam', credentials, ip: '10.0.0.5', protocol: 'rtsp' },
    ...{ id: '', query: '', userAgent: '' },
  };
  try {
    return `granted to '${(await authorizer.authorize(request)).user}'`;
  } catch (thrown) {
    return thrown instanceof MediaError ? thrown.code : String(thrown);
  }
}

const none: Credentials = { type: 'none' };
const ann: Credentials = { type: 'password', user: 'ann', password: 'wonder' };
const bob: Credentials = { type: 'password', user: 'bob', password: 'builder' };

describe('MethodAuthorizer', () => {
  it('changes from users to a service and back', async () => {
    await using service = await AuthService.start(({ body }) => ({
      status: body.includes('bob') ? 200 : 401,
    }));
    const internal = `authInternalUsers: [${ANN}]`;
    const { authorizer } = start(internal);
    assert.equal(await ask(authorizer, ann), "granted to 'ann'");
    authorizer.reconfigure(settings(`authMethod: http\nauthHTTPAddress: ${service.url}`));
    assert.equal(await ask(authorizer, ann), 'authentication-failed');
    assert.equal(await ask(authorizer, bob), "granted to 'bob'");
    authorizer.reconfigure(settings(internal));
    assert.equal(await ask(authorizer, ann), "granted to 'ann'");
    assert.equal(await ask(authorizer, bob), 'authentication-failed');
    authorizer.close();
  });

  it('checks tokens with the keys of its service, and with new ones after refreshKeys()', async () => {
    const [old, fresh] = [new TokenMaker('p256', 'key-1'), new TokenMaker('p256', 'key-2')];
    let served = old;
    await using service = await AuthService.start(() => ({
      status: 200,
      body: keySetOf(served.jwk()),
    }));
    const { authorizer, logger } = start(`authMethod: jwt\nauthJWTJWKS: ${service.url}`);
    const tokenOf = (maker: TokenMaker): Credentials => ({
      type: 'bearer',
      token: maker.sign({ sub: 'ann', mediamtx_permissions: [{ action: 'read' }] }),
    });
    assert.equal(await ask(authorizer, tokenOf(old)), "granted to 'ann'");
    served = fresh;
    assert.equal(await ask(authorizer, tokenOf(old)), "granted to 'ann'");
    authorizer.refreshKeys();
    assert.equal(await ask(authorizer, tokenOf(old)), 'authentication-failed');
    assert.equal(await ask(authorizer, tokenOf(fresh)), "granted to 'ann'");
    assert.equal(service.questions.length, 2);
    assert.doesNotMatch(JSON.stringify(logger.lines), /eyJ/u);
    authorizer.close();
  });

  it('keeps the old settings when the new ones are wrong', async () => {
    const { authorizer } = start(`authInternalUsers: [${ANN}]`);
    const wrong = { ...settings(''), authMethod: 'http', authHTTPAddress: 'ftp://h' } as const;
    assert.throws(() => authorizer.reconfigure(wrong), { code: 'auth-url-invalid' });
    assert.equal(await ask(authorizer, ann), "granted to 'ann'");
  });

  it('counts wrong guesses on through a change', async () => {
    const { authorizer } = start(`authInternalUsers: [${ANN}]`);
    for (let turn = 0; turn < 5; turn++) {
      await ask(authorizer, { ...bob, password: `${turn}` });
    }
    authorizer.reconfigure(settings('authInternalUsers: [{ user: bob, pass: builder }]'));
    assert.equal(await ask(authorizer, bob), 'too-many-failed-logins');
  });

  it('knows a view in which nobody is anybody', async () => {
    const any = '{ user: any, permissions: [{ action: read }] }';
    const { authorizer } = start(`authInternalUsers: [${any}, ${ANN}]`);
    assert.equal(await ask(authorizer, none), "granted to ''");
    assert.equal(await ask(authorizer.named, none), 'authentication-required');
    assert.equal(await ask(authorizer.named, ann), "granted to 'ann'");
    authorizer.reconfigure(settings(`authInternalUsers: [${any}]`));
    assert.equal(await ask(authorizer.named, ann), 'authentication-failed');
  });

  it('warns of what is open', () => {
    const any = '{ user: any, permissions: [{ action: read }] }';
    const exclude = '[{ action: read, path: a }, { action: metrics }]';
    for (const [yml, warnings] of [
      [`authInternalUsers: [${any}]`, /^anybody from any address may read streams/u],
      [
        `authMethod: http\nauthHTTPAddress: http://h/\nauthHTTPExclude: ${exclude}`,
        /^anybody from any address may read streams \(only 'a'\); read metrics \(authHTTPExclude\)$/u,
      ],
      [
        `authMethod: jwt\nauthJWTJWKS: https://h/\nauthJWTExclude: ${exclude}`,
        /\(authJWTExclude\)$/u,
      ],
    ] as const) {
      assert.match(start(yml).authorizer.warnings.join('\n'), warnings);
    }
    const closed = start('authMethod: jwt\nauthJWTJWKS: https://h/').authorizer;
    assert.deepEqual(closed.warnings, []);
  });
});
