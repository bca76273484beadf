// The checks of the doctor, each with a machine and a configuration that has what it looks for.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { checkAccess } from '../../../../pro/command/doctor/check-access.ts';
import { checkCandidates } from '../../../../pro/command/doctor/check-candidates.ts';
import { checkIceServers } from '../../../../pro/command/doctor/check-ice-servers.ts';
import { checkMachine } from '../../../../pro/command/doctor/check-machine.ts';
import { checkPorts } from '../../../../pro/command/doctor/check-ports.ts';
import { checkRecordings } from '../../../../pro/command/doctor/check-recordings.ts';
import { checkTls } from '../../../../pro/command/doctor/check-tls.ts';
import { checkUdpBuffers } from '../../../../pro/command/doctor/check-udp-buffers.ts';
import type { Finding } from '../../../../pro/command/doctor/finding.ts';
import { makeSelfSignedPair } from '../../../support/self-signed-pair.ts';
import { DoctorFixture } from './doctor-fixture.ts';

function only(findings: readonly Finding[]): Finding {
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0] ?? { status: 'problem', check: '', message: '' };
}

function ipv4(address: string): NetworkInterfaceInfo {
  const mac = '00:00:00:00:00:00';
  const internal = address.startsWith('127.');
  return {
    address,
    netmask: '255.255.255.0',
    family: 'IPv4',
    mac,
    internal,
    cidr: `${address}/24`,
  };
}

const ALL_OFF = 'rtsp: no\nwebrtc: no\napi: no\n';

