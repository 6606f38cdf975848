import { DatabaseSync } from 'node:sqlite'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'

const sqliteBusy = 5

/** A lock. The operating system releases it when its holder exits; `release` may be called again. */
export interface DataLock {
  release(): void
}

/**
 * Takes an exclusive lock on a file, and creates the file if it is missing. It uses SQLite's file lock, because Node has no flock. The
 * kernel keeps that lock, so a killed holder leaves no stale lock.
 *
 * @throws ColloquyError `data_dir_in_use` when another process, or another part of this one, holds it; `data_dir_unusable` if the file
 * cannot be written.
 */
export function takeDataLock(file: string): DataLock {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (!(cause instanceof Error) || !('errcode' in cause) || cause.errcode !== sqliteBusy) {
      throw new ColloquyError('data_dir_unusable', `cannot lock ${file} (${messageOf(cause)}); check the path and the rights on it`, {
        cause,
      })
    }
    throw new ColloquyError(
      'data_dir_in_use',
      `${file} is locked: another Colloquy uses this data folder. `
        + 'Stop it first, or give this one a folder of its own with COLLOQUY_DATA_DIR.',
      { cause },
    )
  }
  const held = database
  return {
    release: () => {
      if (held.isOpen) held.close()
    },
  }
}
