import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { workerEntry } from '../../pipeline/runtime/worker-entry.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, ForeignCodeError } from '../../schemas/errors.ts'
import type { CheckedInput, FromWorker, ToWorker } from './dev-messages.ts'

const MODULE = workerEntry(import.meta.url, 'dev-worker')
/** Bounds for importing all of Colloquy, importing the kinds, and starting the stages. */
const STANDBY_MS_MAX = 30_000
const LOAD_MS_MAX = 15_000
const RUN_MS_MAX = 30_000
/** Bound for the check of an input: a decision may block the process meanwhile. */
const CHECK_MS_MAX = 2_000
/** Max time for a worker to finish its work in progress. The next worker resumes the rest from the log. */
const STOP_MS_MAX = 500
/** Of the last line of its output, in the reason of its end. */
const LINE_CHARS_MAX = 500

/** A process that runs kinds. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** Files that were imported before the kinds: a standby worker is stale once one of them changes. */
  readonly files: readonly string[]
  /** Imports and registers the kinds. Rejects if the process ends first. */
  load(order: Extract<ToWorker, { type: 'load' }>): Promise<Extract<FromWorker, { type: 'loaded' | 'refused' }>>
  /** Starts the stages of the worker. @throws ColloquyError if they do not start */
  run(): Promise<void>
  /** All that is wrong with the data of an input. Rejects if the process is busy, or ends. */
  check(kind: string, input: CheckedInput): Promise<readonly string[]>
  /** Settles when the process is gone, with its exit code or signal. Never rejects. */
  readonly ended: Promise<string>
  /** Stops the process in order; kills it after half a second. May be called again. */
  stop(): Promise<void>
}

/** Starts a process that imports all of Colloquy and then waits for messages. @throws ColloquyError `worker_failed` */
export async function startWorkerProcess(): Promise<WorkerProcess> {
  const child = fork(MODULE, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
  let lastLine = ''
  child.stderr?.on('data', (text: Buffer) => {
    process.stderr.write(text)
    lastLine = text.toString('utf8').trim().split('\n').at(-1) ?? ''
  })
  // With `close`, everything that it wrote has arrived: the watchdog of the process says last which decision did not return.
  const ended = once(child, 'close').then(
    ([code, signal]: (string | number | null)[]) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      return lastLine === '' ? how : `${how}: ${lastLine.slice(0, LINE_CHARS_MAX)}`
    },
    (error: unknown) => String(error),
  )
  // Sending to a process that is about to end raises this event. It is ignored, because `ended` reports the end.
  child.on('error', () => undefined)

  const answer = async <Type extends FromWorker['type']>(
    types: readonly Type[],
    ms: number,
    code: ErrorCode,
    what: string,
    isMeant: (message: Extract<FromWorker, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<FromWorker, { type: Type }>> => {
    const { promise, resolve } = Promise.withResolvers<Extract<FromWorker, { type: Type }>>()
    const isOne = (message: FromWorker): message is Extract<FromWorker, { type: Type }> => types.some((type) => type === message.type)
    const take = (message: FromWorker): void => {
      if (isOne(message) && isMeant(message)) resolve(message)
    }
    const settled = new AbortController()
    child.on('message', take)
    try {
      return await Promise.race([
        promise,
        ended.then((how) => {
          throw new ColloquyError('worker_ended', `the process ended (${how}) during ${what}; its output is in the terminal`)
        }),
        delay(ms, undefined, { signal: settled.signal }).then(() => {
          throw new ColloquyError(code, `${what} took longer than ${ms / 1_000} s; look for an await or a loop that does not end`)
        }),
      ])
    } finally {
      settled.abort()
      child.off('message', take)
    }
  }
  const send = (message: ToWorker): void => {
    if (child.connected) child.send(message)
  }
  let questions = 0
  const stop = async (): Promise<void> => {
    send({ type: 'stop' })
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await ended
    clearTimeout(force)
  }

  try {
    const { files } = await answer(['standby'], STANDBY_MS_MAX, 'worker_failed', 'its start')
    return {
      pid: child.pid,
      files,
      ended,
      stop,
      load(order) {
        send(order)
        return answer(['loaded', 'refused'], LOAD_MS_MAX, 'config_hangs', 'the import of the kinds')
      },
      async run() {
        send({ type: 'run' })
        const ran = await answer(['running', 'failed'], RUN_MS_MAX, 'worker_failed', 'the start of the stages')
        if (ran.type === 'failed') throw new ForeignCodeError(ran.problem.code, ran.problem.message)
      },
      async check(kind, input) {
        const question = (questions += 1)
        send({ type: 'check', question, kind, input })
        const isAnswer = (message: { readonly question: number }): boolean => message.question === question
        return (await answer(['checked'], CHECK_MS_MAX, 'worker_failed', 'the check of an input', isAnswer)).problems
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
