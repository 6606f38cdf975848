import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { bytesOfFile } from '../../infra/servers/data-files.ts'
import { codeOf } from '../../schemas/errors.ts'
import type { BenchSystem } from './bench-system.ts'

/**
 * Bytes on disk of a stream's files; `undefined` if the system did not start its own nats-server. The figure is approximate: the newest
 * block of a stream is not compressed yet, and the server may replace files during the count.
 */
export async function diskBytesOf({ settings }: Pick<BenchSystem, 'settings'>, stream: string): Promise<number | undefined> {
  if (settings.NATS_URL !== undefined) return undefined
  const files = await filesBelow(join(settings.DATA_DIR, 'nats'))
  const sizes = await Promise.all(files.filter((file) => file.includes(`${sep}streams${sep}${stream}${sep}`)).map(bytesOfFile))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Reads folder by folder: a recursive `readdir` fails as a whole if one folder disappears meanwhile. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(path) : [path]
    }),
  )
  return files.flat()
}
