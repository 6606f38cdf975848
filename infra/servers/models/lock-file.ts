import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'

const fileSchema = z.object({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
const lockSchema = z.object({ files: z.record(z.string(), fileSchema) })

/** Size and checksum of a file when it was downloaded. */
export type LockedFile = z.infer<typeof fileSchema>

/** Name of the file that lists size and checksum of a model's files at their first download. Files that differ from it are not used. */
const LOCK_FILE = 'colloquy-lock.json'

/** The locked files of a folder by path; empty if there is no readable lock file. */
export async function readLock(folder: string): Promise<ReadonlyMap<string, LockedFile>> {
  const text = await readIfThere(join(folder, LOCK_FILE))
  const lock = text === undefined ? undefined : lockSchema.safeParse(parseJson(text)).data
  return new Map(Object.entries(lock?.files ?? {}))
}

export const writeLock = (folder: string, files: ReadonlyMap<string, LockedFile>): Promise<void> =>
  writeWhole(join(folder, LOCK_FILE), `${JSON.stringify({ files: Object.fromEntries(files) }, undefined, 2)}\n`)

/** Size and checksum of a file; `undefined` if it does not exist. */
export async function measureFile(path: string): Promise<LockedFile | undefined> {
  const digest = createHash('sha256')
  let bytes = 0
  try {
    const reading = pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        digest.update(chunk)
        bytes += chunk.length
      }
    })
    await namingFile(path, reading)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return { bytes, sha256: digest.digest('hex') }
}

/** Writes a file so that it appears whole or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const aside = `${path}.${process.pid}`
  await namingFile(aside, writeFile(aside, content))
  await rename(aside, path)
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await namingFile(path, readFile(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
