import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { codeOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'

const fileSchema = z.object({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
const lockSchema = z.object({ files: z.record(z.string(), fileSchema) })

/** What a file of a model was when it was checked. */
export type LockedFile = z.infer<typeof fileSchema>

/** Beside a model's files: what they were at their first download. What is not the same any more is not used. */
const LOCK_FILE = 'colloquy-lock.json'

/** The locked files of a folder by path; empty where there is no lock that can be read. */
export async function readLock(folder: string): Promise<ReadonlyMap<string, LockedFile>> {
  const text = await readIfThere(join(folder, LOCK_FILE))
  const lock = text === undefined ? undefined : lockSchema.safeParse(parseJson(text)).data
  return new Map(Object.entries(lock?.files ?? {}))
}

export const writeLock = (folder: string, files: ReadonlyMap<string, LockedFile>): Promise<void> =>
  writeWhole(join(folder, LOCK_FILE), `${JSON.stringify({ files: Object.fromEntries(files) }, undefined, 2)}\n`)

/** Bytes and checksum of a file; `undefined` where there is none. */
export async function measureFile(path: string): Promise<LockedFile | undefined> {
  const digest = createHash('sha256')
  let bytes = 0
  try {
    await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        digest.update(chunk)
        bytes += chunk.length
      }
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return { bytes, sha256: digest.digest('hex') }
}

/** Writes a file that is there wholly or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const aside = `${path}.${process.pid}`
  await writeFile(aside, content)
  await rename(aside, path)
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
