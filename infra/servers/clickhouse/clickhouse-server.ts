import { execFile as execFileCallback } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import chdb from 'chdb/package.json' with { type: 'json' }
import type { Logger } from 'pino'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { codeOf, ColloquyError, hasCode, messageOf } from '../../../schemas/errors.ts'
import { ownPassword } from '../data-files.ts'
import { freePort } from '../free-port.ts'
import { supervise, type SupervisedChild } from '../supervise.ts'
import { type AnalystLimits, analystLimitsDefault, configXml, database, internalUser } from './clickhouse-config.ts'
import { type EngineOptions } from './clickhouse-proxy.ts'
import { setAsideFolder, setTablesAside } from './set-aside.ts'

export interface ClickHouseOptions {
  /** Folder with the tables (in `clickhouse/`) and the internal user's password (in `clickhouse-password`). */
  dataDir: string
  /** Port of 127.0.0.1; 0 for any free port. Users without a password may use it, so it is on no other address. */
  port: number
  /** Default `analystLimitsDefault`. */
  analyst?: Partial<AnalystLimits>
  /** Host names that requests may name besides localhost. */
  allowedHosts?: readonly string[]
  log: Logger
}

/** The running engine, and the login of the user who may do everything. */
export interface ClickHouse {
  /** For every client. */
  readonly url: string
  /**
   * For Colloquy's own parts only: the engine's HTTP server without the proxy, which takes 0.5 ms a request. A client that hangs up at a
   * wrong moment ends the engine (`createClickHouseProxy`).
   */
  readonly engineUrl: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly database: string
  /** Tables and views that the engine could not load, so that they were set aside. */
  readonly setAside: readonly string[]
  /** The folder of the engine: its configuration, its data, and damaged data that was set aside. */
  readonly folder: string
  /** Number of restarts after the engine died. */
  readonly restarts: number
  /** Process id of the engine while it runs. */
  readonly pid: number | undefined
  /** Gives running queries some seconds to finish and stops the engine. May be called again. */
  stop(): Promise<void>
}

const execFile = promisify(execFileCallback)
const answerTimeoutMs = 2_000
/**
 * From the public port to the engine's own: below the ports that a system gives to outgoing connections, since a restarted engine needs it
 * again, and far from the public port, beside which people put that of a second instance.
 */
const enginePortOffset = 10_000
const portMax = 32_767

/**
 * Starts ClickHouse's engine in a process of its own, which is restarted until `stop()`. It has ClickHouse's HTTP interface, the users
 * `colloquy` (password), `analyst` and `default` (no password, read-only), and the default database `colloquy`.
 *
 * @throws ColloquyError `clickhouse_port_taken`; `clickhouse_unusable` or `child_failed` if the engine does not start.
 */
export async function startClickHouse(options: ClickHouseOptions): Promise<ClickHouse> {
  const port = await publicPort(options.port)
  const enginePort = await portOfEngine(port)
  const folder = resolve(options.dataDir, 'clickhouse')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const password = await ownPassword(join(options.dataDir, 'clickhouse-password'))
  const analyst = { ...analystLimitsDefault, ...options.analyst }
  const engineOptions: EngineOptions = { port, enginePort, allowedHosts: options.allowedHosts ?? [], analyst }
  const configFile = join(folder, 'config.xml')

  const engine = [workerEntry(import.meta.url, 'clickhouse-engine'), folder]
  const url = `http://127.0.0.1:${port}`
  const start = async (): Promise<SupervisedChild> => {
    const config = configXml({ password, analyst, names: await createDatabase(engine, folder) })
    await namingFile(configFile, writeFile(configFile, config, { mode: 0o600 }))
    return supervise(
      {
        name: 'clickhouse',
        command: process.execPath,
        args: [...engine, 'serve', JSON.stringify(engineOptions)],
        // Times without a zone are UTC on every machine.
        env: { TZ: 'UTC' },
        ready: () => answers(url, password),
        // The engine writes nothing but errors.
        lineLevel: () => 'warn',
      },
      { log: options.log },
    )
  }
  const setAside: string[] = []
  const child = await startWithoutDamage(folder, start, options.log, setAside)
  return {
    url,
    engineUrl: `http://127.0.0.1:${enginePort}`,
    port,
    password,
    database,
    folder,
    setAside,
    username: internalUser,
    get restarts() {
      return child.restarts
    },
    get pid() {
      return child.pid
    },
    stop: () => child.stop(),
  }
}

