import { mkdir, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOfFile } from '../data-files.ts'

/** The limit if the disk has enough space. */
const storageBytesMaxDefault = 64 * 1024 ** 3
/** Max share of the available space. ClickHouse and other programs need the rest: on a full disk nats-server turns JetStream off. */
const diskShareMax = 0.6

/**
 * JetStream's limit for the folder, which is created if missing: 64 GiB, or 60 % of the available space if that is less. The store's own
 * files count as available, so that the limit does not shrink as it fills.
 */
export async function storageLimit(storeDir: string): Promise<number> {
  await mkdir(storeDir, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = await statfs(storeDir)
  return Math.floor(Math.min(storageBytesMaxDefault, diskShareMax * (bavail * bsize + (await bytesIn(storeDir)))))
}

async function bytesIn(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += await bytesOfFile(join(entry.parentPath, entry.name))
  }
  return bytes
}
