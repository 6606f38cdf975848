import type { Logger } from 'pino'
import { ColloquyError } from '../../schemas/errors.ts'
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
 * handles, an `error` event without a listener, a call of `process.exit`. It is logged and counted, and nothing else suffers.
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
  const { exit } = process
  process.exit = (code) => {
    if (currentKindCode() === undefined) return exit(code)
    throw new ColloquyError('exit_refused', `process.exit(${code ?? ''}) was called; the code of a kind cannot end the process`)
  }
  return {
    stop() {
      process.off('uncaughtException', handle)
      process.off('unhandledRejection', handleRejection)
      process.exit = exit
    },
  }
}

interface Description {
  readonly kind: string
  readonly actor: string
  readonly task?: string
  readonly run?: string
  readonly seq?: number
}

function describe(code: KindCode): Description {
  if ('run' in code) return { kind: code.kind, task: code.task, run: code.run, actor: code.actor }
  const [, tenant = '', kind = '', id = ''] = code.subject.split('.')
  return { kind, actor: `${tenant}/${kind}/${id}`, seq: code.seq }
}
