// From HTTP headers to the authorizer's question, and the warnings about open access.
import assert from 'node:assert/strict';
import type { AccessRequest } from '../../../core/auth/access-request.ts';
import { httpAccess } from '../../../core/auth/http-access.ts';
import { credentialsFromHttp } from '../../../core/auth/http-credentials.ts';
import type { InternalUser } from '../../../core/auth/internal-user.ts';
import { warnOpenAccess } from '../../../core/auth/open-access.ts';

describe('credentialsFromHttp()', () => {
  for (const [authorization, expected] of [
    [undefined, { type: 'none' }],
    ['', { type: 'none' }],
    ['Basic dTpwOjE=', { type: 'password', user: 'u', password: 'p:1' }],
    ['Bearer u:p:1', { type: 'password', user: 'u', password: 'p:1' }],
    ['Bearer eyJ.a_b.c-d', { type: 'bearer', token: 'eyJ.a_b.c-d' }],
  ] as const) {
    it(`reads '${authorization ?? 'no header'}'`, () => {
      assert.deepEqual(credentialsFromHttp({ authorization }), expected);
    });
  }

  it('refuses malformed headers and schemes that are not offered, as the client mistakes they are', () => {
    const kind = 'invalid-argument';
    assert.throws(() => credentialsFromHttp({ authorization: 'Basic' }), {
      ...{ kind, code: 'malformed-authorization' },
    });
    const digest =
      'Digest username="u", realm="r", nonce="n", uri="/", response="00000000000000000000000000000000"';
    for (const authorization of [digest, 'Negotiate abc']) {
      assert.throws(() => credentialsFromHttp({ authorization }), {
        ...{ kind, code: 'unsupported-auth-scheme' },
      });
    }
  });
});

describe('httpAccess()', () => {
  it('asks the authorizer with what the listener knows', async () => {
    const asked: [AccessRequest, AbortSignal | undefined][] = [];
    const authorizer = {
      authorize: (request: AccessRequest, signal?: AbortSignal) => {
        asked.push([request, signal]);
        return Promise.resolve({ user: 'u' });
      },
    };
    const { signal } = new AbortController();
    const headers = { authorization: 'Basic dTpw', 'user-agent': 'test/1' };
    const question = { path: 'cam', headers, ip: '::1', requestId: 'r1', query: 'a=1', signal };
    const gate = httpAccess(authorizer, 'webrtc');
    assert.deepEqual(await gate({ ...question, action: 'read' }), { user: 'u' });
    assert.deepEqual(asked, [
      [
        {
          action: 'read',
          path: 'cam',
          credentials: { type: 'password', user: 'u', password: 'p' },
          ip: '::1',
          protocol: 'webrtc',
          id: 'r1',
          query: 'a=1',
          userAgent: 'test/1',
        },
        signal,
      ],
    ]);
  });
});

describe('warnOpenAccess()', () => {
  const user: InternalUser = {
    user: 'any',
    pass: '',
    ips: [],
    permissions: [
      { action: 'publish', path: '' },
      { action: 'read', path: 'lobby' },
    ],
  };

  it('names what anybody may do, from where', () => {
    assert.deepEqual(warnOpenAccess([user]), [
      "anybody from any address may publish streams; read streams (only 'lobby') (authInternalUsers[0])",
    ]);
    assert.match(warnOpenAccess([{ ...user, ips: ['::1', '0.0.0.0/0'] }])[0] ?? '', /any address/u);
    const ips = ['127.0.0.1', '10.0.0.0/8', { text: '172.16.0.0/12' }, 'fd00::/8', 'fe80::/10'];
    assert.match(
      warnOpenAccess([{ ...user, ips }])[0] ?? '',
      /from 10\.0\.0\.0\/8, 172\.16\.0\.0\/12, fd00::\/8 and 1 more networks may/u,
    );
  });

  it('says nothing of this machine alone, of good passwords and of users without permissions', () => {
    assert.deepEqual(
      warnOpenAccess([
        { ...user, ips: ['127.0.0.0/8', '::1', '::ffff:127.0.0.1'] },
        { ...user, user: 'alice', pass: 'long enough' },
        { ...user, user: 'alice', pass: 'sha256:abc' },
        { ...user, permissions: [] },
      ]),
      [],
    );
    assert.equal(warnOpenAccess([{ ...user, ips: ['127.0.0.0/7'] }]).length, 1);
  });

  it('names users without or with a short password, never the password', () => {
    assert.deepEqual(
      warnOpenAccess([
        { ...user, user: 'alice', permissions: [{ action: 'api', path: '' }] },
        { ...user, user: 'sha256:abc', pass: 'admin' },
      ]),
      [
        "user 'alice' needs no password from any address to change the configuration over the API (authInternalUsers[0])",
        'a user with a hashed name has a password of 5 characters (authInternalUsers[1])',
      ],
    );
  });
});
