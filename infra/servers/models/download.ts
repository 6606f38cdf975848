import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { type Pauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { codeOf, ColloquyError, hasCode, messageOf } from '../../../schemas/errors.ts'
import { bytesOfFile } from '../data-files.ts'
import { bytesIn, type HubClient, reasonOf } from './hub-client.ts'
import { type LockedFile, measureFile } from './lock-file.ts'

/** The known properties of a file. */
export interface Expected {
  readonly bytes?: number | undefined
  readonly sha256?: string | undefined
  /** Git's hash of the content. For small files the hub gives no other hash. */
  readonly gitSha1?: string | undefined
}

export interface DownloadOptions {
  readonly client: HubClient
  readonly url: string
  /** Path of the finished file. No file is there before the download is complete and verified. */
  readonly path: string
  readonly expected: Expected
  /** Called with the bytes so far, and with the size if it is known. */
  readonly onProgress: (bytes: number, bytesTotal: number | undefined) => void
  /** Called before a failed request is repeated. */
  readonly onRetry?: ((error: unknown) => void) | undefined
  /** Pause before the first retry; it doubles with each further one. Default: 500 ms. */
  readonly pauseMinMs?: number
}

/** Max retries in a row. An attempt that downloads at least `GOOD_PIECE_BYTES` starts the count again. */
const RETRIES_MAX = 4
/** Max bytes of a file of unknown size. Weights of a model that can run in this process are smaller. */
const FILE_BYTES_MAX = 32 * 1024 ** 3
const GOOD_PIECE_BYTES = 1024 * 1024
const PAUSES: Pauses = { minMs: 500, maxMs: 10_000 }

/**
 * Downloads a file, or resumes a partial download. Verifies the file before it gets its final name.
 *
 * @throws ColloquyError `wrong_checksum`, `too_large`, `disk_full`, `download_failed` after several tries; as `HubClient.get` does.
 */
export async function download(options: DownloadOptions): Promise<LockedFile> {
  const { path, url, expected } = options
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.part`
  for (let tries = 1; ; tries++) {
    const wasResumed = (await bytesOfFile(part)) > 0
    await fetchAll(options, part)
    const measured = await measureFile(part)
    if (measured === undefined) {
      throw new ColloquyError('download_failed', `${part} was removed by another process during the download; start again`)
    }
    const problem = await differenceOf(part, measured, expected)
    if (problem === undefined) {
      await keep(part, path)
      return measured
    }
    await rm(part, { force: true })
    // The resumed part may belong to another file, so the next attempt starts from the beginning.
    if (!wasResumed || tries > 1) {
      throw new ColloquyError(
        'wrong_checksum',
        `${url} is not the expected file: ${problem}. It was removed. A mirror (COLLOQUY_EMBED_HUB_URL) or a proxy `
          + `(COLLOQUY_EMBED_PROXY_URL) may have changed it: try another one, or ${options.client.advice.changed}`,
      )
    }
  }
}

async function keep(part: string, path: string): Promise<void> {
  const handle = await open(part)
  await handle.sync().finally(() => handle.close())
  await rename(part, path)
}

async function fetchAll(options: DownloadOptions, part: string): Promise<void> {
  let before = 0
  try {
    await withRetry(
      async () => {
        before = await bytesOfFile(part)
        await fetchRest(options, part, before)
      },
      {
        pauses: { ...PAUSES, minMs: options.pauseMinMs ?? PAUSES.minMs },
        retriesMax: RETRIES_MAX,
        isJittered: true,
        signal: options.client.signal,
        isFinal: (error) => !hasCode(error, 'hub_unreachable'),
        onRetry: (error) => options.onRetry?.(error),
        madeProgress: async () => (await bytesOfFile(part)) - before >= GOOD_PIECE_BYTES,
      },
    )
  } catch (cause) {
    const here = await bytesOfFile(part)
    if (codeOf(cause) === 'ENOSPC') {
      const missing = options.expected.bytes === undefined ? '' : ` (${options.expected.bytes - here} bytes are missing)`
      throw new ColloquyError(
        'disk_full',
        `the disk of ${part} is full${missing}: free some space, or set COLLOQUY_CACHE_DIR `
          + 'to a folder on another disk. The next attempt resumes the download',
        { cause },
      )
    }
    if (!hasCode(cause, 'hub_unreachable')) throw cause
    throw new ColloquyError(
      'download_failed',
      `${messageOf(cause)}; the next attempt resumes after ${here} bytes. Check the network, `
        + 'COLLOQUY_EMBED_HUB_URL and COLLOQUY_EMBED_PROXY_URL',
      { cause },
    )
  }
}

/** Appends the rest of the file to the part. @throws ColloquyError `hub_unreachable` if the body breaks off */
async function fetchRest({ client, url, expected, onProgress }: DownloadOptions, part: string, before: number): Promise<void> {
  if (before > 0 && before === expected.bytes) return
  const response = await client.get(url, before > 0 ? { range: `bytes=${before}-` } : {})
  const isRest = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${before}-`) === true
  if (before > 0 && !isRest) {
    // The server has no bytes after this position, or it sends the whole file: start from the beginning.
    await rm(part, { force: true })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new ColloquyError('hub_unreachable', `${url} cannot resume at byte ${before} (HTTP ${response.status})`)
    }
  }
  let here = isRest ? before : 0
  const length = response.headers.get('content-length')
  const bytesTotal = expected.bytes ?? (length === null ? undefined : here + Number(length))
  onProgress(here, bytesTotal)
  let broken: unknown
  // If the body breaks off, the pipeline still closes the file properly. The next attempt can resume after its bytes.
  const untilBroken = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of bytesIn(response)) {
        here += chunk.length
        if (here > (bytesTotal ?? FILE_BYTES_MAX)) {
          throw new ColloquyError(
            'too_large',
            `${url} is larger than ${bytesTotal ?? FILE_BYTES_MAX} bytes; `
              + 'check COLLOQUY_EMBED_MODEL or COLLOQUY_RERANK_MODEL, and COLLOQUY_EMBED_HUB_URL',
          )
        }
        yield chunk
        onProgress(here, bytesTotal)
      }
    } catch (error) {
      broken = error
    }
  }
  await namingFile(part, pipeline(untilBroken, createWriteStream(part, { flags: isRest ? 'a' : 'w' })))
  if (broken instanceof ColloquyError) throw broken
  if (broken !== undefined) {
    throw new ColloquyError('hub_unreachable', `${url} broke off at byte ${here} (${reasonOf(broken)})`, { cause: broken })
  }
  if (bytesTotal !== undefined && here < bytesTotal) {
    throw new ColloquyError('hub_unreachable', `${url} ended at byte ${here} of ${bytesTotal}`)
  }
}

/** Describes how a file differs from the expected one; `undefined` if it does not. */
async function differenceOf(path: string, measured: LockedFile, expected: Expected): Promise<string | undefined> {
  const { bytes, sha256 } = expected
  if (bytes !== undefined && measured.bytes !== bytes) return `it has ${measured.bytes} bytes, not ${bytes}`
  if (sha256 !== undefined && measured.sha256 !== sha256) return `its SHA-256 is ${measured.sha256}, not ${sha256}`
  if (expected.gitSha1 === undefined || sha256 !== undefined) return undefined
  const gitSha1 = await gitSha1Of(path, measured.bytes)
  return gitSha1 === expected.gitSha1 ? undefined : `its Git hash is ${gitSha1}, not ${expected.gitSha1}`
}

/** Git's hash of a file. */
async function gitSha1Of(path: string, bytes: number): Promise<string> {
  const digest = createHash('sha1').update(`blob ${bytes}\0`)
  const reading = pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) digest.update(chunk)
  })
  await namingFile(path, reading)
  return digest.digest('hex')
}
