import { z } from 'zod'
import type { LogRecord, Reason } from '../../../schemas/record.ts'

/**
 * The chaos kind once more, as a table of what each input does: written from its description and without XState, so that a fault of
 * either shows.
 */
export interface ModelActor {
  readonly state: 'idle' | 'working' | 'labouring' | 'dozing' | 'over'
  readonly context: Readonly<Record<'count' | 'fold' | 'nap' | 'naps' | 'done' | 'failed', number>>
  /** The one task or timer that is pending. */
  readonly run: string | undefined
}

/** What one input has to do. */
export interface Expected {
  readonly after: ModelActor
  readonly emitted: readonly { readonly type: string; readonly data: object }[]
  readonly sent: readonly { readonly actor: string; readonly by: number }[]
  readonly started: readonly { readonly task: string; readonly input: unknown }[]
  /** Delay of the timer that it sets. */
  readonly timerMs: number | undefined
  readonly stopped: readonly string[]
  readonly ended: readonly { readonly run: string; readonly status: string }[]
}

export const unborn: ModelActor = {
  state: 'idle', run: undefined, context: { count: 0, fold: 0, nap: 0, naps: 0, done: 0, failed: 0 },
}

const nothing = { emitted: [], sent: [], started: [], timerMs: undefined, stopped: [], ended: [] }

const number = z.number()
const told = z.object({ to: z.string(), by: number })
const internal = z.object({ run: z.string(), output: z.object({ value: number }).optional() })

const fold = (before: number, by: number): number => (before * 31 + by) % 1_000_000_007

/** Why an actor must reject an input that is well made; `undefined` where it must take it. */
export function mustReject(actor: ModelActor | undefined, type: string): Reason | undefined {
  if (actor?.state === 'over') return 'ended'
  return type === 'throw' ? 'poison' : undefined
}

/** @throws where an input is nothing that the model knows what to do with */
export function follow(before: ModelActor, { type, data }: LogRecord['input'], run: string | undefined): Expected {
  const { context, state } = before
  const by = (): number => number.parse(data?.['by'])
  const isBusy = state === 'working' || state === 'labouring'
  const stopping = before.run === undefined ? [] : [before.run]
  const stoppingTask = isBusy ? stopping.map((one) => ({ run: one, status: 'stopped' })) : []
  switch (type) {
    case 'add': {
      const after = { ...context, count: context.count + 1, fold: fold(context.fold, by()) }
      return { ...nothing, after: { ...before, context: after }, emitted: [{ type: 'counted', data: { count: after.count, fold: after.fold } }] }
    }
    case 'heard':
      return { ...nothing, after: { ...before, context: { ...context, count: context.count + 1, fold: fold(context.fold, by()) } } }
    case 'tell': {
      const { to } = told.parse(data)
      return { ...nothing, after: { ...before, context: { ...context, fold: fold(context.fold, by()) } }, sent: [{ actor: to, by: by() }] }
    }
    case 'work':
    case 'labour':
      if (state !== 'idle') return { ...nothing, after: before }
      return {
        ...nothing, after: { context, state: type === 'work' ? 'working' : 'labouring', run },
        started: [{ task: type === 'work' ? 'toil' : 'labour', input: data }],
      }
    case 'drop':
      if (!isBusy) return { ...nothing, after: before }
      return { ...nothing, after: { context, state: 'idle', run: undefined }, stopped: stopping, ended: stoppingTask }
    case 'doze': {
      if (state !== 'idle' && state !== 'dozing') return { ...nothing, after: before }
      const ms = number.parse(data?.['ms'])
      return { ...nothing, after: { state: 'dozing', run, context: { ...context, nap: ms } }, timerMs: ms, stopped: stopping }
    }
    case 'wake':
      if (state !== 'dozing') return { ...nothing, after: before }
      return { ...nothing, after: { context, state: 'idle', run: undefined }, stopped: stopping }
    case 'quit':
      return { ...nothing, after: { context, state: 'over', run: undefined }, stopped: stopping, ended: stoppingTask }
    case 'timer.fired': {
      const after = { ...context, naps: context.naps + 1, fold: fold(context.fold, 7) }
      return { ...nothing, after: { state: 'idle', run: undefined, context: after }, emitted: [{ type: 'woke', data: { naps: after.naps } }] }
    }
    case 'task.done': {
      const { run: settled, output } = internal.parse(data)
      const value = number.parse(output?.value)
      const after = { ...context, done: context.done + 1, fold: fold(context.fold, value) }
      return {
        ...nothing, after: { state: 'idle', run: undefined, context: after }, emitted: [{ type: 'worked', data: { value } }],
        ended: [{ run: settled, status: 'done' }],
      }
    }
    case 'task.failed':
    case 'task.expired': {
      const { run: settled } = internal.parse(data)
      const after = { ...context, failed: context.failed + 1 }
      const isExpired = type === 'task.expired'
      return {
        ...nothing, after: { state: 'idle', run: undefined, context: after }, stopped: isExpired ? [settled] : [],
        ended: [{ run: settled, status: isExpired ? 'expired' : 'failed' }],
      }
    }
    default:
      // Of types that the kind does not know, which are recorded and change nothing.
      return { ...nothing, after: before }
  }
}
