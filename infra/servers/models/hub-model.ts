import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Dtype, weightsFile } from '../../../pipeline/embedding/embedding-model.ts'
import { type Pauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { ColloquyError, hasCode, messageOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { bytesOfFile } from '../data-files.ts'
import { takeDataLock } from '../data-lock.ts'
import { download, type Expected } from './download.ts'
import type { HubClient } from './hub-client.ts'
import { type LockedFile, measureFile, readIfThere, readLock, writeLock, writeWhole } from './lock-file.ts'

export interface HubModelOptions {
  readonly client: HubClient
  /** `org/name`. */
  readonly name: string
  /** A commit, a tag or a branch. */
  readonly revision: string
  readonly dtype: Dtype
  /** Known checksums by path. */
  readonly sha256: Readonly<Record<string, string>>
  readonly cacheDir: string
  readonly log: Logger
  readonly onProgress: DownloadProgress
  /** Called before a failed request is repeated. */
  readonly onRetry?: ((error: unknown) => void) | undefined
}

/** Gets the number of downloaded bytes of a file, and the size of the file if it is known. */
export type DownloadProgress = (file: string, bytes: number, bytesTotal: number | undefined) => void

export interface HubModel {
  readonly folder: string
  /** The commit. */
  readonly revision: string
}

const COMMIT = /^[0-9a-f]{40}$/
/** Suffixes of files that hold a part of the weights. */
const EXTERNAL_DATA = /^_data(_\d{1,3})?$/
export const POOLING_FILE = '1_Pooling/config.json'
export const PROMPTS_FILE = 'config_sentence_transformers.json'

/**
 * Makes a model of the hub available on this disk. Downloads missing and damaged files; a file must equal its first download. If all
 * files are in place, makes no request; if the checksums of all missing ones are known, asks for these files only, and not for a list of
 * them. Several processes may call it at once: one downloads, the others wait.
 *
 * @throws ColloquyError as `download` does, and `hub_unreachable`; the reason of the client's signal
 */
export async function obtainHubModel(options: HubModelOptions): Promise<HubModel> {
  const { name, cacheDir, dtype, sha256, log } = options
  const home = join(cacheDir, 'models', ...name.split('/'))
  await mkdir(home, { recursive: true })
  const lock = await waitForLock(join(home, 'download.lock'), options)
  try {
    const revision = await commitOf(options, home)
    const folder = join(home, revision)
    const locked = new Map(await readLock(folder))
    const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json', weightsFile(dtype)]
    const missing = await unfit(folder, [...needed, ...locked.keys()], locked, sha256, log)
    if (missing.length > 0) {
      const areKnown = missing.every((path) => sha256[path] !== undefined || locked.has(path))
      const listing = areKnown ? new Map<string, Expected>() : await listFiles(options, revision)
      const weights = weightsFile(dtype)
      const external = [...listing.keys()].filter((path) => path.startsWith(weights) && EXTERNAL_DATA.test(path.slice(weights.length)))
      const optional = [POOLING_FILE, PROMPTS_FILE, ...external].filter((path) => listing.has(path) && !locked.has(path))
      // Optional files come first, so that they exist as soon as the needed files do.
      await downloadAll(options, folder, revision, new Set([...optional, ...missing]), listing, locked)
    }
    return { folder, revision }
  } finally {
    lock.release()
  }
}

/** The files that are missing, or differ from their first download. */
async function unfit(
  folder: string,
  paths: readonly string[],
  locked: ReadonlyMap<string, LockedFile>,
  sha256: Readonly<Record<string, string>>,
  log: Logger,
): Promise<string[]> {
  const found: string[] = []
  for (const path of new Set(paths)) {
    const wanted = sha256[path] ?? locked.get(path)?.sha256
    const measured = await measureFile(join(folder, path))
    if (measured !== undefined && measured.sha256 === wanted && locked.has(path)) continue
    if (measured !== undefined) log.warn({ file: join(folder, path) }, 'a file of the model is damaged; downloading it again')
    found.push(path)
  }
  return found
}

async function downloadAll(
  options: HubModelOptions,
  folder: string,
  revision: string,
  paths: ReadonlySet<string>,
  listing: ReadonlyMap<string, Expected>,
  locked: Map<string, LockedFile>,
): Promise<void> {
  const { client, name, sha256, log, onProgress, onRetry } = options
  const expectedOf = (path: string): Expected => ({
    bytes: locked.get(path)?.bytes,
    ...listing.get(path),
    ...(sha256[path] === undefined ? {} : { sha256: sha256[path] }),
  })
  const missingOf = async (path: string): Promise<number> =>
    Math.max(0, (expectedOf(path).bytes ?? 0) - (await bytesOfFile(`${join(folder, path)}.part`)))
  await checkRoom(folder, await sumOf([...paths], missingOf))
  log.info({ model: name, revision, files: paths.size }, `downloading the model ${name}`)
  for (const path of paths) {
    const file = await download({
      client,
      url: client.fileUrl(name, revision, path),
      path: join(folder, path),
      expected: expectedOf(path),
      onProgress: (bytes, bytesTotal) => onProgress(path, bytes, bytesTotal),
      onRetry,
    })
    const before = locked.get(path)
    if (before !== undefined && before.sha256 !== file.sha256) {
      throw new ColloquyError(
        'wrong_checksum',
        `the SHA-256 of ${path} of ${name}@${revision} was ${before.sha256} at its first download `
          + `and is ${file.sha256} now. Remove ${folder} if you trust the new file`,
      )
    }
    locked.set(path, file)
    await writeLock(folder, locked)
  }
}

const sumOf = async (paths: readonly string[], size: (path: string) => Promise<number>): Promise<number> =>
  (await Promise.all(paths.map(size))).reduce((sum, bytes) => sum + bytes, 0)

/** @throws ColloquyError `disk_full` if a download of this size would fill the disk */
async function checkRoom(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes) return
  throw new ColloquyError(
    'disk_full',
    `${folder} needs ${bytes} more bytes, and its disk has ${bavail * bsize} left: free some space, or `
      + 'set COLLOQUY_CACHE_DIR to a folder on another disk',
  )
}

const pinsSchema = z.record(z.string(), z.string().regex(COMMIT))
const commitSchema = z.object({ sha: z.string().regex(COMMIT) })

/** The commit of a revision. A branch or tag stays pinned to the commit that it first had, so that all vectors stay comparable. */
async function commitOf({ client, name, revision, log, onRetry }: HubModelOptions, home: string): Promise<string> {
  if (COMMIT.test(revision)) return revision
  const file = join(home, 'pins.json')
  const pins = pinsSchema.safeParse(parseJson((await readIfThere(file)) ?? '{}')).data ?? {}
  const pinned = pins[revision]
  if (pinned !== undefined) return pinned
  const { sha } = await asked(client, client.apiUrl(name, `revision/${encodeURIComponent(revision)}`), commitSchema, onRetry)
  await writeWhole(file, `${JSON.stringify({ ...pins, [revision]: sha }, undefined, 2)}\n`)
  log.warn(
    { model: name, revision, commit: sha },
    `pinned ${name} to the current commit of "${revision}"; name it ${name}@${sha} in the settings to use it everywhere`,
  )
  return sha
}

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.int().nonnegative(),
    oid: z.string(),
    lfs: z.object({ oid: z.string() }).optional(),
  }),
)

