// Tests of path selection and ICE restart.
import assert from 'node:assert/strict';
import { IceLiteAgent, type IcePath } from '../../../../core/webrtc/transport/ice-lite-agent.ts';
import { createPeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';

describe('IceLiteAgent', () => {
  let agent: IceLiteAgent;

  beforeEach(() => {
    agent = new IceLiteAgent({ remoteUfrag: 'remote', pathSilenceMs: 5_000, maxPaths: 3 });
  });

  function addPath(port: number, nowMs = 0): IcePath {
    const address = createPeerAddress('192.0.2.1', port);
    const path = { address, lastReceivedMs: nowMs, isNominated: false };
    agent.addPath(path);
    return path;
  }

  function check(path: IcePath, nowMs: number, isNominating = false): boolean {
    const generation = agent.generationOf(agent.localCredentials.ufrag);
    assert.ok(generation);
    return agent.acceptCheck(path, { generation, isNominating, nowMs });
  }

  it('makes credentials as long as RFC 8445 wants, different each time', () => {
    const { ufrag, password } = agent.localCredentials;
    assert.match(ufrag, /^[A-Za-z0-9+/]{12}$/u);
    assert.match(password, /^[A-Za-z0-9+/]{32}$/u);
    const other = new IceLiteAgent({ remoteUfrag: undefined, pathSilenceMs: 1, maxPaths: 1 });
    assert.notEqual(other.localCredentials.ufrag, ufrag);
    assert.notEqual(other.localCredentials.password, password);
  });

  it('selects the first valid path until one is nominated', () => {
    const [first, second] = [addPath(1), addPath(2)];
    assert.ok(check(first, 0));
    assert.ok(!check(second, 1));
    assert.ok(check(second, 2, true));
    assert.equal(agent.selected, second);
  });

  it('follows the latest fresh nomination', () => {
    const [first, second] = [addPath(1), addPath(2)];
    check(first, 0, true);
    assert.ok(check(second, 1, true));
    assert.equal(agent.selected, second);
  });

  it('does not flap when every check nominates', () => {
    const [first, second] = [addPath(1), addPath(2)];
    check(first, 0, true);
    check(second, 1, true);
    for (let nowMs = 100; nowMs < 2_000; nowMs += 100) {
      assert.ok(!check(first, nowMs, true));
      assert.ok(!check(second, nowMs + 1, true));
    }
    assert.equal(agent.selected, second);
  });

  it('goes back to an address that is nominated again after plain checks', () => {
    const [first, second] = [addPath(1), addPath(2)];
    check(first, 0, true);
    check(second, 1, true);
    check(first, 2);
    assert.ok(check(first, 3, true));
  });

  it('follows a plain check elsewhere once the selected path is silent', () => {
    const [first, second] = [addPath(1), addPath(2)];
    check(first, 0, true);
    assert.ok(!check(second, 5_000));
    assert.ok(check(second, 5_001));
    assert.equal(agent.selected, second);
  });

  it('keeps a path alive by media alone', () => {
    const [first, second] = [addPath(1), addPath(2)];
    check(first, 0, true);
    first.lastReceivedMs = 5_500;
    assert.ok(!check(second, 6_000));
  });

  it('drops the oldest path that is not selected when there are too many', () => {
    const first = addPath(1, 0);
    check(first, 0, true);
    const second = addPath(2, 1);
    addPath(3, 2);
    addPath(4, 3);
    assert.deepEqual(
      agent.paths.map((path) => path.address.port),
      [1, 3, 4],
    );
    assert.ok(!agent.paths.includes(second));
  });

  it('falls back to the path heard of last when the selected one is removed', () => {
    const [first, second, third] = [addPath(1), addPath(2), addPath(3)];
    check(first, 0, true);
    check(second, 10);
    check(third, 5);
    assert.ok(agent.removePath(first));
    assert.equal(agent.selected, second);
    assert.ok(!agent.removePath(third));
    assert.ok(agent.removePath(second));
    assert.equal(agent.selected, undefined);
  });

  describe('restart()', () => {
    it('accepts old credentials until the first check on the new ones', () => {
      const old = agent.localCredentials;
      const path = addPath(1);
      check(path, 0, true);
      const fresh = agent.restart('remote2');
      assert.deepEqual(agent.ufrags, [fresh.ufrag, old.ufrag]);
      assert.equal(agent.generationOf(old.ufrag)?.remoteUfrag, 'remote');
      assert.equal(agent.generationOf(fresh.ufrag)?.remoteUfrag, 'remote2');
      const generation = agent.generationOf(old.ufrag);
      assert.ok(generation);
      agent.acceptCheck(path, { generation, isNominating: true, nowMs: 1 });
      assert.equal(agent.ufrags.length, 2);
      check(path, 2);
      assert.deepEqual(agent.ufrags, [fresh.ufrag]);
      assert.equal(agent.generationOf(old.ufrag), undefined);
      assert.equal(agent.selected, path);
    });

    it('keeps the credentials in use when restarted twice', () => {
      const old = agent.localCredentials;
      const unused = agent.restart('a');
      const fresh = agent.restart('b');
      assert.deepEqual(agent.ufrags, [fresh.ufrag, old.ufrag]);
      assert.equal(agent.generationOf(unused.ufrag), undefined);
    });

    it('lets a nomination of the new generation win over a live old one', () => {
      const [first, second] = [addPath(1), addPath(2)];
      check(second, 0, true);
      check(first, 1, true);
      agent.restart('remote2');
      assert.ok(check(second, 2, true));
    });
  });
});
