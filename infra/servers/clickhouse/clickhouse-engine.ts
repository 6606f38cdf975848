/**
 * The embedded ClickHouse as a program of its own: `node engine.ts <folder>` serves by the config.xml in the folder,
 * `node engine.ts <folder> create` makes our database and ends.
 *
 * chdb's library is all of clickhouse-local, which can open ClickHouse's own HTTP interface (`SYSTEM START LISTEN HTTP`), with
 * its own formats, users, limits and errors. Only the library's entry point for a command line leads there, and chdb's Node
 * binding does not offer it, so it is called by FFI. The FFI has to stay on its thread's own stack (ffi-rs does, koffi does
 * not): the engine measures its stack and refuses to run on one that somebody else made.
 *
 * Ends when its stdin closes or on SIGTERM, after running queries had `drainMsMax` to end. Its end is always a SIGKILL to itself:
 * shutting the engine down needs the working folder that it was deprived of (see `serve`), and what it acknowledged is on disk.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { access, mkdir, open, rmdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { libchdbPath } from 'chdb/libchdb'
import { DataType, load, open as openLibrary } from 'ffi-rs'
import { lowerThreadPriority } from '../../../pipeline/runtime/thread-priority.ts'
import { database } from './clickhouse-config.ts'

const drainMsMax = 5_000
/** From being told to end to the end, even if the engine hangs: draining, and some time for the engine to come to it. */
const endMsMax = 8_000
const drainPollMs = 100

/** Runs clickhouse-local; resolves when it ended. What went wrong is on stderr. Once in a process: it cannot start again. */
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
 * Serves until told to end, or until the engine ends by itself.
 *
 * The engine is given files of queries, which it runs in order. Three of them are pipes: it waits at each until we close our end.
 */
async function serve(folder: string, data: string): Promise<void> {
  const at = (name: string): string => join(folder, name)
  // Without it the engine would not fail but serve everything to everybody.
  await access(at('config.xml'))
  const pipes = { starting: at('starting'), serving: at('serving'), stopping: at('stopping') }
  for (const pipe of Object.values(pipes)) rmSync(pipe, { force: true })
  execFileSync('mkfifo', ['-m', '600', ...Object.values(pipes)])
  writeFileSync(at('start.sql'), 'SYSTEM START LISTEN HTTP')
  // Rows come only while queries other than this one run, and only rows sleep.
  const waitABit = `SELECT sleepEachRow(${drainPollMs / 1_000}) FROM system.metrics WHERE metric = 'Query' AND value > 1;`
  writeFileSync(at('stop.sql'), `SYSTEM STOP LISTEN HTTP;${waitABit.repeat(drainMsMax / drainPollMs)}`)

  const stdin = process.stdin.resume()
  const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(stdin, 'end'), once(stdin, 'close')])
  /** Resolves when the engine has come to this pipe. */
  const reached = (pipe: string): Promise<FileHandle> => open(pipe, 'w')
  const direct = async (): Promise<void> => {
    const starting = await reached(pipes.starting)
    await rmdir(gone)
    await starting.close()
    const serving = await reached(pipes.serving)
    await told
    await serving.close()
    await reached(pipes.stopping)
  }

  // In this engine the SQL function file() reads any file for anybody. But it looks up the working folder first, and fails when
  // that is gone. It cannot be gone earlier: the engine needs it to start.
  const gone = at('gone')
  await mkdir(gone, { recursive: true })
  process.chdir(gone)
  const ended = clickHouseLocal(data, `--config-file=${at('config.xml')}`,
    // For this session alone: over HTTP its user is held to what config.xml says.
    '--readonly=0',
    '--queries-file', pipes.starting, at('start.sql'), pipes.serving, at('stop.sql'), pipes.stopping)
  await Promise.race([ended, direct(), told.then(() => sleep(endMsMax))])
}

const [, , folder, mode] = process.argv
if (folder === undefined) throw new Error('usage: node engine.ts <folder> [create]')
const data = `--path=${join(folder, 'data')}`
// Before there are threads of the engine: they inherit it.
lowerThreadPriority()
if (mode === 'create') {
  await clickHouseLocal(data, '--query', `CREATE DATABASE IF NOT EXISTS ${database}`)
  process.exit()
}
await serve(folder, data).catch((error: unknown) => process.stderr.write(`${inspect(error)}\n`))
process.kill(process.pid, 'SIGKILL')
