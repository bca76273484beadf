// mediamtx-pro doctor: arguments, the two forms of its report, and the exit code.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseDoctorArguments } from '../../../pro/command/doctor-arguments.ts';
import { findingsToJson, formatFindings } from '../../../pro/command/doctor/format-findings.ts';
import { KeyPlaces } from '../../../pro/command/doctor/key-places.ts';
import { runDoctorCommand } from '../../../pro/command/run-doctor-command.ts';
import { systemClock } from '../../../core/base/clock.ts';
import { DoctorFixture } from './doctor/doctor-fixture.ts';

const reportSchema = z.object({ ok: z.boolean(), findings: z.array(z.unknown()) });

describe('parseDoctorArguments()', () => {
  it('reads what there is', () => {
    const none = { mediamtxFile: undefined, proConfigFile: undefined };
    assert.deepEqual(parseDoctorArguments(['a.yml', '--json']), {
      ...{ type: 'check', ...none, mediamtxFile: 'a.yml', isJson: true, isOnline: false },
    });
    assert.deepEqual(parseDoctorArguments(['--config', 'c.yml', '--online']), {
      ...{ type: 'check', ...none, proConfigFile: 'c.yml', isJson: false, isOnline: true },
    });
    assert.deepEqual(parseDoctorArguments(['-h']), { type: 'help' });
  });

  it('refuses what it does not know, by name', () => {
    for (const [args, message] of [
      [['a', 'b'], /unexpected argument 'b'/u],
      [['a', '--config', 'b'], /give either/u],
      [['--fix'], /--fix/u],
    ] as const) {
      assert.throws(() => parseDoctorArguments(args), { code: 'usage', message });
    }
  });
});

describe('formatFindings()', () => {
  it('writes one line each, without passwords and control characters', () => {
    const message = 'rtsp://user:secret@cam\n\u001b[31m is odd';
    const lines = formatFindings([
      { status: 'problem', check: 'port', message, place: 'a.yml:3', change: 'x: 1' },
      { status: 'ok', check: 'clock', message: 'fine' },
    ]);
    assert.deepEqual(lines, [
      'problem  port   rtsp://***@cam [31m is odd  -> a.yml:3: x: 1',
      'ok       clock  fine',
      '1 problem, 0 warnings',
    ]);
    assert.doesNotMatch(findingsToJson([{ status: 'ok', check: 'x', message }]), /secret/u);
  });
});

describe('KeyPlaces.of()', () => {
  it('names the line, the variable, or the key to add', async () => {
    await using fixture = await DoctorFixture.create();
    const filePath = fixture.file('a.yml');
    await writeFile(filePath, 'api: yes\npaths:\n  cam1:\n    record: yes\n');
    const env = { MTX_RTSP: 'no', MTX_WEBRTCICESERVERS2_0_URL: 'stun:x' };
    const places = new KeyPlaces({ filePath, usualName: '', env });
    assert.equal(places.of(['paths', 'cam1', 'record']), `${filePath}:4`);
    assert.equal(places.of(['rtsp']), 'environment variable MTX_RTSP');
    const variable = 'environment variable MTX_WEBRTCICESERVERS2_0_URL';
    assert.equal(places.of(['webrtcICEServers2', 0, 'url']), variable);
    assert.equal(places.of(['metrics']), `${filePath} (add metrics)`);
  });
});

describe('runDoctorCommand()', () => {
  async function run(
    fixture: DoctorFixture,
    text: string,
  ): Promise<{ readonly isOk: boolean; readonly report: z.infer<typeof reportSchema> }> {
    const mediamtxFile = fixture.file('mediamtx.yml');
    await writeFile(mediamtxFile, text);
    const lines: string[] = [];
    const output = { result: (line: string) => void lines.push(line), note: () => undefined };
    const command = parseDoctorArguments([mediamtxFile, '--json']);
    const options = { folder: fixture.folder, env: {} };
    const isOk = await runDoctorCommand(command, { clock: systemClock, output }, options);
    const report = reportSchema.parse(JSON.parse(lines.join('\n')));
    return { isOk, report };
  }

  it('finds no problem in a server without listeners', async () => {
    await using fixture = await DoctorFixture.create();
    const { isOk, report } = await run(fixture, 'rtsp: no\nwebrtc: no\napi: no\n');
    assert.deepEqual([isOk, report.ok], [true, true], JSON.stringify(report));
  });

  it('has a problem for each mistake of a file, with its line', async () => {
    await using fixture = await DoctorFixture.create();
    const { isOk, report } = await run(fixture, 'rtsp: perhaps\nwebrtcs: no\n');
    assert.equal(isOk, false);
    const text = JSON.stringify(report.findings);
    assert.match(text, /mediamtx\.yml:1:1: rtsp/u);
    assert.match(text, /mediamtx\.yml:2:1: webrtcs/u);
  });
});
