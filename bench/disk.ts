import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { bytesOfFile } from '../infra/files.ts'
import type { BenchSystem } from './system.ts'

/**
 * Bytes that the own nats-server's files of a stream have on disk; `undefined` where the server is not the system's own. The
 * newest block of a stream is not compressed yet, and files may go while they are counted: the server replaces them.
 */
export async function diskBytesOf({ settings }: BenchSystem, stream: string): Promise<number | undefined> {
  if (settings.NATS_URL !== undefined) return undefined
  const entries = await readdir(settings.DATA_DIR, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.parentPath.includes(`${sep}streams${sep}${stream}${sep}`))
  const sizes = await Promise.all(files.map((file) => bytesOfFile(join(file.parentPath, file.name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
