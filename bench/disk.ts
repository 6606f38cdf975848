import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { codeOf } from '../schemas/errors.ts'
import type { BenchSystem } from './system.ts'

/**
 * Bytes that the own nats-server's files of a stream have on disk; `undefined` where the server is not the system's own. The
 * newest block of a stream is not compressed yet.
 */
export async function diskBytesOf({ settings }: BenchSystem, stream: string): Promise<number | undefined> {
  if (settings.NATS_URL !== undefined) return undefined
  const entries = await readdir(settings.DATA_DIR, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.parentPath.includes(`${sep}streams${sep}${stream}${sep}`))
  const sizes = await Promise.all(files.map((file) => sizeOf(join(file.parentPath, file.name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** 0 for a file that is gone: the server replaces them as it goes. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}
