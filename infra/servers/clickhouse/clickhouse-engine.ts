/**
 * The embedded ClickHouse as a program: `node clickhouse-engine.ts <folder> serve <options>` serves with the config.xml in
 * the folder; the options are `EngineOptions` as JSON. `node clickhouse-engine.ts <folder> create <file>` creates Colloquy's database,
 * writes the names of all settings to a new file in the folder, and exits; with `settings` it only writes them.
 *
 * chdb's library contains clickhouse-local, which can open ClickHouse's HTTP interface (`SYSTEM START LISTEN HTTP`) with its formats,
 * users, limits and errors. Only the library's command-line entry point offers this. chdb's Node binding does not export it, so
 * this program calls it by FFI. The engine measures its stack and refuses to run on a foreign one, so the FFI must call it on the thread's
 * own stack (ffi-rs does, koffi does not).
 *
 * The process ends on SIGTERM or when its stdin closes. Running queries first get `drainMsMax` to finish. The process then always sends
 * itself SIGKILL: the engine cannot shut down, because `serve` removed its working folder. All acknowledged data is on disk by then.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { access, type FileHandle, mkdir, open, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { libchdbPath } from 'chdb/libchdb'
import { DataType, load, open as openLibrary } from 'ffi-rs'
import { lowerThreadPriority } from '../../../pipeline/runtime/thread-priority.ts'
import { quoted } from '../../../schemas/ddl.ts'
import { database, engineHostVariable, enginePortVariable, startSql } from './clickhouse-config.ts'
import { createClickHouseProxy, type EngineOptions, engineOptions } from './clickhouse-proxy.ts'

const drainMsMax = 5_000
/** Max time from the request to stop until the end of the process, even if the engine hangs. Includes the draining of queries. */
const endMsMax = 8_000
const drainPollMs = 100
/** Max time that clients have for the rest of an answer after the drain. */
const handOverMsMax = 1_000

/** Runs clickhouse-local; resolves when it has ended. Errors go to stderr. It can run only once per process. */
async function clickHouseLocal(...args: string[]): Promise<void> {
  openLibrary({ library: 'chdb', path: libchdbPath() })
  await load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [args.length + 1, ['clickhouse', ...args]],
    runInNewThread: true,
  })
}

/**
 * Serves until it is asked to stop, or until the engine ends by itself.
 *
 * The engine runs five files of queries in order. Three of them are pipes: the engine waits at each pipe until this process closes it.
 */
async function serve(folder: string, data: string, options: EngineOptions): Promise<void> {
  const at = (name: string): string => join(folder, name)
  // Fails if the file is missing. Without the file the engine would start and serve all data to all users.
  await access(at('config.xml'))
  writeFileSync(at('start.sql'), startSql(options.analyst))
  // The engine writes the queue down, which start.sql creates, and aborts at a start that finds it.
  rmSync(join(folder, 'data/workload'), { recursive: true, force: true })
  const pipes = { starting: at('starting'), serving: at('serving'), stopping: at('stopping') }
  for (const pipe of Object.values(pipes)) rmSync(pipe, { force: true })
  execFileSync('mkfifo', ['-m', '600', ...Object.values(pipes)])
  // The query sleeps once per row, and it has a row only while other queries run. Without other queries it ends at once.
  const waitABit = `SELECT sleepEachRow(${drainPollMs / 1_000}) FROM system.metrics WHERE metric = 'Query' AND value > 1;`
  writeFileSync(at('stop.sql'), `SYSTEM STOP LISTEN HTTP;${waitABit.repeat(drainMsMax / drainPollMs)}`)

  const stdin = process.stdin.resume()
  const stopRequested = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(stdin, 'end'), once(stdin, 'close')])
  /** Resolves when the engine has reached this pipe. */
  const reached = (pipe: string): Promise<FileHandle> => open(pipe, 'w')
  const direct = async (): Promise<void> => {
    const starting = await reached(pipes.starting)
    await rmdir(gone)
    await starting.close()
    const serving = await reached(pipes.serving)
    await once(proxy.listen(options.port, '127.0.0.1'), 'listening')
    await stopRequested
    const answered = once(proxy, 'close')
    proxy.close()
    await serving.close()
    await reached(pipes.stopping)
    // The engine has sent all answers to the proxy; clients may not have them yet.
    await Promise.race([answered, sleep(handOverMsMax)])
  }

  process.env[enginePortVariable] = String(options.enginePort)
  process.env[engineHostVariable] = `127.0.0.1:${options.enginePort}`
  const proxy = createClickHouseProxy(options)

  // The SQL function file() of this engine would let any user read any file. The function first looks up the working folder, and fails if
  // there is none. `direct` therefore removes the folder, but only after the engine has started, because the start needs it.
  const gone = at('gone')
  await mkdir(gone, { recursive: true })
  process.chdir(gone)
  const ended = clickHouseLocal(
    data,
    `--config-file=${at('config.xml')}`,
    // Applies to this session only. Over HTTP the same user has the limits of config.xml.
    '--readonly=0',
    '--queries-file',
    pipes.starting,
    at('start.sql'),
    pipes.serving,
    at('stop.sql'),
    pipes.stopping,
  )
  await Promise.race([ended, direct(), stopRequested.then(() => sleep(endMsMax))])
}

const [, , folder, mode, argument = ''] = process.argv
if (folder === undefined) throw new Error('usage: node clickhouse-engine.ts <folder> create|settings <file>|serve <options>')
const data = `--path=${join(folder, 'data')}`
const settingNames = `SELECT name FROM system.settings INTO OUTFILE ${quoted(argument)} FORMAT TSV`
// Must precede the start of the engine, whose threads inherit the priority.
lowerThreadPriority()
if (mode !== 'serve') {
  // The engine reads a config.xml of its working folder: this one has none.
  const empty = join(folder, 'gone')
  mkdirSync(empty, { recursive: true })
  process.chdir(empty)
  await (mode === 'create'
    ? clickHouseLocal(data, '--query', `CREATE DATABASE IF NOT EXISTS ${database}; ${settingNames}`)
    : clickHouseLocal('--query', settingNames))
  process.exit()
}
await serve(folder, data, engineOptions.parse(JSON.parse(argument))).catch((error: unknown) => process.stderr.write(`${inspect(error)}\n`))
process.kill(process.pid, 'SIGKILL')
