import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Pauses, restartPauses, withRetry } from '../../pipeline/runtime/retry.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { killGroup, spawnTied } from './tied-child.ts'

/** Describes how to start a child process and how to check that it is ready. */
export interface ChildSpec {
  /** Name in log lines and errors. */
  name: string
  /** A path, or a name on the PATH. */
  command: string
  args: readonly string[]
  /** Added to this process's environment. */
  env?: Record<string, string>
  /** Resolves if the child is ready, else throws. Called at most every 50 ms until it resolves. */
  ready: () => Promise<void>
  /** Max time for the first start; default 60,000. A restart may take longer: it logs a warning after each such period. */
  readyTimeoutMs?: number
  /** Time between SIGTERM and SIGKILL; default 10,000. */
  stopTimeoutMs?: number
  /** Log level for a line of the child's output; default debug. */
  lineLevel?: (line: string) => 'debug' | 'info' | 'warn'
  /** Called each time that the child is ready again after it died. Must not throw. */
  onRestart?: () => void
}

/** A child process that is restarted until `stop()`. */
export interface SupervisedChild {
  /** Process id; undefined between the death of the process and the next start. */
  readonly pid: number | undefined
  /** Number of restarts. */
  readonly restarts: number
  /** Sends SIGTERM, and SIGKILL after `stopTimeoutMs`. Resolves when the process is gone. May be called at any time, more than once. */
  stop(): Promise<void>
}

const readyTimeoutMsDefault = 60_000
const stopTimeoutMsDefault = 10_000
/**
 * The same once this process is gone, at most. Short, because nobody waits for the child any more: what it has acknowledged is with the
 * operating system, and survives SIGKILL.
 */
const orphanMsMax = 2_000
const readyPauses: Pauses = { minMs: 50, maxMs: 50 }
/** The longest delay after a child that had been ready: what ended it came later, and others wait for it. */
const DELAY_MS_MAX_READY = 1_000
const lineCharsMax = 4_096
const stderrTailLinesMax = 20

/**
 * Starts a child process and keeps it running. Resolves when it is ready for the first time.
 *
 * - The child never outlives this process, and is in a session of its own (`spawnTied`).
 * - If it dies later, it is restarted without limit, each time after an exponentially growing, jittered delay (100 ms to 10 s; at most 1 s
 *   if it had been ready).
 * - Its output goes to the log, line by line.
 *
 * Needs a POSIX `sh`.
 * @throws ColloquyError `child_failed`, with the end of the child's stderr, when it dies or does not answer within
 * `readyTimeoutMs`. Nothing is left running then.
 */
export async function supervise(spec: ChildSpec, deps: { log: Logger }): Promise<SupervisedChild> {
  const log = deps.log.child({ child: spec.name })
  const stopping = new AbortController()
  let restarts = 0
  /** Whether the present child has answered. */
  let wasReady = true
  const pauses = restartPauses({ isJittered: true })

  let run = launch(spec, log)
  const problem = await firstStart(spec, run)
  if (problem !== undefined) {
    await end(spec, run)
    throw new ColloquyError('child_failed', `${spec.name} did not start (${spec.command}): ${problem}.${run.stderrTail()}`)
  }

  const keepRunning = async (): Promise<void> => {
    for (;;) {
      const startedMs = performance.now()
      const ended = await run.ended
      if (stopping.signal.aborted) return

      const grownMs = pauses.after(performance.now() - startedMs)
      const delayMs = wasReady ? Math.min(grownMs, DELAY_MS_MAX_READY) : grownMs
      log.error({ ...ended, delayMs }, `${spec.name} died (${describe(ended)}); restarting it`)
      await pause(delayMs, stopping.signal)
      if (stopping.signal.aborted) return
      restarts += 1
      run = launch(spec, log)
      await restarted(run)
    }
  }

  /** Waits for a restart without limit. A time limit would kill a server that recovers a large store, each time before it is ready. */
  const restarted = async (current: Run): Promise<void> => {
    const settled = new AbortController()
    const timeout = setInterval(
      () => log.warn(`${spec.name} was restarted and is not ready yet; still waiting`),
      spec.readyTimeoutMs ?? readyTimeoutMsDefault,
    )
    const answered = await Promise.race([answers(spec, settled.signal), current.ended.then(() => false)])
    clearInterval(timeout)
    settled.abort()
    wasReady = answered
    if (!answered) return
    log.info({ pid: current.process.pid, restarts }, `${spec.name} is ready again`)
    spec.onRestart?.()
  }

  const kept = keepRunning()
  const stop = async (): Promise<void> => {
    await end(spec, run)
    await kept
  }

  let stopped: Promise<void> | undefined
  return {
    get pid() {
      return isRunning(run.process) ? run.process.pid : undefined
    },
    get restarts() {
      return restarts
    },
    stop() {
      stopping.abort()
      return (stopped ??= stop())
    },
  }
}

