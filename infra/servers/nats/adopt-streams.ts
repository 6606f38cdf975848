import { open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { CORE_ACCOUNT } from '../../../schemas/client-access.ts'
import { codeOf, ColloquyError } from '../../../schemas/errors.ts'

/** The account of a server without accounts: up to version 0.1 it had the streams. */
const OLD_ACCOUNT = '$G'

/**
 * Gives the streams of a data folder from before the accounts to CORE: JetStream keeps an account's streams in a folder of its name. The
 * server must be stopped. The rename is one step on disk, so that a crash leaves either the old folder or the new one.
 *
 * @throws ColloquyError `two_stores` if both accounts have streams: an older Colloquy has run on the folder since.
 */
export async function adoptStreams(storeDir: string, log: Logger): Promise<void> {
  const store = join(storeDir, 'jetstream')
  const [from, to] = [join(store, OLD_ACCOUNT), join(store, CORE_ACCOUNT)]
  if (!(await hasStreams(from))) return
  if (await hasStreams(to)) {
    throw new ColloquyError(
      'two_stores',
      `${from} and ${to} both have streams: an older Colloquy has run on this data folder after a newer one. `
        + 'Move the folder that you do not want to keep out of the data folder, and start again',
    )
  }
  // A server that made no streams leaves an empty folder, in whose place the rename would fail.
  await rm(to, { recursive: true, force: true })
  await rename(from, to)
  await sync(store)
  log.info({ from, to }, 'the streams of an earlier version are taken over into the account of Colloquy')
}

async function hasStreams(account: string): Promise<boolean> {
  try {
    return (await readdir(join(account, 'streams'))).length > 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Makes a rename in the folder durable. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
