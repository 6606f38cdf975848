import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Damages the length of a record in the only file of LOG, of a server that is stopped: at its next start it drops that record and all after
 * it, and gives their sequences out again.
 *
 * @param dataDir the data folder of the system
 */
export async function damageLengthOf(dataDir: string, seq: number): Promise<void> {
  const all = await readdir(join(dataDir, 'nats'), { recursive: true, withFileTypes: true })
  const blocks = all.filter(({ name, parentPath }) => name.endsWith('.blk') && parentPath.endsWith('/LOG/msgs'))
  const [block] = blocks
  if (block === undefined || blocks.length > 1) throw new Error(`LOG has ${blocks.length} files`)
  const file = join(block.parentPath, block.name)
  const bytes = await readFile(file)
  let at = 0
  // A record begins with its length, whose highest bits are flags, and its sequence.
  while (at + 12 < bytes.length && Number(bytes.readBigUInt64LE(at + 4)) !== seq) at += bytes.readUInt32LE(at) & 0x3fffffff
  if (at + 12 >= bytes.length) throw new Error(`the file has no record ${seq}`)
  bytes.fill(0x5a, at, at + 12)
  await writeFile(file, bytes)
}
