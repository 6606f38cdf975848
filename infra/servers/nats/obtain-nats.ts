import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { codeOf, ColloquyError, hasCode, messageOf } from '../../../schemas/errors.ts'
import { natsServerFromApt } from './nats-from-apt.ts'

/** The first version with scheduled messages. Timers need them. */
export const natsServerVersionMin = '2.12.0'

/** A nats-server program that runs and is recent enough. */
export interface NatsServerBinary {
  readonly command: string
  readonly version: string
}

export interface ObtainOptions {
  /** COLLOQUY_NATS_SERVER_BIN: use this program only. */
  configured?: string
  /** Folder of downloaded programs, by version and platform; created if missing. Any number of processes may share it. */
  cacheDir: string
  log: Logger
  /** Names and paths to try before the cache; default: the PATH, and the folders that packages use. */
  installed?: readonly string[]
  /** Puts a nats-server into the given folder and returns its path; default: from the system's package manager. */
  download?: (workDir: string, log: Logger) => Promise<string>
}

const installedDefault = ['nats-server', '/usr/sbin/nats-server', '/usr/local/bin/nats-server', '/opt/homebrew/bin/nats-server']
const versionTimeoutMs = 10_000

/**
 * Finds a nats-server of at least `natsServerVersionMin`: the configured one, an installed one, a cached one, or one that it downloads.
 * Several processes may call it at once: the cache has only complete programs that run.
 *
 * @throws ColloquyError `nats_server_unusable` if the configured one is missing, broken or too old; `nats_server_not_found` if every
 * attempt failed, with the error of each and the remedy.
 */
export async function obtainNatsServer(options: ObtainOptions): Promise<NatsServerBinary> {
  const { configured, cacheDir, log, installed = installedDefault, download = natsServerFromApt } = options
  if (configured !== undefined)
    return probe(configured).catch((cause: unknown) => {
      throw unusable(configured, cause)
    })

  const failures: string[] = []
  for (const command of [...installed, ...(await cached(cacheDir))]) {
    try {
      return await probe(command)
    } catch (error) {
      failures.push(`${command}: ${messageOf(error)}`)
      if (hasCode(error, 'nats_server_unusable')) log.warn(`skipping ${command}: ${messageOf(error)}`)
    }
  }
  try {
    return await downloaded(cacheDir, log, download)
  } catch (cause) {
    throw notFound([...failures, `system's package manager: ${messageOf(cause)}`], cause)
  }
}

async function downloaded(cacheDir: string, log: Logger, download: (workDir: string, log: Logger) => Promise<string>) {
  const workDir = await mkdtemp(join(tmpdir(), 'colloquy-nats-'))
  try {
    const fresh = await probe(await download(workDir, log))
    await mkdir(cacheDir, { recursive: true })
    const command = join(cacheDir, `nats-server-${fresh.version}-${platform}`)
    const aside = `${command}.${basename(workDir)}`
    await copyFile(fresh.command, aside)
    await chmod(aside, 0o755)
    await rename(aside, command)
    log.info({ command }, `downloaded nats-server ${fresh.version}`)
    return { command, version: fresh.version }
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

/** Programs for this platform in the cache, newest first. */
async function cached(cacheDir: string): Promise<string[]> {
  const names = await readdir(cacheDir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => name.startsWith('nats-server-') && name.endsWith(platform))
    .sort((a, b) => compareVersions(b, a))
    .map((name) => join(cacheDir, name))
}

/** Reads the program's version. @throws ColloquyError `nats_server_missing`; `nats_server_unusable` if it does not run or is too old */
async function probe(command: string): Promise<NatsServerBinary> {
  let output: string
  try {
    output = (await promisify(execFile)(command, ['--version'], { timeout: versionTimeoutMs })).stdout
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw new ColloquyError('nats_server_missing', 'not there', { cause })
    throw new ColloquyError('nats_server_unusable', messageOf(cause), { cause })
  }
  const version = /v(\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (version === undefined) {
    throw new ColloquyError('nats_server_unusable', `it gives no version ("${output.trim().slice(0, 100)}")`)
  }
  if (compareVersions(version, natsServerVersionMin) < 0) {
    throw new ColloquyError('nats_server_unusable', `version ${version} is older than ${natsServerVersionMin}`)
  }
  return { command, version }
}

const platform = `${process.platform}-${process.arch}`

const compareVersions = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

const whatToDo = `Install nats-server ${natsServerVersionMin} or newer (macOS: brew install nats-server; Windows: winget install \
NATSAuthors.NATSServer; any system: the release page of the nats-io/nats-server project) and put it on the PATH or name it in \
COLLOQUY_NATS_SERVER_BIN. Or use a running server with COLLOQUY_NATS_URL.`

const unusable = (command: string, cause: unknown): ColloquyError =>
  new ColloquyError('nats_server_unusable', `COLLOQUY_NATS_SERVER_BIN is ${command}: ${messageOf(cause)}. ${whatToDo}`, { cause })

const notFound = (failures: readonly string[], cause: unknown): ColloquyError =>
  new ColloquyError(
    'nats_server_not_found',
    `No usable nats-server was found. Tried:\n${failures.map((failure) => `  - ${failure}`).join('\n')}\n${whatToDo}`,
    { cause },
  )
