import { hash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import {
  FORMAT,
  MANIFEST,
  type Manifest,
  manifestSchema,
  type ObjectBackup,
  OBJECTS,
  type Segment,
  SEGMENTS,
  type Stored,
  storedOf,
} from './backup-format.ts'

const decompress = promisify(zstdDecompress)

/** The path of a segment file in a backup folder. */
export const segmentPath = (dir: string, file: string): string => join(dir, SEGMENTS, file)

/** The path of the file of an object in a backup folder. */
export const objectPath = (dir: string, name: string): string => join(dir, OBJECTS, name)

/** Creates the folder unless it exists, readable by its owner only: a backup contains messages of customers. */
export async function makeFolder(dir: string): Promise<void> {
  for (const folder of [SEGMENTS, OBJECTS]) await mkdir(join(dir, folder), { recursive: true, mode: 0o700 })
}

/**
 * Reads the manifest of a backup folder. Returns `undefined` if no backup was ever completed there.
 *
 * @throws ColloquyError `bad_backup` if the manifest cannot be read, is not valid, or has a newer format.
 */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST)
  let text: string
  try {
    text = await namingFile(path, readFile(path, 'utf8'))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    const problem = `cannot read ${path} (${messageOf(cause)}); check its permissions, or use another copy of the folder`
    throw new ColloquyError('bad_backup', problem, { cause })
  }
  const value = parseJson(text)
  const format = z.looseObject({ format: z.number() }).safeParse(value)
  if (format.success && format.data.format > FORMAT) {
    throw new ColloquyError(
      'bad_backup',
      `${path} has format ${format.data.format}, and this Colloquy reads formats up to ${FORMAT}; use a newer Colloquy`,
    )
  }
  const manifest = manifestSchema.safeParse(value, IN_WORDS)
  if (manifest.success) return manifest.data
  throw new ColloquyError(
    'bad_backup',
    `${path} is not a valid manifest of a backup (${zodProblem(manifest.error, 'manifest')}); use another copy of the folder`,
  )
}

/** Writes the manifest atomically, after the files that it names are synced to disk. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  for (const folder of [SEGMENTS, OBJECTS]) await syncFolder(join(dir, folder))
  await writeWhole(join(dir, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await syncFolder(dir)
}

/** Writes a file atomically: to a temporary file first, which is synced to disk and then renamed. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.part`
  await using file = await open(partial, 'w', 0o600)
  await namingFile(partial, file.writeFile(content))
  await file.sync()
  await rename(partial, path)
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir, 'r')
  await folder.sync()
}

/** Removes files that the manifest does not name: an interrupted backup left them, or their object was removed. */
export async function removeStrays(dir: string, manifest: Manifest): Promise<void> {
  const named = new Set([...manifest.log.segments, ...manifest.dead.segments].map(({ file }) => file))
  for (const file of await readdir(join(dir, SEGMENTS))) {
    if (!named.has(file)) await rm(segmentPath(dir, file), { force: true })
  }
  const objects = new Set(manifest.objects.map(({ name }) => name))
  for (const file of await readdir(join(dir, OBJECTS))) {
    if (!objects.has(file)) await rm(objectPath(dir, file), { force: true })
  }
}

/** Reads a segment file and verifies its checksum. @throws ColloquyError `bad_backup` if it is missing or differs. */
export async function checkSegment(dir: string, { file, sha256 }: Segment): Promise<Buffer> {
  const packed = await readFile(segmentPath(dir, file)).catch((cause: unknown) => {
    const problem = `cannot read the segment ${file} (${messageOf(cause)}); use another copy of the folder`
    throw new ColloquyError('bad_backup', problem, { cause })
  })
  if (hash('sha256', packed) === sha256) return packed
  throw new ColloquyError('bad_backup', `the segment ${file} is damaged: its sha256 differs; use another copy of the folder`)
}

/** Reads the file of an object and verifies its checksum. @throws ColloquyError `bad_backup` if it is missing or differs. */
export async function readObject(dir: string, { name, sha256 }: ObjectBackup): Promise<Buffer> {
  const bytes = await readFile(objectPath(dir, name)).catch((cause: unknown) => {
    throw new ColloquyError('bad_backup', `cannot read the object ${name} (${messageOf(cause)}); use another copy of the folder`, { cause })
  })
  if (hash('sha256', bytes) === sha256) return bytes
  throw new ColloquyError('bad_backup', `the object ${name} is damaged: its sha256 differs; use another copy of the folder`)
}

/** Reads the messages of a segment, in order. @throws ColloquyError `bad_backup` if they do not match the manifest. */
export async function readSegment(dir: string, segment: Segment): Promise<Stored[]> {
  // Not Node's readline: it would also break lines at U+2028, which JSON does not escape.
  const text = (await decompress(await checkSegment(dir, segment))).toString()
  const stored = text.trimEnd().split('\n').map(storedOf)
  const { file, first, last, messages } = segment
  const isInOrder = stored.every(({ seq }, index) => seq > (stored[index - 1]?.seq ?? 0))
  if (isInOrder && stored.length === messages && stored[0]?.seq === first && stored.at(-1)?.seq === last) return stored
  throw new ColloquyError(
    'bad_backup',
    `the segment ${file} does not contain ${messages} messages in order from ${first} to ${last}; use another copy of the folder`,
  )
}
