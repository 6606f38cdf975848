import { z } from 'zod'
import type { LogRecord, Reason } from '../../../schemas/record.ts'

/**
 * An independent model of the chaos kind: the effect of each input. It is written from the kind's description and without XState, so that
 * the checker finds a fault in the kind, in XState or in the model.
 */
export interface ModelActor {
  readonly state: 'idle' | 'working' | 'workingLong' | 'sleeping' | 'ended'
  readonly context: Readonly<Record<'count' | 'fold' | 'sleepMs' | 'sleeps' | 'done' | 'failed', number>>
  /** The pending task or timer; the kind never has two. */
  readonly run: string | undefined
}

/** The expected effect of one input. */
export interface Expected {
  readonly after: ModelActor
  readonly emitted: readonly { readonly type: string; readonly data: object }[]
  readonly sent: readonly { readonly actor: string; readonly by: number }[]
  readonly started: readonly { readonly task: string; readonly input: unknown }[]
  /** Delay of the timer that the input sets. */
  readonly timerMs: number | undefined
  readonly stopped: readonly string[]
  readonly ended: readonly { readonly run: string; readonly status: string }[]
}

export const initialActor: ModelActor = {
  state: 'idle',
  run: undefined,
  context: { count: 0, fold: 0, sleepMs: 0, sleeps: 0, done: 0, failed: 0 },
}

const noEffect = { emitted: [], sent: [], started: [], timerMs: undefined, stopped: [], ended: [] }

const number = z.number()
const forwardData = z.object({ to: z.string(), by: number })
const taskData = z.object({ run: z.string(), output: z.object({ value: number }).optional() })

const fold = (before: number, by: number): number => (before * 31 + by) % 1_000_000_007

/** The reason with which an actor must reject a well-formed input; `undefined` if it must commit the input. */
export function mustReject(actor: ModelActor | undefined, type: string): Reason | undefined {
  if (actor?.state === 'ended') return 'ended'
  return type === 'throw' || type === 'hang' || type === 'exit' ? 'poison' : undefined
}

/** The effect of a committed input. @throws if its data does not fit its type */
export function follow(before: ModelActor, { type, data }: LogRecord['input'], run: string | undefined): Expected {
  const { context, state } = before
  const by = (): number => number.parse(data?.['by'])
  const isBusy = state === 'working' || state === 'workingLong'
  const stopping = before.run === undefined ? [] : [before.run]
  const stoppingTask = isBusy ? stopping.map((one) => ({ run: one, status: 'stopped' })) : []
  switch (type) {
    case 'add': {
      const after = { ...context, count: context.count + 1, fold: fold(context.fold, by()) }
      return {
        ...noEffect,
        after: { ...before, context: after },
        emitted: [{ type: 'counted', data: { count: after.count, fold: after.fold } }],
      }
    }
    case 'forwarded':
      return { ...noEffect, after: { ...before, context: { ...context, count: context.count + 1, fold: fold(context.fold, by()) } } }
    case 'forward': {
      const { to } = forwardData.parse(data)
      return { ...noEffect, after: { ...before, context: { ...context, fold: fold(context.fold, by()) } }, sent: [{ actor: to, by: by() }] }
    }
    case 'work':
    case 'longWork':
      if (state !== 'idle') return { ...noEffect, after: before }
      return {
        ...noEffect,
        after: { context, state: type === 'work' ? 'working' : 'workingLong', run },
        started: [{ task: type === 'work' ? 'shortJob' : 'longJob', input: data }],
      }
    case 'cancel':
      if (!isBusy) return { ...noEffect, after: before }
      return { ...noEffect, after: { context, state: 'idle', run: undefined }, stopped: stopping, ended: stoppingTask }
    case 'sleep': {
      if (state !== 'idle' && state !== 'sleeping') return { ...noEffect, after: before }
      const ms = number.parse(data?.['ms'])
      return { ...noEffect, after: { state: 'sleeping', run, context: { ...context, sleepMs: ms } }, timerMs: ms, stopped: stopping }
    }
    case 'wake':
      if (state !== 'sleeping') return { ...noEffect, after: before }
      return { ...noEffect, after: { context, state: 'idle', run: undefined }, stopped: stopping }
    case 'quit':
      return { ...noEffect, after: { context, state: 'ended', run: undefined }, stopped: stopping, ended: stoppingTask }
    case 'timer.fired': {
      const after = { ...context, sleeps: context.sleeps + 1, fold: fold(context.fold, 7) }
      return {
        ...noEffect,
        after: { state: 'idle', run: undefined, context: after },
        emitted: [{ type: 'woke', data: { sleeps: after.sleeps } }],
      }
    }
    case 'task.done': {
      const { run: settled, output } = taskData.parse(data)
      const value = number.parse(output?.value)
      const after = { ...context, done: context.done + 1, fold: fold(context.fold, value) }
      return {
        ...noEffect,
        after: { state: 'idle', run: undefined, context: after },
        emitted: [{ type: 'worked', data: { value } }],
        ended: [{ run: settled, status: 'done' }],
      }
    }
    case 'task.failed':
    case 'task.expired': {
      const { run: settled } = taskData.parse(data)
      const after = { ...context, failed: context.failed + 1 }
      const isExpired = type === 'task.expired'
      return {
        ...noEffect,
        after: { state: 'idle', run: undefined, context: after },
        stopped: isExpired ? [settled] : [],
        ended: [{ run: settled, status: isExpired ? 'expired' : 'failed' }],
      }
    }
    default:
      // The kind does not know this type: the input is recorded without effect.
      return { ...noEffect, after: before }
  }
}
