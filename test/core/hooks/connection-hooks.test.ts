// runOnConnect and runOnDisconnect: who counts as a client, and which configuration counts.
import assert from 'node:assert/strict';
import { ConnectionHooks, type ConnectionHookKeys } from '../../../core/hooks/connection-hooks.ts';
import { SessionRegistry, type Session } from '../../../core/path/session-registry.ts';
import { CommandList } from './command-list.ts';

const KEYS: ConnectionHookKeys = {
  ...{ runOnConnect: 'connect', runOnConnectRestart: false, runOnDisconnect: 'disconnect' },
};

function setUp(keys = KEYS): {
  readonly commands: CommandList;
  readonly hooks: ConnectionHooks;
  readonly sessions: SessionRegistry;
  readonly reload: (next: ConnectionHookKeys) => void;
} {
  let current = keys;
  const commands = new CommandList();
  const hooks = new ConnectionHooks({
    ...{ launcher: commands, config: () => current, rtspPort: () => '8554' },
  });
  const sessions = new SessionRegistry();
  sessions.observe(hooks);
  const reload = (next: ConnectionHookKeys): void => void (current = next);
  return { commands, hooks, sessions, reload };
}

function session(type: string, id: string): Session {
  return {
    ...{ type, id, createdAt: 0, remoteAddress: '127.0.0.1:1', state: 'read', path: 'cam' },
    ...{ query: '', user: '', userAgent: '', stats: () => ({}), close: () => undefined },
  };
}

describe('ConnectionHooks', () => {
  it('runs a command while a connection lasts, and another one after it', async () => {
    const { commands, hooks } = setUp();
    hooks.connected('rtspConn', '1');
    assert.deepEqual(await commands.take(), ['begin runOnConnect connect']);
    const variables = { MTX_CONN_TYPE: 'rtspConn', MTX_CONN_ID: '1', RTSP_PORT: '8554' };
    assert.deepEqual(commands.variablesOf('runOnConnect'), variables);
    hooks.disconnected('1');
    hooks.disconnected('1');
    assert.deepEqual(await commands.take(), [
      ...['end runOnConnect', 'launch runOnDisconnect disconnect'],
    ]);
    assert.deepEqual(commands.variablesOf('runOnDisconnect'), variables);
  });

  it('counts sessions of WebRTC, but not those of RTSP, whose connections count', async () => {
    const { commands, sessions } = setUp();
    const all = [session('webRTCSession', 'w'), session('rtspSession', 'r')];
    for (const each of all) sessions.add(each);
    assert.deepEqual(await commands.take(), ['begin runOnConnect connect']);
    assert.equal(commands.variablesOf('runOnConnect')?.['MTX_CONN_ID'], 'w');
    for (const each of all) sessions.remove(each);
    assert.equal((await commands.take()).length, 2);
  });

  it('starts nothing for a connection that is over at once but tells of its end', async () => {
    const { commands, hooks } = setUp();
    hooks.connected('rtspConn', '1');
    hooks.disconnected('1');
    assert.deepEqual(await commands.take(), ['launch runOnDisconnect disconnect']);
  });

  it('takes the commands of the time of the connection', async () => {
    const { commands, hooks, reload } = setUp({ ...KEYS, runOnConnectRestart: true });
    hooks.connected('rtspConn', '1');
    reload({ ...KEYS, runOnConnect: 'other', runOnDisconnect: 'gone' });
    hooks.connected('rtspsConn', '2');
    hooks.disconnected('1');
    hooks.disconnected('2');
    hooks.connected('rtspsConn', '3');
    assert.deepEqual(await commands.take(), [
      ...['launch runOnDisconnect disconnect', 'launch runOnDisconnect gone'],
      'begin runOnConnect other',
    ]);
  });
});