describe('doctor checks', () => {
  let fixture: DoctorFixture;
  beforeEach(async () => {
    fixture = await DoctorFixture.create();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  describe('checkPorts()', () => {
    it('names who holds a port, and the line of its key', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      const text = `${ALL_OFF}api: yes\napiAddress: 127.0.0.1:${port}\n`.replace('api: no\n', '');
      const context = await fixture.context(text, { procFolder: '/proc' });
      const finding = only(await checkPorts(context));
      server.close();
      assert.equal(finding.status, 'problem');
      assert.match(
        finding.message,
        new RegExp(
          `apiAddress 127.0.0.1:${port} \\(tcp\\) is taken by .+ \\(pid ${process.pid}\\)`,
          'u',
        ),
      );
      assert.equal(finding.place, `${fixture.file('mediamtx.yml')}:4`);
    });

    it('finds two listeners on one port, and nothing on ports that are free', async () => {
      const text = 'rtsp: no\nwebrtc: no\napi: yes\napiAddress: 127.0.0.1:0\n';
      assert.deepEqual(await checkPorts(await fixture.context(text)), []);
      const both = `rtsp: no\nwebrtc: no\napi: yes\napiAddress: 127.0.0.1:1\nmetrics: yes\nmetricsAddress: :1\n`;
      const last = (await checkPorts(await fixture.context(both))).at(-1);
      assert.equal(
        last?.message,
        'apiAddress 127.0.0.1:1 (tcp) is also the port of metricsAddress',
      );
    });

    it('tells when the address is not one of this machine', async () => {
      const text = 'rtsp: no\nwebrtc: no\napi: yes\napiAddress: 192.0.2.77:9\n';
      assert.match(
        only(await checkPorts(await fixture.context(text))).message,
        /no address of this/u,
      );
    });
  });

  describe('checkCandidates()', () => {
    const judge = async (
      names: Readonly<Record<string, string>>,
      { text = '', isContainer = false } = {},
    ): Promise<Finding> => {
      const interfaces = Object.fromEntries(
        Object.entries(names).map(([name, address]) => [name, [ipv4(address)]]),
      );
      const context = await fixture.context(text, {
        isContainer,
        networkInterfaces: () => interfaces,
      });
      return only(await checkCandidates(context));
    };

    it('is content with a public address and informs about private ones', async () => {
      assert.equal((await judge({ lo: '127.0.0.1', eth0: '9.9.9.9' })).status, 'ok');
      const { status, message } = await judge({ eth0: '192.168.1.5', docker0: '172.17.0.1' });
      assert.equal(status, 'info');
      assert.match(
        message,
        /192\.168\.1\.5 \(private network\), 172\.17\.0\.1 \(containers only\)/u,
      );
    });

    for (const [title, names, isContainer] of [
      ['loopback', { lo: '127.0.0.1' }, false],
      ['a bridge of containers', { lo: '127.0.0.1', docker0: '172.17.0.1' }, false],
      ['the inside of a container', { lo: '127.0.0.1', eth0: '172.17.0.2' }, true],
      ['nothing', {}, false],
    ] as const) {
      it(`asks for webrtcAdditionalHosts when there is only ${title}`, async () => {
        const finding = await judge(names, { isContainer });
        assert.equal(finding.status, 'problem');
        assert.match(finding.change ?? '', /^webrtcAdditionalHosts: /u);
        assert.equal(finding.place, `${fixture.file('mediamtx.yml')} (add webrtcAdditionalHosts)`);
      });
    }

    it('believes an address that the operator names', async () => {
      const text = 'webrtcAdditionalHosts: [172.17.0.2]\n';
      const finding = await judge({ eth0: '172.17.0.2' }, { text, isContainer: true });
      assert.equal(finding.status, 'info');
    });
  });

  describe('checkIceServers()', () => {
    it('tells the address that a STUN server sees', async () => {
      const server = createSocket('udp4');
      server.on('message', (request, { port, address }) => {
        const response = bindingSuccessFor(request);
        server.send(response, port, address);
      });
      server.bind(0, '127.0.0.1');
      await once(server, 'listening');
      const text = `webrtcICEServers2:\n  - url: stun:127.0.0.1:${server.address().port}\n`;
      const finding = only(await checkIceServers(await fixture.context(text)));
      server.close();
      assert.equal(finding.status, 'info');
      assert.match(finding.message, /sees this machine as 203\.0\.113\.9/u);
      assert.match(finding.change ?? '', /^webrtcAdditionalHosts: \[203\.0\.113\.9\]/u);
    });

    it('finds a TURN server of config.yml that is not there, and asks nobody unless told to', async () => {
      const pro =
        'turn:\n  provider: static\n  username: u\n  credential: hidden\n  urls: ["turn:127.0.0.1:1?transport=tcp"]\n';
      const context = await fixture.context('', { pro });
      const finding = only(await checkIceServers(context));
      assert.equal(finding.status, 'problem');
      assert.equal(finding.place, `${fixture.file('config.yml')}:6`);
      assert.doesNotMatch(JSON.stringify(finding), /hidden/u);
      assert.equal(only(await checkIceServers({ ...context, isOnline: false })).status, 'info');
    });
  });

  describe('checkTls()', () => {
    it('knows missing, valid, expiring and expired certificates', async () => {
      const [key, cert] = [fixture.file('a.key'), fixture.file('a.crt')];
      const text = `webrtcEncryption: yes\nwebrtcServerKey: ${key}\nwebrtcServerCert: ${cert}\n`;
      const context = await fixture.context(text);
      assert.match(only(await checkTls(context)).message, /cannot be read \(ENOENT\)/u);
      const pair = makeSelfSignedPair();
      await Promise.all([writeFile(key, pair.key), writeFile(cert, pair.cert)]);
      const at = async (nowMs: number): Promise<string> => {
        const clock = { ...context.system.clock, nowMs: () => nowMs };
        return only(await checkTls({ ...context, system: { ...context.system, clock } })).status;
      };
      const endMs = Date.now() + 3649 * 86_400_000;
      assert.deepEqual(
        [
          await at(Date.now()),
          await at(endMs - 86_400_000),
          await at(endMs + 86_400_000),
          await at(0),
        ],
        ['ok', 'warning', 'problem', 'problem'],
      );
    });
  });

  describe('checkRecordings()', () => {
    it('writes where the recorder will write, and leaves nothing behind', async () => {
      const context = await fixture.context('pathDefaults:\n  recordPath: ./rec/%path/%s\n');
      const findings = await checkRecordings(context);
      assert.match(
        findings[0]?.message ?? '',
        /rec \(to be made in .+\) can be written, \d+ [GM]iB/u,
      );
      assert.deepEqual((await readdir(fixture.folder)).sort(), ['config.yml', 'mediamtx.yml']);
    });

    it('warns below cleaner.minFreeBytes', async () => {
      const context = await fixture.context('', { pro: 'cleaner:\n  minFreeBytes: 4000T\n' });
      const finding = (await checkRecordings(context))[0];
      assert.equal(finding?.status, 'warning');
      assert.equal(finding.place, `${fixture.file('config.yml')}:3`);
    });

    it('names the line of a folder that cannot be written', async () => {
      await writeFile(fixture.file('plain'), '');
      const text = 'paths:\n  cam1:\n    recordPath: ./plain/rec\n';
      const finding = (await checkRecordings(await fixture.context(text))).at(-1);
      assert.equal(finding?.status, 'problem');
      assert.equal(finding.place, `${fixture.file('mediamtx.yml')}:3`);
    });
  });

  describe('checkUdpBuffers()', () => {
    it('compares with the limits of the kernel', async () => {
      await mkdir(fixture.file('proc/sys/net/core'), { recursive: true });
      await writeFile(fixture.file('proc/sys/net/core/rmem_max'), '212992\n');
      await writeFile(fixture.file('proc/sys/net/core/wmem_max'), '8388608\n');
      const [receive, send] = await checkUdpBuffers(await fixture.context(''));
      assert.equal(receive?.status, 'warning');
      assert.equal(receive.change, 'sysctl -w net.core.rmem_max=4194304');
      assert.equal(send?.status, 'ok');
      assert.deepEqual(await checkUdpBuffers(await fixture.context(ALL_OFF)), []);
    });
  });

  describe('checkMachine()', () => {
    it('judges Node.js, ffmpeg, open files and the clock', async () => {
      await mkdir(fixture.file('proc/self'), { recursive: true });
      await writeFile(
        fixture.file('proc/self/limits'),
        'Max open files            1024   4096   files\n',
      );
      const { system } = await fixture.context('', { nodeVersion: '24.1.0' });
      const clock = { ...system.clock, nowMs: () => 0 };
      const findings = await checkMachine({ ...system, clock });
      assert.deepEqual(
        findings.map(({ check, status }) => [check, status]),
        [
          ['node', 'warning'],
          ['ffmpeg', 'warning'],
          ['open files', 'warning'],
          ['clock', 'problem'],
        ],
      );
      await mkdir(fixture.file('run/systemd/timesync'), { recursive: true });
      await symlink('/dev/null', fixture.file('run/systemd/timesync/synchronized'));
      const sane = { ...system.clock, nowMs: () => Date.UTC(2026, 10, 21) };
      const last = (await checkMachine({ ...system, clock: sane })).at(-1);
      assert.deepEqual([last?.check, last?.status], ['clock', 'ok']);
    });
  });

  describe('checkAccess()', () => {
    it('says what the server says at start, with the line of the entry', async () => {
      const text = 'authInternalUsers:\n  - user: any\n    permissions:\n      - action: api\n';
      const finding = only(checkAccess(await fixture.context(text)));
      assert.match(finding.message, /anybody from any address may change the configuration/u);
      assert.equal(finding.place, `${fixture.file('mediamtx.yml')}:2`);
    });
  });
});

/** XOR-MAPPED-ADDRESS 203.0.113.9:4660 for the transaction of `request` (RFC 8489 §14.2). */
function bindingSuccessFor(request: Buffer): Buffer {
  const response = Buffer.alloc(32);
  response.writeUInt16BE(0x0101, 0);
  response.writeUInt16BE(12, 2);
  request.copy(response, 4, 4, 20);
  response.writeUInt32BE(0x0020_0008, 20);
  response.writeUInt16BE(1, 24);
  response.writeUInt16BE(0x1234 ^ 0x2112, 26);
  response.writeUInt32BE((0xcb007109 ^ 0x2112a442) >>> 0, 28);
  return response;
}
