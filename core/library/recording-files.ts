// Moves and deletes recorded files, with the index in step and nothing lost or overwritten.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { FileLocks } from './file-locks.ts';
import type { GrowingFiles } from './growing-files.ts';
import type { FileMove, RecordingIndex } from './index-query.ts';
import type { RecordingFolder } from './recording-folder.ts';
import type { RecordingReader } from './recording-reader.ts';
import type { Recording } from './recording.ts';
import { showName } from './relative-path.ts';

/** What file operations work with. */
export interface RecordingFilesComponents {
  readonly index: RecordingIndex;
  readonly locks: FileLocks;
  readonly growing: GrowingFiles;
  readonly reader: RecordingReader;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A recorder makes its file first, and tells about it when the disk has answered. */
const MAX_UNTOLD_MS = 2000;

/**
 * File operations of one library. The disk decides who wins when two want the same file; the
 * index follows, and a crash in between is healed by the Reconciler.
 */
export class RecordingFiles {
  readonly #components: RecordingFilesComponents;

  constructor(components: RecordingFilesComponents) {
    this.#components = components;
  }

  /**
   * Moves a file and its companions to another name below the same root; the folder of `to` exists.
   * @throws MediaError not-found, already-exists `file-exists`, failed-precondition `file-growing`,
   * or what SafeFolder refuses.
   */
  async move(folder: RecordingFolder, from: string, to: string): Promise<void> {
    folder.safe.check(from);
    folder.safe.check(to);
    await this.#moveOne(folder, from, to);
    const targets = folder.layout.companionsOf(to);
    for (const [position, companion] of folder.layout.companionsOf(from).entries()) {
      const target = targets[position];
      if (target === undefined) continue;
      await this.#tryCompanion(companion, () => this.#moveOne(folder, companion, target));
    }
  }

  /** Deletes a file and its companions. @throws MediaError as move(). */
  async remove(folder: RecordingFolder, file: string): Promise<void> {
    folder.safe.check(file);
    await this.#removeOne(folder, file);
    for (const companion of folder.layout.companionsOf(file)) {
      await this.#tryCompanion(companion, () => this.#removeOne(folder, companion));
    }
  }

  /** Ends moves that a dead process began; part of reconciling. Returns how many there were. */
  async finishMoves(folder: RecordingFolder): Promise<number> {
    const { index, locks } = this.#components;
    const moves = await index.call('moves', { root: folder.safe.root });
    for (const move of moves) {
      await locks.run(endsOf(move), () => this.#finishMove(folder, move));
    }
    return moves.length;
  }

  #moveOne(folder: RecordingFolder, from: string, to: string): Promise<void> {
    const { index, locks, growing } = this.#components;
    const move: FileMove = { root: folder.safe.root, from, to };
    return locks.run(endsOf(move), async () => {
      const row = await index.call('get', { root: move.root, file: from });
      growing.refuseGrowing({ root: move.root, file: from }, row);
      growing.refuseGrowing({ root: move.root, file: to }, undefined);
      await this.#refuseUntold(folder, from, row);
      await index.call('beginMove', move);
      try {
        await folder.safe.move(from, to);
      } catch (thrown) {
        await this.#follow(() => index.call('endMove', { move, recording: undefined }));
        throw thrown;
      }
      await this.#follow(() => this.#endMove(folder, move, row));
    });
  }

  async #endMove(
    folder: RecordingFolder,
    move: FileMove,
    row: Recording | undefined,
  ): Promise<void> {
    const { index, reader } = this.#components;
    const description = folder.layout.describe(move.to);
    // The name changes, the file does not: no need to look inside again.
    const known = row && description && { ...row, ...description, file: move.to, path: row.path };
    const recording = known
      ? { ...known, startAt: row.startAt }
      : (await reader.read({ folder, file: move.to }))?.recording;
    await index.call('endMove', { move, recording });
  }

  #removeOne(folder: RecordingFolder, file: string): Promise<void> {
    const { index, locks, growing } = this.#components;
    const place = { root: folder.safe.root, file };
    return locks.run([place], async () => {
      const row = await index.call('get', place);
      growing.refuseGrowing(place, row);
      await this.#refuseUntold(folder, file, row);
      try {
        await folder.safe.remove(file);
      } catch (thrown) {
        const isGone = thrown instanceof MediaError && thrown.kind === 'not-found';
        if (isGone) await this.#follow(() => index.call('remove', [place]));
        throw thrown;
      }
      await this.#follow(() => index.call('remove', [place]));
    });
  }

  /** A video that nobody knows yet may be one that a recorder begins in this moment. */
  async #refuseUntold(
    folder: RecordingFolder,
    file: string,
    row: Recording | undefined,
  ): Promise<void> {
    if (row !== undefined || folder.layout.describe(file)?.kind !== 'video') return;
    const stats = await folder.safe.stat(file);
    if (!stats || Math.abs(this.#components.clock.nowMs() - stats.mtimeMs) > MAX_UNTOLD_MS) return;
    const text = `${showName(file)} is not closed yet`;
    throw new MediaError('failed-precondition', 'file-growing', text);
  }

  async #finishMove(folder: RecordingFolder, move: FileMove): Promise<void> {
    const { index } = this.#components;
    const source = await folder.safe.stat(move.from);
    const target = await folder.safe.stat(move.to);
    const isSame = source !== undefined && source.ino === target?.ino && source.dev === target.dev;
    if (isSame) await folder.safe.remove(move.from);
    // The empty file that took the name on a file system without hard links.
    else if (source && target?.size === 0) await folder.safe.remove(move.to);
    if (!target || (source && !isSame)) {
      await index.call('endMove', { move, recording: undefined });
      return;
    }
    const row = await index.call('get', { root: move.root, file: move.from });
    await this.#endMove(folder, move, row);
  }

  /** What happened on the disk has happened; an index that can't follow now does so at the next reconciling. */
  async #follow(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      const { message } = toMediaError(thrown);
      this.#components.logger.warn(`recording index is behind until it is reconciled: ${message}`);
    }
  }

  async #tryCompanion(companion: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      const { kind, message } = toMediaError(thrown);
      if (kind !== 'not-found') this.#components.logger.warn(`${companion} stays: ${message}`);
    }
  }
}

function endsOf({ root, from, to }: FileMove): readonly { root: string; file: string }[] {
  return [
    { root, file: from },
    { root, file: to },
  ];
}
