// HTTPS: errors that name file and key, and certificates exchanged while the server runs.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { readTlsFiles, TlsFileWatcher, type TlsMaterial } from '../../../core/base/tls-files.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { httpRequest, rawExchange } from '../../support/http-client.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { makeSelfSignedPair, type SelfSignedPair } from '../../support/self-signed-pair.ts';
import { open, startListener } from '../http/listener-fixture.ts';

describe('TLS files', () => {
  const first = makeSelfSignedPair();
  const second = makeSelfSignedPair();
  let folder: string;
  let files: Parameters<typeof readTlsFiles>[0];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-files-'));
    files = {
      key: { path: join(folder, 'server.key'), configKey: 'webrtcServerKey' },
      cert: { path: join(folder, 'server.crt'), configKey: 'webrtcServerCert' },
    };
  });

  beforeEach(() => write(first));
  after(() => rm(folder, { recursive: true }));

  /** As certificate managers do: whole files, by rename. */
  async function write({ key, cert }: SelfSignedPair): Promise<void> {
    await writeFile(`${files.key.path}.new`, key);
    await writeFile(`${files.cert.path}.new`, cert);
    await rename(`${files.key.path}.new`, files.key.path);
    await rename(`${files.cert.path}.new`, files.cert.path);
  }

  describe('readTlsFiles()', () => {
    it('names the missing file, its key, and the command that makes a pair', async () => {
      await rm(files.cert.path);
      await assert.rejects(readTlsFiles(files), (thrown) => {
        assert(thrown instanceof Error);
        assert(
          thrown.message.startsWith(
            `webrtcServerCert '${files.cert.path}' cannot be read (ENOENT)`,
          ),
        );
        assert.match(
          thrown.message,
          /openssl req -x509 .* -keyout .*server\.key -out .*server\.crt$/u,
        );
        return true;
      });
    });

    it('names both when they do not belong together or are no PEM', async () => {
      for (const pair of [
        { key: first.key, cert: second.cert },
        { key: 'x', cert: 'y' },
      ]) {
        await write(pair);
        await assert.rejects(readTlsFiles(files), {
          code: 'tls-file-invalid',
          message:
            /^webrtcServerKey '.*' and webrtcServerCert '.*' are not a key and its certificate/u,
        });
      }
    });
  });

  describe('TlsFileWatcher', () => {
    it('tells of a changed pair, keeps the old one when the new does not fit', async () => {
      const clock = new FakeClock();
      const logger = new RecordingLogger();
      const changes: TlsMaterial[] = [];
      const onChange = (material: TlsMaterial): void => void changes.push(material);
      const watcher = new TlsFileWatcher({ clock, logger, onChange }, files);
      const look = async (): Promise<void> => {
        clock.advance(5000);
        await watcher.check();
      };
      await watcher.check();
      await look();
      assert.equal(changes.length, 0);

      await write(second);
      await look();
      assert.equal(changes[0]?.cert.toString(), second.cert);

      await write({ key: first.key, cert: second.cert });
      await look();
      await look();
      await rm(files.key.path);
      await look();
      assert.equal(changes.length, 1);
      const errors = logger.lines.filter(({ level }) => level === 'error');
      assert.equal(errors.length, 1);
      assert.match(
        errors[0]?.message ?? '',
        /^certificate not reloaded, the old one stays in use: /u,
      );

      await write(first);
      await look();
      assert.equal(changes.length, 2);
      watcher.close();
      assert.equal(clock.pendingTimers, 0);
    });
  });

  it('serve HTTPS, refuse plain HTTP without harm', async () => {
    const action = ({
      isSecure,
    }: {
      readonly isSecure: boolean;
    }): { status: number; body: string } => ({
      status: 200,
      body: String(isSecure),
    });
    const routes = [{ methods: ['GET'], pattern: '/', access: open, action }] as const;
    await using fixture = await startListener({ routes, tls: files });
    const { port } = fixture;
    assert.equal(await rawExchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '');
    const reply = await httpRequest({ port, ca: first.cert });
    assert.deepEqual([reply.status, reply.body], [200, 'true']);
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      ca: first.cert,
      servername: 'localhost',
    });
    await once(socket, 'secureConnect');
    assert.equal(
      socket.getPeerX509Certificate()?.fingerprint256,
      new X509Certificate(first.cert).fingerprint256,
    );
    socket.destroy();
  });

  it('stop the start of a listener when they are missing, leaving nothing open', async () => {
    await rm(files.key.path);
    await assert.rejects(startListener({ routes: [], tls: files }), {
      code: 'tls-file-unreadable',
    });
  });
});
