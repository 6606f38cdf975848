import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KEYS_FOLDER } from '../../pipeline/profiles/customer-keys.ts'
import { codeOf } from '../../schemas/errors.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { writeWhole } from './backup-folder.ts'

/**
 * Copies the keys of customers from a data folder into a backup, or back: without them, nobody finds a profile in the log. Keys that a
 * setting makes have no files.
 */
export async function copyCustomerKeys(from: string, to: string): Promise<void> {
  const [source, target] = [join(from, KEYS_FOLDER), join(to, KEYS_FOLDER)]
  const names = await readdir(source).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  if (names.length > 0) await mkdir(target, { recursive: true, mode: 0o700 })
  for (const name of names.filter((one) => TOKEN.test(one))) await writeWhole(join(target, name), await readFile(join(source, name)))
}
