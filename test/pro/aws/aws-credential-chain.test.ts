// Tests of where AWS keys come from, how long they are kept, and what is said when there are none.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaError } from '../../../core/base/media-error.ts';
import { AwsCredentialChain } from '../../../pro/aws/aws-credential-chain.ts';
import type { AwsCredentials, AwsCredentialSource } from '../../../pro/aws/aws-credentials.ts';
import { ContainerCredentials } from '../../../pro/aws/container-credentials.ts';
import { PackageCredentials } from '../../../pro/aws/package-credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rawReply, startScriptedServer } from '../../support/scripted-server.ts';

const { signal } = new AbortController();

class SourceDouble implements AwsCredentialSource {
  calls = 0;
  give: () => Promise<AwsCredentials | undefined> = () => Promise.resolve(undefined);

  find(): Promise<AwsCredentials | undefined> {
    this.calls++;
    return this.give();
  }
}

const keysUntil = (expiresAt: number): AwsCredentials => ({
  ...{ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't', expiresAt },
});

describe('AwsCredentialChain', () => {
  const environment = {
    ...{ AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' },
  };

  it('takes configured keys before those of the environment, and asks nobody', async () => {
    const source = new SourceDouble();
    const components = { clock: new FakeClock(), sources: [source] };
    const configured = { accessKeyId: 'own', secretAccessKey: 's' };
    const own = new AwsCredentialChain(components, { configured, environment });
    assert.deepEqual(await own.get(signal), configured);
    const fromEnvironment = new AwsCredentialChain(components, { environment });
    assert.deepEqual(await fromEnvironment.get(signal), {
      ...{ accessKeyId: 'env', secretAccessKey: 's', sessionToken: 't' },
    });
    assert.equal(source.calls, 0);
  });

  it('asks once for all, and again five minutes before the end', async () => {
    const clock = new FakeClock();
    const source = new SourceDouble();
    source.give = () => Promise.resolve(keysUntil(clock.nowMs() + 3_600_000));
    const chain = new AwsCredentialChain(
      { clock, sources: [new SourceDouble(), source] },
      { environment: {} },
    );
    await Promise.all([chain.get(signal), chain.get(signal)]);
    clock.advance(3_299_999);
    await chain.get(signal);
    assert.equal(source.calls, 1);
    clock.advance(1);
    await chain.get(signal);
    assert.equal(source.calls, 2);
    chain.forget();
    await chain.get(signal);
    assert.equal(source.calls, 3);
  });

  it('keeps new keys though a refusal of the old ones comes late', async () => {
    const source = new SourceDouble();
    source.give = () =>
      Promise.resolve({ accessKeyId: `key${source.calls}`, secretAccessKey: 's' });
    const components = { clock: new FakeClock(), sources: [source] };
    const chain = new AwsCredentialChain(components, { environment: {} });
    const askFor = async (): Promise<string> => (await chain.get(signal)).accessKeyId;
    assert.equal(await askFor(), 'key1');
    // Two requests were signed by them, and the answers come one after another.
    chain.forget('key1');
    assert.equal(await askFor(), 'key2');
    chain.forget('key1');
    assert.equal(await askFor(), 'key2');
    chain.forget('key2');
    assert.equal(await askFor(), 'key3');
  });

  it('goes on with keys that still work when new ones are not to be had', async () => {
    const clock = new FakeClock();
    const source = new SourceDouble();
    const expiresAt = clock.nowMs() + 600_000;
    source.give = () => Promise.resolve(keysUntil(expiresAt));
    const chain = new AwsCredentialChain({ clock, sources: [source] }, { environment: {} });
    await chain.get(signal);
    source.give = () => Promise.reject(new MediaError('unavailable', 'x', 'down'));
    clock.advance(400_000);
    assert.deepEqual(await chain.get(signal), keysUntil(expiresAt));
    clock.advance(200_000);
    await assert.rejects(chain.get(signal), { message: 'down' });
  });

  it('says what to set when nobody has keys, and what could be installed', async () => {
    const clock = new FakeClock();
    const gone = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' }));
    const sources = [new PackageCredentials(clock, gone)];
    const chain = new AwsCredentialChain({ clock, sources: [new SourceDouble()] }, { environment });
    assert.equal((await chain.get(signal)).accessKeyId, 'env');
    await assert.rejects(
      new AwsCredentialChain({ clock, sources }, { environment: {} }).get(signal),
      {
        ...{ kind: 'unauthenticated', code: 'aws-credentials-missing' },
        message: /^no AWS credentials: set AWS_ACCESS_KEY_ID .*npm install @aws-sdk\/credential-/u,
      },
    );
  });

  it('lets one caller leave without ending the search of the others', async () => {
    const clock = new FakeClock();
    const source = new SourceDouble();
    const { promise, resolve } = Promise.withResolvers<AwsCredentials>();
    source.give = () => promise;
    const chain = new AwsCredentialChain({ clock, sources: [source] }, { environment: {} });
    const abort = new AbortController();
    const leaving = chain.get(abort.signal);
    const staying = chain.get(signal);
    abort.abort(new MediaError('canceled', 'left', 'left'));
    await assert.rejects(leaving, { code: 'left' });
    resolve(keysUntil(clock.nowMs() + 1e6));
    assert.equal((await staying).accessKeyId, 'a');
    assert.equal(source.calls, 1);
  });
});

describe('PackageCredentials', () => {
  it('reads what the chain of AWS gives', async () => {
    const expiration = new Date(1_800_000_000_000);
    const chain = new PackageCredentials(new FakeClock(), () =>
      Promise.resolve({
        defaultProvider: () => () =>
          Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's', expiration }),
      }),
    );
    assert.deepEqual(await chain.find(), {
      ...{ accessKeyId: 'a', secretAccessKey: 's', expiresAt: expiration.getTime() },
    });
  });

  it('tells nothing found from a failure, and waits no longer than 15 s', async () => {
    const clock = new FakeClock();
    const none = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    const of = (chain: () => Promise<never>): PackageCredentials =>
      new PackageCredentials(clock, () => Promise.resolve({ defaultProvider: () => chain }));
    assert.equal(await of(() => Promise.reject(none)).find(), undefined);
    const nowhere = Object.assign(new Error('Could not load credentials from any providers'), {
      ...{ name: 'CredentialsProviderError', tryNextLink: false },
    });
    assert.equal(await of(() => Promise.reject(nowhere)).find(), undefined);
    const over = { name: 'CredentialsProviderError', tryNextLink: false };
    const login = Object.assign(new Error('the SSO session has expired'), over);
    await assert.rejects(of(() => Promise.reject(login)).find(), {
      ...{ code: 'aws-credentials-failed', message: /the SSO session has expired/u },
    });
    await assert.rejects(of(() => Promise.reject(new Error('profile p is broken'))).find(), {
      ...{ code: 'aws-credentials-failed', message: /profile p is broken/u },
    });
    const waiting = of(() => new Promise(() => undefined)).find();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(15_000);
    await assert.rejects(waiting, { message: /no answer within 15000 ms/u });
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('ContainerCredentials', () => {
  const answer = (fields: object): string => rawReply(JSON.stringify(fields));
  const KEYS = { AccessKeyId: 'a', SecretAccessKey: 'sss', Token: 't' };

  it('asks with the token of the file, and reads keys with their end', async () => {
    const Expiration = '2026-01-01T06:00:00Z';
    await using server = await startScriptedServer((socket) =>
      socket.end(answer({ ...KEYS, Expiration })),
    );
    const folder = await mkdtemp(join(tmpdir(), 'token-'));
    try {
      await writeFile(join(folder, 'token'), 'bearer-of-the-file\n');
      const found = await new ContainerCredentials(new FakeClock(), {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${server.port}/v2/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'token'),
      }).find();
      assert.deepEqual(found, {
        ...{ accessKeyId: 'a', secretAccessKey: 'sss', sessionToken: 't' },
        expiresAt: Date.parse(Expiration),
      });
      const asked = server.received[0] ?? '';
      assert.match(asked, /^GET \/v2\/credentials HTTP\/1\.1\r\n/u);
      assert.match(asked, /\r\nAuthorization: bearer-of-the-file\r\n/u);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names what is wrong, without the keys', async () => {
    const answers = [
      rawReply('secret words', 'HTTP/1.1 403 Forbidden'),
      rawReply('{'),
      answer({ ...KEYS, AccessKeyId: '' }),
    ];
    await using server = await startScriptedServer((socket) => socket.end(answers.shift() ?? ''));
    const url = `http://127.0.0.1:${server.port}/`;
    const source = new ContainerCredentials(new FakeClock(), {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
    });
    for (const problem of ['answered with 403', 'what is no JSON', 'without keys']) {
      await assert.rejects(source.find(), ({ code, message }: MediaError) => {
        assert.equal(code, 'aws-credentials-failed');
        assert.match(message, new RegExp(problem, 'u'));
        assert.doesNotMatch(message, /secret words|sss/u);
        return true;
      });
    }
  });

  it('is absent without its variables, and sends nothing in plain text to other machines', async () => {
    const clock = new FakeClock();
    assert.equal(await new ContainerCredentials(clock, {}).find(), undefined);
    for (const url of ['http://192.0.2.1/', 'http://localhost.example/', 'nonsense']) {
      const source = new ContainerCredentials(clock, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
      await assert.rejects(source.find(), { code: 'aws-credentials-failed' });
    }
  });
});
