import { hash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { ColloquyError, codeOf, messageOf } from '../../schemas/errors.ts'
import { zodProblem } from '../../schemas/envelope.ts'
import { parseJson } from '../../schemas/json.ts'
import { FORMAT, MANIFEST, manifestSchema, SEGMENTS, storedOf, type Manifest, type Segment, type Stored } from './backup-format.ts'

const decompress = promisify(zstdDecompress)

export const segmentPath = (dir: string, file: string): string => join(dir, SEGMENTS, file)

/** Makes the folder if it is missing, for the owner's eyes: it holds what customers said. */
export async function makeFolder(dir: string): Promise<void> {
  await mkdir(join(dir, SEGMENTS), { recursive: true, mode: 0o700 })
}

/**
 * What a folder holds; `undefined` where no backup was ever finished there.
 *
 * @throws ColloquyError `bad_backup` where its manifest cannot be understood.
 */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new ColloquyError('bad_backup', `${path} cannot be read (${messageOf(cause)}); check its rights, or take another copy of the folder`, { cause })
  }
  const value = parseJson(text)
  const format = z.looseObject({ format: z.number() }).safeParse(value)
  if (format.success && format.data.format > FORMAT) {
    throw new ColloquyError('bad_backup', `${path} is of format ${format.data.format}, and this Colloquy knows them up to ${FORMAT}; use a newer one`)
  }
  const manifest = manifestSchema.safeParse(value)
  if (!manifest.success) throw new ColloquyError('bad_backup', `${path} is no manifest of a backup (${zodProblem(manifest.error, 'manifest')}); take another copy of the folder`)
  return manifest.data
}

/** Puts the manifest in place all at once, after everything it names is on disk. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  await syncFolder(join(dir, SEGMENTS))
  await writeWhole(join(dir, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await syncFolder(dir)
}

/** Writes a file aside, has it on disk, and gives it its name: it is there wholly or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.part`
  await using file = await open(aside, 'w', 0o600)
  await file.writeFile(content)
  await file.sync()
  await rename(aside, path)
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir, 'r')
  await folder.sync()
}

/** Removes segments that no manifest names: of a backup that was cut off. */
export async function removeStrays(dir: string, manifest: Manifest): Promise<void> {
  const named = new Set([...manifest.log.segments, ...manifest.dead.segments].map(({ file }) => file))
  for (const file of await readdir(join(dir, SEGMENTS))) if (!named.has(file)) await rm(segmentPath(dir, file), { force: true })
}

/** @throws ColloquyError `bad_backup` where a segment is not there as it was written */
export async function checkSegment(dir: string, { file, sha256 }: Segment): Promise<Buffer> {
  const packed = await readFile(segmentPath(dir, file)).catch((cause: unknown) => {
    throw new ColloquyError('bad_backup', `the segment ${file} cannot be read (${messageOf(cause)}); take another copy of the folder`, { cause })
  })
  if (hash('sha256', packed) === sha256) return packed
  throw new ColloquyError('bad_backup', `the segment ${file} is not as it was written: its sha256 is another; take another copy of the folder`)
}

/** The messages of a segment, in order. @throws ColloquyError `bad_backup` where it holds something else than the manifest says */
export async function readSegment(dir: string, segment: Segment): Promise<Stored[]> {
  // By lines as they were written: Node's readline would also break them at U+2028, which JSON leaves as it is.
  const text = (await decompress(await checkSegment(dir, segment))).toString()
  const stored = text.trimEnd().split('\n').map(storedOf)
  const { file, first, last, messages } = segment
  const isInOrder = stored.every(({ seq }, index) => seq > (stored[index - 1]?.seq ?? 0))
  if (isInOrder && stored.length === messages && stored[0]?.seq === first && stored.at(-1)?.seq === last) return stored
  throw new ColloquyError('bad_backup', `the segment ${file} does not hold ${messages} messages in order, from ${first} to ${last}; take another copy of the folder`)
}
