// Digest authentication: the vectors of RFC 2069, 7616, real cameras' headers, and round trips.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import {
  computeDigestResponse,
  createDigestChallenge,
  formatBasicAuthorization,
  formatDigestAuthorization,
  parseAuthenticateHeader,
  parseAuthorizationHeader,
  selectChallenge,
  verifyDigestResponse,
  type DigestAuthorization,
} from '../../../core/auth/digest.ts';

const mufasa = {
  user: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  method: 'GET',
  uri: '/dir/index.html',
  count: { nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
};

function digestOf(header: string): DigestAuthorization {
  const parsed = parseAuthorizationHeader(header);
  assert(parsed.type === 'digest');
  return parsed;
}

describe('computeDigestResponse()', () => {
  it('gives the MD5 response of RFC 7616 section 3.9.1', () => {
    const response = computeDigestResponse({ ...mufasa, algorithm: 'MD5' });
    assert.equal(response, '8ca523f5e9506fed4657c9700eebdbec');
  });

  it('gives the SHA-256 response of RFC 7616 section 3.9.1', () => {
    const response = computeDigestResponse({ ...mufasa, algorithm: 'SHA-256' });
    assert.equal(response, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('gives the response of RFC 2617 section 3.5', () => {
    const response = computeDigestResponse({
      algorithm: 'MD5',
      user: 'Mufasa',
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      method: 'GET',
      uri: '/dir/index.html',
      count: { nc: '00000001', cnonce: '0a4f113b' },
    });
    assert.equal(response, '6629fae49393a05397450978507c4ef1');
  });

  it('gives the response without qop of RFC 2069 (errata 749)', () => {
    const response = computeDigestResponse({
      algorithm: 'MD5',
      user: 'Mufasa',
      realm: 'testrealm@host.com',
      password: 'CircleOfLife',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      method: 'GET',
      uri: '/dir/index.html',
    });
    assert.equal(response, '1949323746fe6a43ef61f9606e7febea');
  });
});

describe('parseAuthenticateHeader()', () => {
  it('reads the two challenges of RFC 7616 section 3.9.1 from two headers', () => {
    const rest = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="n/0", opaque="FQhe"';
    const challenges = parseAuthenticateHeader([
      `Digest ${rest}, algorithm=SHA-256`,
      `Digest ${rest}, algorithm=MD5`,
    ]);
    assert.deepEqual(
      challenges.map((item) => item.type === 'digest' && [item.algorithm, item.qop, item.opaque]),
      [
        ['SHA-256', 'auth', 'FQhe'],
        ['MD5', 'auth', 'FQhe'],
      ],
    );
  });

  it('reads several challenges in one header, commas in quotes and a stale nonce', () => {
    const challenges = parseAuthenticateHeader(
      'Basic realm="a, \\"b\\" = c", Negotiate, Digest realm="x,y" , nonce=abc=, stale=TRUE,',
    );
    assert.deepEqual(challenges, [
      { type: 'basic', realm: 'a, "b" = c' },
      { type: 'unsupported', reason: "scheme 'negotiate'" },
      {
        type: 'digest',
        realm: 'x,y',
        nonce: 'abc=',
        opaque: undefined,
        algorithm: 'MD5',
        hasAlgorithm: false,
        qop: undefined,
        stale: true,
      },
    ]);
  });

  it('reads a quoted algorithm in lower case, as some cameras write it', () => {
    const [challenge] = parseAuthenticateHeader('digest Realm=cam,Nonce="1",algorithm="md5"');
    assert(challenge?.type === 'digest');
    assert.equal(challenge.algorithm, 'MD5');
    assert.equal(challenge.hasAlgorithm, true);
  });

  it('names a -sess algorithm and qop=auth-int as unsupported', () => {
    assert.deepEqual(
      parseAuthenticateHeader([
        'Digest realm="r", nonce="n", algorithm=MD5-sess',
        'Digest realm="r", nonce="n", qop="auth-int"',
      ]),
      [
        { type: 'unsupported', reason: "Digest algorithm 'MD5-sess'" },
        { type: 'unsupported', reason: "Digest qop 'auth-int'" },
      ],
    );
  });

  for (const header of [
    'Digest realm="open',
    'Digest realm="a", realm="b"',
    '=',
    'Digest realm="a" "b"',
    'a'.repeat(8193),
    'a,'.repeat(17),
    `Digest ${Array.from({ length: 33 }, (_, index) => `p${index}=1`).join(',')}`,
  ]) {
    it(`refuses ${header.slice(0, 30)} (${header.length} characters)`, () => {
      assert.throws(() => parseAuthenticateHeader(header), { code: 'malformed-authorization' });
    });
  }

  it('returns challenges or throws MediaError on any text', () => {
    const part = fc.constantFrom(
      'Digest ',
      'Basic',
      '"',
      '\\',
      ',',
      '=',
      'realm',
      ' ',
      'nonce="1"',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 20 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (header) => {
        try {
          return parseAuthenticateHeader(header).length >= 0;
        } catch (thrown) {
          return thrown instanceof MediaError;
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('takes linear time on a long run of backslashes and spaces', () => {
    const startedAt = performance.now();
    for (const filler of ['\\', ' ', 'a', '"', 'a=,', '= ']) {
      for (const scheme of ['Digest realm="', 'Digest ', '']) {
        const header = (scheme + filler.repeat(8192)).slice(0, 8192);
        assert.doesNotThrow(() => {
          try {
            parseAuthenticateHeader(header);
          } catch (thrown) {
            if (!(thrown instanceof MediaError)) throw thrown;
          }
        });
      }
    }
    assert(performance.now() - startedAt < 500);
  });
});

describe('selectChallenge()', () => {
  it('prefers SHA-256 to MD5 to Basic', () => {
    const basic = 'Basic realm="r"';
    const md5 = 'Digest realm="r", nonce="n"';
    const all = parseAuthenticateHeader([basic, md5, `${md5}, algorithm=SHA-256`]);
    assert.equal(selectChallenge(all), all[2]);
    assert.equal(selectChallenge(all.slice(0, 2)), all[1]);
    assert.equal(selectChallenge(all.slice(0, 1)), all[0]);
  });

  it('names what it cannot answer', () => {
    const challenges = parseAuthenticateHeader('Digest realm="r", algorithm=SHA-256-sess, NTLM');
    assert.throws(() => selectChallenge(challenges), {
      code: 'unsupported-auth-challenge',
      message: /'SHA-256-sess', scheme 'ntlm'/u,
    });
    assert.throws(() => selectChallenge([]), { message: /none was sent/u });
  });
});

describe('parseAuthorizationHeader()', () => {
  it('reads the example of RFC 7616 section 3.9.1 and verifies it', () => {
    const header = `Digest username="Mufasa",
      realm="http-auth@example.org",
      uri="/dir/index.html",
      algorithm=SHA-256,
      nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
      nc=00000001,
      cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
      qop=auth,
      response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
      opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`.replace(/\n */gu, ' ');
    const parsed = digestOf(header);
    assert(verifyDigestResponse(parsed, { password: 'Circle of Life', method: 'GET' }));
    assert(!verifyDigestResponse(parsed, { password: 'Circle of Life', method: 'POST' }));
    assert(!verifyDigestResponse(parsed, { password: 'circle of life', method: 'GET' }));
  });

  it('reads Basic with a colon in the password and with UTF-8', () => {
    const header = formatBasicAuthorization('zoë', 'a:b:ç');
    assert.deepEqual(parseAuthorizationHeader(header), {
      type: 'basic',
      user: 'zoë',
      password: 'a:b:ç',
    });
  });

  it('reads Bearer with any characters but spaces', () => {
    assert.deepEqual(parseAuthorizationHeader('bearer user:p@ss,"w'), {
      type: 'bearer',
      token: 'user:p@ss,"w',
    });
  });

  const complete = 'Digest username="u", realm="r", nonce="n", uri="/", response="';
  const md5 = '0'.repeat(32);
  for (const [header, code] of [
    ['', 'malformed-authorization'],
    ['Basic', 'malformed-authorization'],
    ['Basic !!!', 'malformed-authorization'],
    [`Basic ${Buffer.from('nocolon').toString('base64')}`, 'malformed-authorization'],
    ['Bearer ', 'malformed-authorization'],
    ['Bearer a b', 'malformed-authorization'],
    ['Digest', 'malformed-authorization'],
    ['Digest username="u"', 'malformed-authorization'],
    [`${complete}abc"`, 'malformed-authorization'],
    [`${complete}${md5}", algorithm=SHA-256`, 'malformed-authorization'],
    [`${complete}${md5}", qop=auth`, 'malformed-authorization'],
    [`${complete}${md5}", qop=auth, nc=1, cnonce="c"`, 'malformed-authorization'],
    [`${complete}${md5}", Digest realm="r"`, 'malformed-authorization'],
    [`${complete}${md5}", algorithm=MD5-sess`, 'unsupported-auth-scheme'],
    [`${complete}${md5}", userhash=true`, 'unsupported-auth-scheme'],
    [`${complete}${md5}", qop=auth-int`, 'unsupported-auth-scheme'],
    ['NTLM abc', 'unsupported-auth-scheme'],
  ] as const) {
    it(`refuses '${header.slice(0, 12)}…${header.slice(-24)}' as ${code}`, () => {
      assert.throws(() => parseAuthorizationHeader(header), { code });
    });
  }

  it('never puts the credentials into the error text', () => {
    for (const header of ['Basic c2VjcmV0', 'Bearer sec ret', 'Digest username="secret", x']) {
      assert.throws(
        () => parseAuthorizationHeader(header),
        (thrown) => thrown instanceof MediaError && !/c2V|sec|ret"/u.test(thrown.message),
      );
    }
  });
});

describe('formatDigestAuthorization()', () => {
  const text = fc.string({
    unit: fc.constantFrom(...'a Z 0 9 , " \\ = : ; é / ? & @'.split(' '), ' '),
    maxLength: 12,
  });

  it('makes what createDigestChallenge(), the parsers and verifyDigestResponse() accept', () => {
    const parameters = fc.record({
      ...{ user: text, password: text, realm: text, nonce: text, uri: text, opaque: text },
      algorithm: fc.constantFrom('MD5' as const, 'SHA-256' as const),
      hasQop: fc.boolean(),
      stale: fc.boolean(),
    });
    fc.assert(
      fc.property(parameters, ({ user, password, uri, hasQop, ...rest }) => {
        const header = createDigestChallenge({ ...rest, ...(hasQop ? { qop: 'auth' } : {}) });
        const challenge = selectChallenge(parseAuthenticateHeader(header));
        assert(challenge.type === 'digest');
        assert.equal(challenge.stale, rest.stale);
        const answer = { challenge, user, password, method: 'DESCRIBE', uri, nonceCount: 26 };
        const parsed = digestOf(formatDigestAuthorization(answer));
        assert.deepEqual(
          [parsed.user, parsed.realm, parsed.nonce, parsed.uri, parsed.opaque],
          [user, rest.realm, rest.nonce, uri, rest.opaque],
        );
        assert.equal(parsed.count?.nc, hasQop ? '0000001a' : undefined);
        assert(verifyDigestResponse(parsed, { password, method: 'DESCRIBE' }));
        assert(!verifyDigestResponse(parsed, { password: `${password}x`, method: 'DESCRIBE' }));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not echo an algorithm that the server did not write', () => {
    const challenge = selectChallenge(parseAuthenticateHeader('Digest realm="r", nonce="n"'));
    assert(challenge.type === 'digest');
    const answer = { challenge, user: 'u', password: 'p', method: 'OPTIONS', uri: '*' };
    assert.doesNotMatch(formatDigestAuthorization(answer), /algorithm|qop|cnonce|opaque/u);
  });

  it('refuses control characters, which would break out of the header', () => {
    assert.throws(
      () => createDigestChallenge({ realm: 'a\r\nX: 1', nonce: 'n', algorithm: 'MD5' }),
      { code: 'malformed-authorization' },
    );
  });
});