/** Starts the engine. Tables that it cannot load are set aside, one after another, until it starts without them. Adds their names. */
async function startWithoutDamage(
  folder: string,
  start: () => Promise<SupervisedChild>,
  log: Logger,
  setAside: string[],
): Promise<SupervisedChild> {
  const to = setAsideFolder(folder, new Date())
  for (;;) {
    try {
      return await start()
    } catch (error) {
      const tables = hasCode(error, 'child_failed') ? await setTablesAside(folder, messageOf(error), to) : []
      if (tables.length === 0) throw error
      setAside.push(...tables)
      log.error(
        { tables, folder: to },
        `ClickHouse cannot load ${tables.join(', ')}, so this data was set aside in ${to}; Colloquy makes its own tables again from LOG. `
          + 'Delete that folder when you no longer need it; keep it if "colloquy status" names records that LOG has lost',
      )
    }
  }
}

/**
 * Creates the database in a separate run, because the session that opens the HTTP interface already needs its default database.
 *
 * @returns the names of all settings of the engine, which the run writes to a file that later starts read.
 */
async function createDatabase(engine: readonly string[], folder: string): Promise<string[]> {
  const made = join(folder, 'data/metadata', `${database}.sql`)
  const listName = `settings-${chdb.version}.tsv`
  const list = join(folder, listName)
  const names = async (): Promise<string[]> => (await readFile(list, 'utf8')).trim().split('\n')
  const isMade = existsSync(made)
  if (isMade && existsSync(list)) return names()
  const unfinished = `${list}.new`
  await rm(unfinished, { force: true })
  // Not on existing data, where a damaged table would stop the run.
  const { stderr } = await execFile(process.execPath, [...engine, isMade ? 'settings' : 'create', unfinished])
  if (existsSync(made) && existsSync(unfinished)) {
    await rename(unfinished, list)
    return names()
  }
  throw new ColloquyError(
    'clickhouse_unusable',
    `ClickHouse's engine could not create its database in ${folder}. `
      + `Is there space, and is the folder writable? The engine says: ${stderr}`,
  )
}

/** Resolves when the engine answers. Sends the password, which no other server on the port would accept. */
async function answers(url: string, password: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': internalUser, 'X-ClickHouse-Key': password },
    body: 'SELECT 1',
    signal: AbortSignal.timeout(answerTimeoutMs),
  })
  const answer = await response.text()
  if (answer !== '1\n') throw new ColloquyError('clickhouse_not_ready', `${url} answers ${response.status}: ${answer}`)
}

/** Returns the port, or a free one for 0. The engine does not choose it, so that a restarted engine gets the same port. */
async function publicPort(port: number): Promise<number> {
  try {
    return await freePort(port)
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE') throw cause
    throw new ColloquyError(
      'clickhouse_port_taken',
      `port ${port} of 127.0.0.1, for ClickHouse, is in use: set `
        + 'COLLOQUY_CLICKHOUSE_PORT to another (0 for any), or COLLOQUY_CLICKHOUSE_URL to the server that uses it',
      { cause },
    )
  }
}

/** Returns a free port for the engine: near its usual one if the public port is a fixed one, else any. */
async function portOfEngine(port: number): Promise<number> {
  for (let wanted = port + enginePortOffset; wanted <= portMax; wanted++) {
    try {
      return await freePort(wanted)
    } catch (cause) {
      if (codeOf(cause) !== 'EADDRINUSE') throw cause
    }
  }
  return freePort()
}