/** The files of a revision: the hub gives the SHA-256 of large ones and Git's hash of small ones. */
async function listFiles({ client, name, onRetry }: HubModelOptions, revision: string): Promise<ReadonlyMap<string, Expected>> {
  const tree = await asked(client, client.apiUrl(name, `tree/${revision}?recursive=true`), treeSchema, onRetry)
  return new Map(
    tree
      .filter(({ type }) => type === 'file')
      .map(({ path, size, oid, lfs }) => [path, { bytes: size, ...(lfs === undefined ? { gitSha1: oid } : { sha256: lfs.oid }) }]),
  )
}

const ASK_RETRIES_MAX = 2
const ASK_PAUSES: Pauses = { minMs: 250, maxMs: 1_000 }

async function asked<T>(client: HubClient, url: string, schema: z.ZodType<T>, onRetry: HubModelOptions['onRetry']): Promise<T> {
  const answer = await withRetry(() => client.json(url), {
    pauses: ASK_PAUSES,
    retriesMax: ASK_RETRIES_MAX,
    isJittered: true,
    signal: client.signal,
    isFinal: (error) => !hasCode(error, 'hub_unreachable'),
    onRetry: (error) => onRetry?.(error),
  }).catch((cause: unknown) => {
    if (!hasCode(cause, 'hub_unreachable')) throw cause
    throw new ColloquyError(
      'hub_unreachable',
      `${messageOf(cause)}. Check the network, COLLOQUY_EMBED_HUB_URL and COLLOQUY_EMBED_PROXY_URL, or ${client.advice.offline}`,
      { cause },
    )
  })
  const read = schema.safeParse(answer)
  if (read.success) return read.data
  throw new ColloquyError(
    'hub_refused',
    `${url} did not answer as a hub does (${z.prettifyError(read.error)}); ` + 'is COLLOQUY_EMBED_HUB_URL a hub, or a mirror of one?',
  )
}

const LOCK_PAUSES: Pauses = { minMs: 250, maxMs: 250 }

/** Waits while another process downloads this model. */
async function waitForLock(file: string, { client: { signal }, log }: HubModelOptions): Promise<{ release(): void }> {
  let isTold = false
  return withRetry(async () => takeDataLock(file), {
    pauses: LOCK_PAUSES,
    signal,
    isFinal: (error) => !hasCode(error, 'data_dir_in_use'),
    onRetry() {
      if (!isTold) log.info({ file }, 'another process downloads the model; waiting for it')
      isTold = true
    },
  })
}
