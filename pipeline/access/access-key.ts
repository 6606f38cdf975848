import { join } from 'node:path'
import { ColloquyError } from '../../schemas/errors.ts'
import { type KeyForm, keyOfFile } from '../runtime/key-file.ts'

/** The folder of the keys in the data folder. */
export const ACCESS_FOLDER = 'access'

const FORM: KeyForm = {
  encoding: 'base64url',
  pattern: /^[A-Za-z0-9_-]{43}$/,
  problem: (path) => new ColloquyError('bad_access_key', `${path} holds no key of 32 bytes; delete it, and what it has signed ends`),
}

/**
 * The key of a name, which all processes of a data folder share.
 *
 * @throws ColloquyError of the file that cannot be read or written, or `bad_access_key` if it holds no key
 */
export const accessKey = (folder: string, name: string): Promise<Uint8Array> => keyOfFile(join(folder, name), FORM)
