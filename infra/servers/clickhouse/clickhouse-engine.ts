/**
 * The embedded ClickHouse as a program: `node clickhouse-engine.ts <folder>` serves with the config.xml in the folder,
 * `node clickhouse-engine.ts <folder> create` creates Colloquy's database and exits.
 *
 * chdb's library contains clickhouse-local, which can open ClickHouse's HTTP interface (`SYSTEM START LISTEN HTTP`) with its formats,
 * users, limits and errors. Only the library's command-line entry point offers this, and chdb's Node binding does not export it, so
 * it is called by FFI. The FFI must run on its thread's own stack (ffi-rs does, koffi does not): the engine measures its stack and
 * refuses to run on a foreign one.
 *
 * The process ends when its stdin closes or on SIGTERM, after running queries had `drainMsMax` to finish. It always ends by sending
 * itself SIGKILL: a shutdown of the engine needs the working folder that was removed (see `serve`), and all acknowledged data is on disk.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { access, type FileHandle, mkdir, open, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { libchdbPath } from 'chdb/libchdb'
import { DataType, load, open as openLibrary } from 'ffi-rs'
import { lowerThreadPriority } from '../../../pipeline/runtime/thread-priority.ts'
import { database } from './clickhouse-config.ts'

const drainMsMax = 5_000
/** From the request to stop to the end, even if the engine hangs: draining, and time for the engine to reach it. */
const endMsMax = 8_000
const drainPollMs = 100

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
 * The engine runs files of queries in order. Three of them are pipes: it waits at each until this process closes its end.
 */
async function serve(folder: string, data: string): Promise<void> {
  const at = (name: string): string => join(folder, name)
  // Without the file the engine would not fail but serve all data to all users.
  await access(at('config.xml'))
  const pipes = { starting: at('starting'), serving: at('serving'), stopping: at('stopping') }
  for (const pipe of Object.values(pipes)) rmSync(pipe, { force: true })
  execFileSync('mkfifo', ['-m', '600', ...Object.values(pipes)])
  writeFileSync(at('start.sql'), 'SYSTEM START LISTEN HTTP')
  // There are rows only while other queries run, and only rows sleep.
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
    await stopRequested
    await serving.close()
    await reached(pipes.stopping)
  }

  // The SQL function file() of this engine reads any file for any user. It looks up the working folder first and fails where that is
  // gone, so the folder is removed. It cannot be removed earlier: the engine needs it to start.
  const gone = at('gone')
  await mkdir(gone, { recursive: true })
  process.chdir(gone)
  const ended = clickHouseLocal(
    data,
    `--config-file=${at('config.xml')}`,
    // For this session only: over HTTP the limits of config.xml hold for its user.
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

const [, , folder, mode] = process.argv
if (folder === undefined) throw new Error('usage: node clickhouse-engine.ts <folder> [create]')
const data = `--path=${join(folder, 'data')}`
// Before the engine starts its threads, which inherit it.
lowerThreadPriority()
if (mode === 'create') {
  await clickHouseLocal(data, '--query', `CREATE DATABASE IF NOT EXISTS ${database}`)
  process.exit()
}
await serve(folder, data).catch((error: unknown) => process.stderr.write(`${inspect(error)}\n`))
process.kill(process.pid, 'SIGKILL')
