// Commands for recorded files.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import { SegmentHooks } from '../../../core/hooks/segment-hooks.ts';
import { CommandList } from './command-list.ts';

const FILE = `/recordings/it's "cam" $(x);/1.mp4`;
const config = loadConfig({
  text: 'pathDefaults: {runOnRecordSegmentCreate: create, runOnRecordSegmentComplete: complete}',
  env: {},
});

function setUp(): { readonly commands: CommandList; readonly hooks: SegmentHooks } {
  const commands = new CommandList();
  const hooks = new SegmentHooks({
    ...{ launcher: commands, groupsOf: () => ['cam', 'a'], rtspPort: () => '8554' },
    configOf: (name) => (name === 'cam' ? config.pathDefaults : undefined),
  });
  return { commands, hooks };
}

describe('SegmentHooks', () => {
  it('tells of a file that begins, and of its duration in seconds when it is complete', async () => {
    const { commands, hooks } = setUp();
    const segment = { pathName: 'cam', file: FILE };
    hooks.opened(segment);
    hooks.closed({ ...segment, durationMs: 1234.5 });
    assert.deepEqual(await commands.take(), [
      ...['launch runOnRecordSegmentCreate create', 'launch runOnRecordSegmentComplete complete'],
    ]);
    const path = { MTX_PATH: 'cam', RTSP_PATH: 'cam', RTSP_PORT: '8554', G1: 'a' };
    const created = { ...path, MTX_SEGMENT_PATH: FILE };
    assert.deepEqual(commands.variablesOf('runOnRecordSegmentCreate'), created);
    assert.deepEqual(commands.variablesOf('runOnRecordSegmentComplete'), {
      ...{ ...created, MTX_SEGMENT_DURATION: '1.2345' },
    });
  });

  it('starts nothing for a path that is gone', async () => {
    const { commands, hooks } = setUp();
    hooks.opened({ pathName: 'other', file: FILE });
    assert.deepEqual(await commands.take(), []);
  });
});
