import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { namingFile } from '../runtime/file-errors.ts'

/** The folder of the keys in the data folder. */
export const ACCESS_FOLDER = 'access'
const KEY_BYTES = 32

/**
 * The key of a name, which all processes of a data folder share. It is made when it is first asked for, readable by the owner of the files
 * only. Of processes that make it at one time one wins, and all get its key.
 *
 * @throws ColloquyError of the file that cannot be read or written, or `bad_access_key` if it holds no key
 */
export async function accessKey(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name)
  const known = await keyIn(path)
  if (known !== undefined) return known
  await namingFile(folder, mkdir(folder, { recursive: true, mode: 0o700 }))
  const partial = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await namingFile(partial, writeFile(partial, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flush: true }))
  try {
    await link(partial, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(partial, { force: true })
  }
  return accessKey(folder, name)
}

async function keyIn(path: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await namingFile(path, readFile(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const key = Buffer.from(text.trim(), 'base64url')
  if (key.length === KEY_BYTES) return key
  throw new ColloquyError('bad_access_key', `${path} holds no key of ${KEY_BYTES} bytes; delete it, and what it has signed ends`)
}
