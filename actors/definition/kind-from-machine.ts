import { type AnyStateMachine, StateMachine } from 'xstate'
import { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
import { defineKind } from './define-kind.ts'
import type { Kind, OnTaskError, Schemas } from './kind.ts'
import { portedSources } from './ported-sources.ts'
import { defineTask, type TaskDefinition } from './task-definition.ts'

/** What a machine that was written for XState does not say. */
export interface MachineOptions extends Partial<Pick<TaskDefinition, 'deadlineMs' | 'attemptsMax' | 'concurrencyMax' | 'retry'>> {
  readonly name: string
  readonly version: number
  /** Schemas of the inputs' data, by type. Default: any data for each type that the machine has a transition for. */
  readonly events?: Schemas
  /** Schemas of the emitted events' data, by type, also of the machines that it starts. Default: none. */
  readonly emits?: Schemas
  /** What the machine gets as `input` when an actor begins. Pure, as a machine is. Default: the actor's address. */
  readonly input?: (address: Address) => unknown
  /** Default: `end`, as XState does. */
  readonly onTaskError?: OnTaskError
}

const TASK_DEFAULTS = { deadlineMs: 60 * 60_000, attemptsMax: 5, concurrencyMax: 10 }

/**
 * The kind of a machine that was written for XState, which stays as it is. Each of its `fromPromise` actors becomes a task that runs the
 * same function, and gets its `input` and `signal`. Each machine that it starts becomes a child kind, `<name>-<its name>`; see
 * `kindsFromMachine`. An event has the data of its input as fields beside its `type`, too; its `id`, `time`, `source`, `at`, `arrivedAt`
 * and `data` are Colloquy's.
 *
 * Inputs, outputs and contexts have no schemas; a kind made by `defineKind` has.
 *
 * @throws ColloquyError, DefinitionError as `defineKind` and its `with` do
 */
export const kindFromMachine = (machine: AnyStateMachine, options: MachineOptions): Kind => kindOf(machine, options, {})

/** The kind of such a machine and the kinds of all machines that it starts, for the config: `export default [...kindsFromMachine(…)]`. */
export const kindsFromMachine = (machine: AnyStateMachine, options: MachineOptions): readonly Kind[] =>
  withDescendants(kindFromMachine(machine, options))

const withDescendants = (kind: Kind): Kind[] => [kind, ...Object.values(kind.children).flatMap(withDescendants)]

/** @param child what its parent gives it, where it is a child */
function kindOf(machine: AnyStateMachine, options: MachineOptions, child: { readonly input?: z.ZodType }): Kind {
  const { name, version, emits = {}, onTaskError = 'end', retry } = options
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
  const { promises, machines, config } = portedSources(machine)
  const { events: _, input: __, ...shared } = options
  const kind = defineKind({
    name,
    version,
    context: z.looseObject({}),
    events: options.events ?? anyData(machine),
    emits,
    tasks: mapped(promises, taskOf),
    children: mapped(machines, (one, src) => kindOf(one, { ...shared, name: `${name}-${src}` }, { input: z.unknown() })),
    ...child,
    ...(options.input !== undefined && { inputOf: options.input }),
    onTaskError,
  })
  const { implementations } = machine.provide({ actors: kind.xstate.actors })
  const begun = config.context === undefined ? { ...config, context: {} } : config
  return { ...kind.with(new StateMachine(begun, implementations)), dataBesideType: true }
}

const mapped = <From, To>(values: Readonly<Record<string, From>>, map: (value: From, key: string) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]))

const anyData = ({ events }: AnyStateMachine): Schemas =>
  Object.fromEntries(
    events
      .filter((type: string) => !type.startsWith('xstate.') && !type.includes('*') && type !== '')
      .map((type: string) => [type, z.looseObject({})]),
  )