interface Ended {
  exitCode: number | null
  signal: NodeJS.Signals | null
  reason?: string
}

interface Run {
  readonly process: ChildProcess
  /** Resolves when the process is gone and all of its output has been read. Never rejects. */
  readonly ended: Promise<Ended>
  /** The last lines of stderr, for an error message; empty if there are none. */
  stderrTail(): string
}

function launch(spec: ChildSpec, log: Logger): Run {
  const child = spawnTied({
    name: spec.name,
    command: spec.command,
    args: spec.args,
    stopTimeoutMs: Math.min(spec.stopTimeoutMs ?? stopTimeoutMsDefault, orphanMsMax),
    // The environment is not read as configuration here: the child needs PATH, HOME and the like.
    env: { ...process.env, ...spec.env },
  })
  const tail: string[] = []
  const write = (line: string): void => log[spec.lineLevel?.(line) ?? 'debug'](line)
  readLines(child.stdout, write)
  readLines(child.stderr, (line) => {
    write(line)
    tail.push(line)
    if (tail.length > stderrTailLinesMax) tail.shift()
  })
  for (const stream of child.stdio) stream?.on('error', (error) => log.debug({ err: error }, 'a pipe to the child process broke'))

  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, reason: messageOf(error) }))
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  return { process: child, ended, stderrTail: () => (tail.length === 0 ? '' : ` The last lines of its stderr:\n${tail.join('\n')}`) }
}

/** The reason that the child did not become ready in time; `undefined` if it did. */
async function firstStart(spec: ChildSpec, run: Run): Promise<string | undefined> {
  const timeoutMs = spec.readyTimeoutMs ?? readyTimeoutMsDefault
  const settled = new AbortController()
  let lastError: unknown
  const problem = await Promise.race([
    answers(spec, settled.signal, (error) => {
      lastError = error
    }).then(() => undefined),
    run.ended.then((ended) => `it died (${describe(ended)})`),
    pause(timeoutMs, settled.signal).then(
      () => `it did not answer within ${timeoutMs} ms${lastError === undefined ? '' : ` (${messageOf(lastError)})`}`,
    ),
  ])
  settled.abort()
  // If the child is dead, the answer came from another process.
  return problem ?? (isRunning(run.process) ? undefined : `it died (${describe(await run.ended)})`)
}

/** Asks until the child answers (true) or the signal is given (false). */
const answers = (spec: ChildSpec, signal: AbortSignal, onRetry?: (error: unknown) => void): Promise<boolean> =>
  withRetry(spec.ready, { pauses: readyPauses, signal, ...(onRetry && { onRetry }) }).then(
    () => true,
    () => false,
  )

async function end(spec: ChildSpec, run: Run): Promise<void> {
  if (isRunning(run.process)) run.process.kill('SIGTERM')
  const force = setTimeout(() => killGroup(run.process.pid), spec.stopTimeoutMs ?? stopTimeoutMsDefault)
  await run.ended
  clearTimeout(force)
}

const isRunning = (child: ChildProcess): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null

const describe = ({ exitCode, signal, reason }: Ended): string => reason ?? (signal === null ? `exit code ${exitCode}` : `signal ${signal}`)

/** Waits. Returns false if the signal was aborted meanwhile. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> => sleep(ms, true, { signal }).catch(() => false)

/** Calls `onLine` for each line, cut to `lineCharsMax`. */
function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.slice(0, lineCharsMax))
    rest = rest.slice(0, lineCharsMax)
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
