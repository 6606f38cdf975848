import type { Logger } from 'pino'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { actorKey, parseLogSubject } from '../../schemas/subjects.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { currentKindCode, type KindCode } from './kind-code.ts'

export interface StrayErrorOptions {
  readonly log: Logger
  readonly metrics: Metrics
  /** Called with an error of Colloquy's own code, or of unknown code: this thread cannot be relied on any more. */
  readonly onUnknown: (error: unknown) => void
  /** Whether a rejection of unknown code is only logged: a promise that nothing awaits leaves the thread intact. Default: false. */
  readonly survivesRejections?: boolean
}

/**
 * Handles what the code of a kind leaves behind in this thread: an error thrown in a timer after a task returned, a rejection that nothing
 * handles, an `error` event without a listener, a call that would end the process. It is logged and counted, and nothing else suffers.
 */
export function handleStrayErrors({ log, metrics, onUnknown, survivesRejections = false }: StrayErrorOptions): { stop(): void } {
  const handle = (error: unknown): void => {
    const code = currentKindCode()
    if (code === undefined) return onUnknown(error)
    report(code, error)
  }
  const handleRejection = (error: unknown): void => {
    if (currentKindCode() !== undefined || !survivesRejections) return handle(error)
    metrics.strayErrors.inc({ kind: '', task: '' })
    log.error({ err: error }, 'a promise was rejected and nothing awaits it; it was made by a task, and nobody knows by which')
  }
  const report = (code: KindCode, error: unknown): void => {
    const { kind, task, ...about } = describe(code)
    metrics.strayErrors.inc({ kind, task: task ?? '' })
    log.error(
      { kind, task, ...about, err: error },
      'the code of a kind threw an error after it had returned; nothing else is affected. Await every promise, and catch errors in timers',
    )
  }
  process.on('uncaughtException', handle)
  process.on('unhandledRejection', handleRejection)
  const exits = refuseExit()
  return {
    stop() {
      process.off('uncaughtException', handle)
      process.off('unhandledRejection', handleRejection)
      exits.stop()
    },
  }
}

/** Makes the functions that end the process throw in the code of kinds. `process.kill` may signal other processes. */
export function refuseExit(): { stop(): void } {
  const functions = ENDING.map((name) => [name, Reflect.get(process, name)] as const)
  for (const [name, original] of functions) {
    if (typeof original !== 'function') continue
    Reflect.set(process, name, (...args: unknown[]) => {
      const isAllowed = currentKindCode() === undefined || (name === 'kill' && !hitsThisProcess(args))
      if (isAllowed) return Reflect.apply(original, process, args) as unknown
      const call = `process.${name}(${args.map(messageOf).join(', ')})`
      throw new ColloquyError('exit_refused', `${call} was called; the code of a kind cannot end the process`)
    })
  }
  return {
    stop() {
      for (const [name, original] of functions) Reflect.set(process, name, original)
    },
  }
}

const ENDING = ['exit', 'abort', 'kill'] as const

/** Signal 0 only asks whether a process lives. Zero and negative ids are groups of processes. */
const hitsThisProcess = ([pid, signal]: readonly unknown[]): boolean =>
  signal !== 0 && (Number(pid) === process.pid || Number(pid) === 0 || Number(pid) === -process.pid || Number(pid) === -1)

interface Description {
  readonly kind: string
  readonly actor: string
  readonly task?: string
  readonly run?: string
  readonly seq?: number
}

function describe(code: KindCode): Description {
  if ('run' in code) return { kind: code.kind, task: code.task, run: code.run, actor: code.actor }
  const { address } = parseLogSubject(code.subject)
  return { kind: address.kind, actor: actorKey(address), seq: code.seq }
}
