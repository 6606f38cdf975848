import { lstat, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from '../../../schemas/errors.ts'
import { database } from './clickhouse-config.ts'

/** A new folder for damaged files, beside the data of the engine. */
export const setAsideFolder = (folder: string, now: Date): string => join(folder, 'set-aside', now.toISOString().replaceAll(/[:.]/g, '-'))

/** The folders of damaged files that are still there. */
export async function setAsideFolders(folder: string): Promise<string[]> {
  const all = join(folder, 'set-aside')
  return (await readdir(all).catch(noNames)).sort().map((name) => join(all, name))
}

/** Files of definitions that a message of the engine names. */
const DEFINITION = /[\w/%-]+\.sql/g

/**
 * Moves away the tables whose definitions a message of the engine names: it could not load them and therefore did not start. If it could
 * not load the database itself, all data is moved. The engine must not run.
 *
 * @param to the folder to move them to.
 * @returns the names of the tables; `colloquy` for all data; empty if the message names none.
 */
export async function setTablesAside(folder: string, message: string, to: string): Promise<string[]> {
  const data = join(folder, 'data')
  const definitions = join(data, 'metadata', database)
  const named = new Set([...message.matchAll(DEFINITION)].map(([path]) => basename(path, '.sql')))
  const known = (await readdir(definitions).catch(noNames)).map((file) => basename(file, '.sql'))
  const tables = known.filter((name) => named.has(name))
  if (tables.length > 0) {
    for (const name of tables) await setTableAside(data, name, join(to, name))
    return tables
  }
  if (!named.has(database)) return []
  await mkdir(to, { recursive: true, mode: 0o700 })
  await rename(data, join(to, 'data'))
  return [database]
}

async function setTableAside(data: string, name: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  // A link to the folder of the rows. Views have none.
  const link = join(data, 'data', database, name)
  const rows = await realpath(link).catch(() => undefined)
  if (rows !== undefined) await moveIfExists(rows, join(to, 'rows'))
  if (await lstat(link).catch(() => undefined)) await rm(link)
  // Last: as long as the definition is there, the next start finds the table again.
  await moveIfExists(join(data, 'metadata', database, `${name}.sql`), join(to, `${name}.sql`))
}

/** Moves a file or folder, unless it does not exist. */
export async function moveIfExists(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
}

const noNames = (error: unknown): string[] => {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
  throw error
}
