import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { type DataLock, takeDataLock } from './data-lock.ts'

/**
 * Creates the data folder if it is missing, and locks it. Call it before anything is written there: a second process on the folder must not
 * change the files of the first. The lock has the name that it had when only nats-server was protected, so that older versions see it.
 *
 * @throws ColloquyError `data_dir_in_use`; `data_dir_unusable` if the folder cannot be created or written to.
 */
export async function lockDataFolder(dataDir: string): Promise<DataLock> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new ColloquyError(
      'data_dir_unusable',
      `cannot create the data folder ${dataDir} (${messageOf(cause)}); check COLLOQUY_DATA_DIR and the rights on it`,
      { cause },
    )
  }
  return takeDataLock(join(dataDir, 'nats.lock'))
}

const WATCH_MS = 1_000

/**
 * Watches folders of a running system. A deleted folder is gone for its server even if a new one has its name: the server keeps writing
 * into deleted files.
 *
 * @param onGone called once, with the folder.
 */
export function watchFolders(folders: readonly string[], onGone: (folder: string) => void): { stop(): void } {
  const known = new Map<string, string>()
  let isStopped = false
  const check = async (): Promise<void> => {
    for (const folder of folders) {
      const identity = await identityOf(folder)
      const before = known.get(folder)
      if (isStopped) return
      if (before === undefined && identity !== undefined) known.set(folder, identity)
      if (before === undefined || before === identity) continue
      stop()
      return onGone(folder)
    }
  }
  const timer = setInterval(() => void check().catch(() => undefined), WATCH_MS)
  const stop = (): void => {
    isStopped = true
    clearInterval(timer)
  }
  timer.unref()
  void check().catch(() => undefined)
  return { stop }
}

/** Identifies a folder on its disk; `undefined` if it does not exist. */
async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true })
    return `${dev}.${ino}`
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
