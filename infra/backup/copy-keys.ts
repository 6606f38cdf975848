import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ACCESS_FOLDER } from '../../pipeline/access/access-key.ts'
import { KEYS_FOLDER } from '../../pipeline/profiles/customer-keys.ts'
import { codeOf } from '../../schemas/errors.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { writeWhole } from './backup-folder.ts'

/** Folders of keys in a data folder: without those of customers nobody finds a profile in the log, without the others all keys end. */
const FOLDERS = [KEYS_FOLDER, ACCESS_FOLDER]

/** Copies the files of keys from a data folder into a backup, or back. Keys that a setting makes have no files. */
export async function copyKeys(from: string, to: string): Promise<void> {
  for (const folder of FOLDERS) await copyFolder(join(from, folder), join(to, folder))
}

async function copyFolder(source: string, target: string): Promise<void> {
  const names = await readdir(source).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  if (names.length > 0) await mkdir(target, { recursive: true, mode: 0o700 })
  for (const name of names.filter((one) => TOKEN.test(one))) await writeWhole(join(target, name), await readFile(join(source, name)))
}
