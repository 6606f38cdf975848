import { type AnyStateMachine, StateMachine } from 'xstate'
import { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
import { isPromiseLogic } from './check-invokes.ts'
import { defineKind } from './define-kind.ts'
import type { Kind, OnTaskError, Schemas } from './kind.ts'
import { defineTask, type TaskDefinition } from './task-definition.ts'
import { isFunction, isRecord } from './walk-machine.ts'

/** What a machine that was written for XState does not say. */
export interface MachineOptions extends Partial<Pick<TaskDefinition, 'deadlineMs' | 'attemptsMax' | 'concurrencyMax' | 'retry'>> {
  readonly name: string
  readonly version: number
  /** Schemas of the inputs' data, by type. Default: any data for each type that the machine has a transition for. */
  readonly events?: Schemas
  /** Schemas of the emitted events' data, by type. Default: none. */
  readonly emits?: Schemas
  /** What the machine gets as `input` when an actor begins. Pure, as a machine is. Default: the actor's address. */
  readonly input?: (address: Address) => unknown
  /** Default: `end`, as XState does. */
  readonly onTaskError?: OnTaskError
}

const TASK_DEFAULTS = { deadlineMs: 60 * 60_000, attemptsMax: 5, concurrencyMax: 10 }

/**
 * The kind of a machine that was written for XState, which stays as it is. Each of its `fromPromise` actors becomes a task that runs the
 * same function, and gets its `input` and `signal`. An event has the data of its input as fields beside its `type`, too; its `id`, `time`,
 * `source`, `at`, `arrivedAt` and `data` are Colloquy's.
 *
 * Inputs, outputs and contexts have no schemas; a kind made by `defineKind` has.
 *
 * @throws ColloquyError, DefinitionError as `defineKind` and its `with` do
 */
export function kindFromMachine(machine: AnyStateMachine, options: MachineOptions): Kind {
  const { name, version, emits = {}, onTaskError = 'end', input, retry } = options
  const { deadlineMs, attemptsMax, concurrencyMax } = { ...TASK_DEFAULTS, ...options }
  const taskOf = (work: (call: object) => unknown): TaskDefinition =>
    defineTask({
      input: z.unknown(),
      output: z.unknown(),
      deadlineMs,
      attemptsMax,
      concurrencyMax,
      ...(retry !== undefined && { retry }),
      run: async (call) => (await work(call)) ?? null,
    })
  const promises = Object.entries<unknown>(machine.implementations.actors).flatMap(([src, logic]) => {
    const work = isRecord(logic) && isPromiseLogic(logic) ? logic['config'] : undefined
    return isFunction(work) ? [[src, taskOf(work)] as const] : []
  })
  const kind = defineKind({
    name,
    version,
    context: z.looseObject({}),
    events: options.events ?? anyData(machine),
    emits,
    tasks: Object.fromEntries(promises),
    onTaskError,
  })
  const begin: unknown = machine.config.context
  const context = isFunction(begin) && input !== undefined ? { context: withInput(begin, input) } : begin === undefined && { context: {} }
  const { implementations } = machine.provide({ actors: kind.xstate.actors })
  return { ...kind.with(new StateMachine({ ...machine.config, ...context }, implementations)), dataBesideType: true }
}

const withInput =
  (begin: (given: object) => unknown, input: (address: Address) => unknown) =>
  (given: { readonly input: Address }): unknown =>
    begin({ ...given, input: input(given.input) })

const anyData = ({ events }: AnyStateMachine): Schemas =>
  Object.fromEntries(
    events
      .filter((type: string) => !type.startsWith('xstate.') && !type.includes('*') && type !== '')
      .map((type: string) => [type, z.looseObject({})]),
  )
