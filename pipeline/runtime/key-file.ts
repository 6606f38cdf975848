import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../schemas/errors.ts'
import { namingFile } from './file-errors.ts'

const KEY_BYTES = 32

/** How keys of a purpose stand in their files. */
export interface KeyForm {
  readonly encoding: 'hex' | 'base64url'
  /** The text of a key, without the end of the line. */
  readonly pattern: RegExp
  /** The error of a file that holds something else. */
  problem(path: string): Error
}

/**
 * The key of 32 bytes in a file, which all processes of a data folder share. It is made when it is first asked for, readable by the owner
 * of the files only. Of processes that make it at one time one wins, and all get its key.
 *
 * @throws the error of the file that cannot be read or written, or `form.problem` if it holds no key
 */
export async function keyOfFile(path: string, form: KeyForm): Promise<Buffer> {
  const known = await keyIn(path, form)
  if (known !== undefined) return known
  await namingFile(dirname(path), mkdir(dirname(path), { recursive: true, mode: 0o700 }))
  const partial = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await namingFile(partial, writeFile(partial, `${randomBytes(KEY_BYTES).toString(form.encoding)}\n`, { mode: 0o600, flush: true }))
  try {
    await link(partial, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(partial, { force: true })
  }
  return keyOfFile(path, form)
}

async function keyIn(path: string, { encoding, pattern, problem }: KeyForm): Promise<Buffer | undefined> {
  let text: string
  try {
    text = (await namingFile(path, readFile(path, 'utf8'))).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  if (pattern.test(text)) return Buffer.from(text, encoding)
  throw problem(path)
}
