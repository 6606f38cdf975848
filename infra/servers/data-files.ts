import { randomBytes } from 'node:crypto'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { codeOf } from '../../schemas/errors.ts'

const PASSWORD_BYTES = 24

/** Size of a file; 0 if it does not exist. */
export async function bytesOfFile(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}

/**
 * Reads the password from a file. If the file is missing, creates it with a new password, readable by its owner only. The write is
 * atomic, so that a crash leaves no empty file.
 */
export async function ownPassword(path: string): Promise<string> {
  try {
    return (await namingFile(path, readFile(path, 'utf8'))).trim()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  await namingFile(`${path}.new`, writeFile(`${path}.new`, `${password}\n`, { mode: 0o600 }))
  await rename(`${path}.new`, path)
  return password
}
