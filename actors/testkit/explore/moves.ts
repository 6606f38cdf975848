import fc from 'fast-check'
import { z } from 'zod'
import { type Kind, producedEvents } from '../../definition/kind.ts'
import { type Act, unstubbedTasks } from '../acts.ts'
import { arbitraryOf } from '../arbitrary-values.ts'
import { runningChildren } from '../child-acts.ts'
import { nextScheduled, type World } from '../simulated-world.ts'

/** Values to try: samples, with generated values mixed in; or an arbitrary, which is used alone. */
export type Values<T> = readonly T[] | fc.Arbitrary<T>

/** Values for inputs and tasks. */
export interface ValueOptions<K extends Kind> {
  /** Data of inputs by type. Default: generated from their schemas. */
  readonly events?: { readonly [Type in keyof K['events']]?: Values<z.input<K['events'][Type]>> }
  /** Sources of inputs, for a kind that takes some of them only from other actors: `colloquy/<tenant>/<kind>/<id>`. Default: `test`. */
  readonly sources?: readonly string[]
  /** Outputs of tasks by name. Default: generated from their schemas. */
  readonly tasks?: { readonly [Task in keyof K['tasks']]?: Values<z.input<K['tasks'][Task]['output']>> }
  /** Outputs of children, by the name of their kind in the machine. Default: generated from the `output` of that kind, if it has one. */
  readonly children?: Readonly<Record<string, Values<unknown>>>
}

/** One move of a walk. Its meaning depends on the world in which it is made: numbers select among the runs pending then. */
export type Move =
  | { readonly move: 'event'; readonly type: string; readonly data: unknown; readonly source: string | undefined }
  | { readonly move: 'task'; readonly pick: number; readonly how: 'ends' | 'fails'; readonly outputs: Readonly<Record<string, unknown>> }
  | { readonly move: 'child'; readonly pick: number; readonly how: 'ends' | 'fails'; readonly outputs: Readonly<Record<string, unknown>> }
  /** The next thing that happens by itself: a timer or a deadline. */
  | { readonly move: 'due' }
  | { readonly move: 'wait'; readonly ms: number }

const WAIT_MS_MAX = 86_400_000
/** The error of a task that fails in a walk. */
const EXPLORED = { code: 'explored', message: 'explored' }

/**
 * The possible moves with an actor of a kind.
 *
 * @throws ColloquyError `needs_samples` where values of a schema cannot be generated.
 */
export function movesOf<K extends Kind>(kind: K, { events, sources, tasks, children }: ValueOptions<K>): fc.Arbitrary<Move> {
  const source = sources === undefined || sources.length === 0 ? fc.constant(undefined) : fc.constantFrom(...sources)
  const data = Object.entries(producedEvents(kind)).map(([type, schema]) =>
    fc
      .tuple(valuesOf(events?.[type], schema, `input "${type}"`), source)
      .map(([made, from]): Move => ({ move: 'event', type, data: made, source: from })),
  )
  const outputs = fc.record(
    Object.fromEntries(
      Object.entries(kind.tasks).map(([name, task]) => [name, valuesOf(tasks?.[name], task.output, `output of task "${name}"`)]),
    ),
  )
  const how = fc.oneof({ weight: 4, arbitrary: fc.constant('ends' as const) }, { weight: 1, arbitrary: fc.constant('fails' as const) })
  const task = fc.record({ move: fc.constant('task' as const), pick: fc.nat(7), how, outputs })
  const childOutputs = fc.record(
    Object.fromEntries(
      Object.entries(kind.children).map(([name, { output }]) => [
        name,
        output === undefined && children?.[name] === undefined
          ? fc.constant(undefined)
          : valuesOf(children?.[name], output ?? z.unknown(), `output of child "${name}"`),
      ]),
    ),
  )
  const child = fc.record({ move: fc.constant('child' as const), pick: fc.nat(7), how, outputs: childOutputs })
  return fc.oneof(
    ...(data.length === 0 ? [] : [{ weight: 6, arbitrary: fc.oneof(...data) }]),
    ...(Object.keys(kind.tasks).length === 0 ? [] : [{ weight: 5, arbitrary: task }]),
    ...(Object.keys(kind.children).length === 0 ? [] : [{ weight: 5, arbitrary: child }]),
    { weight: 2, arbitrary: fc.constant<Move>({ move: 'due' }) },
    { weight: 1, arbitrary: fc.nat(WAIT_MS_MAX).map((ms): Move => ({ move: 'wait', ms })) },
  )
}

export function valuesOf(values: Values<unknown> | undefined, schema: z.ZodType, what: string): fc.Arbitrary<unknown> {
  // A project may use its own copy of fast-check, whose arbitraries are instances of another class.
  if (values !== undefined && 'generate' in values) return values
  if (values === undefined || values.length === 0) return arbitraryOf(schema, what)
  const samples = fc.constantFrom(...values)
  try {
    return fc.oneof({ weight: 3, arbitrary: samples }, { weight: 1, arbitrary: arbitraryOf(schema, what) })
  } catch {
    // If no value can be generated, only the samples are used.
    return samples
  }
}

/** The act that a move means in a world; undefined where there is nothing to do. */
export function actOf(world: World, move: Move): Act | undefined {
  switch (move.move) {
    case 'event':
      return { act: 'when', type: move.type, data: move.data, ...(move.source !== undefined && { attributes: { source: move.source } }) }
    case 'task': {
      const waiting = unstubbedTasks(world)
      const task = waiting[move.pick % waiting.length]
      if (task === undefined) return undefined
      return move.how === 'ends' ? { act: 'ends', task, output: move.outputs[task] } : { act: 'fails', task, error: EXPLORED }
    }
    case 'child': {
      const running = runningChildren(world)
      const [, child] = running[move.pick % running.length] ?? []
      if (child === undefined) return undefined
      const name = child.child
      return move.how === 'ends'
        ? { act: 'childEnds', child: name, output: move.outputs[child.src] }
        : { act: 'childFails', child: name, error: EXPLORED }
    }
    case 'due': {
      const scheduled = nextScheduled(world)
      if (scheduled === undefined || scheduled.what === 'result') return undefined
      return scheduled.what === 'timer' ? { act: 'fires' } : { act: 'expires', task: scheduled.task }
    }
    case 'wait': {
      // Shorter than the time to the next scheduled event, which is a move of its own.
      const ms = Math.min(move.ms, (nextScheduled(world)?.atMs ?? Infinity) - world.nowMs - 1)
      return ms > 0 ? { act: 'after', ms } : undefined
    }
  }
}
