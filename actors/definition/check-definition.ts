import type { AnyStateMachine } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import { checkActions, checkGuards } from './check-behaviour.ts'
import { checkContext } from './check-context.ts'
import { checkCycles } from './check-cycles.ts'
import { checkSources } from './check-invokes.ts'
import type { Kind } from './kind.ts'
import { type Refusal, refusalText } from './refusal.ts'
import { actionsOf, isRecord, nodesOf, pathOf } from './walk-machine.ts'

/** Everything that is wrong with a definition. `code` is that of the first refusal. */
export class DefinitionError extends ColloquyError {
  readonly refusals: readonly Refusal[]

  constructor(kind: string, refusals: readonly [Refusal, ...Refusal[]]) {
    const lines = refusals.map((refusal) => `\n  ${refusal.code}: ${refusalText(refusal)}`)
    super(refusals[0].code, `kind "${kind}" has an invalid machine:${lines.join('')}`)
    this.refusals = refusals
  }
}

/**
 * Checks that a machine asks for nothing that would be lost: values that a record cannot hold, actions that no stage carries out,
 * constructs that would end or hang the actor. All faults are reported at once. A decision refuses the faults that a definition does not
 * show.
 *
 * @throws DefinitionError
 */
export function checkDefinition(kind: Kind): void {
  const { machine } = kind
  const structure = [...checkInitials(machine), ...checkIds(machine)]
  // XState throws while it reads a state whose initial state does not exist.
  if (isFilled(structure)) throw new DefinitionError(kind.name, structure)
  const actions = actionsOf(machine)
  const [first, ...more] = [
    ...checkSources(kind, actions),
    ...checkActions(kind, actions),
    ...checkGuards(machine),
    ...checkEvents(kind),
    ...checkCycles(machine),
    ...checkStateNames(machine),
    ...checkRoutes(machine),
  ]
  // A machine with an endless cycle or missing parts cannot compute its initial state.
  const refusals = first === undefined ? checkContext(kind) : [first, ...more]
  if (isFilled(refusals)) throw new DefinitionError(kind.name, refusals)
}

const isFilled = (refusals: readonly Refusal[]): refusals is readonly [Refusal, ...Refusal[]] => refusals.length > 0

function checkInitials(machine: AnyStateMachine): Refusal[] {
  return nodesOf(machine).flatMap((node) => {
    const written: unknown = node.config.initial
    const initial = isRecord(written) ? written['target'] : written
    if (node.type !== 'compound' || (typeof initial === 'string' && Object.hasOwn(node.states, initial))) return []
    return [
      {
        code: 'unknown_initial',
        where: `${pathOf(node)}, initial`,
        what: `there is no state ${JSON.stringify(initial) ?? 'undefined'} in it`,
        instead: `use one of its states (${Object.keys(node.states).join(', ')})`,
      } as const,
    ]
  })
}

/** Timers and the memory of history states find a state by its id. */
function checkIds(machine: AnyStateMachine): Refusal[] {
  const nodes = nodesOf(machine)
  const first = new Map(nodes.toReversed().map((node) => [node.id, node]))
  return nodes.flatMap((node) => {
    const other = first.get(node.id)
    if (other === undefined || other === node) return []
    return [
      {
        code: 'duplicate_state_id',
        where: pathOf(node),
        what: `"${pathOf(other)}" has the same id, "${node.id}"`,
        instead: 'give each state an id of its own, or none',
      } as const,
    ]
  })
}

const checkRoutes = (machine: AnyStateMachine): Refusal[] =>
  nodesOf(machine)
    .filter(({ config }) => isRecord(config) && config['route'] !== undefined)
    .map((node) => ({
      code: 'route',
      where: `${pathOf(node)}, route`,
      what: 'a producer cannot send "xstate.route": types that begin with xstate. are reserved',
      instead: 'declare an event, and write a transition for it at the root: on: { "go.there": "#id" }',
    }))

/** Finds events that a state handles and the kind does not declare. XState's types accept a misspelt event beside a correct one. */
function checkEvents({ machine, events }: Pick<Kind, 'machine' | 'events'>): Refusal[] {
  const known = Object.keys(events)
  const isKnown = (descriptor: string): boolean => {
    if (descriptor === '*' || descriptor.startsWith('xstate.')) return true
    if (descriptor.endsWith('.*')) return known.some((type) => `${type}.`.startsWith(descriptor.slice(0, -1)))
    return known.includes(descriptor)
  }
  const unknown = nodesOf(machine).flatMap((node) =>
    Object.keys(node.config.on ?? {})
      .filter((descriptor) => !isKnown(descriptor))
      .map((descriptor) => ({ descriptor, path: pathOf(node) })),
  )
  return unknown.map(({ descriptor, path }) => ({
    code: 'unknown_event',
    where: `${path}, on ${descriptor}`,
    what: `the kind does not declare the event "${descriptor}"`,
    instead: `use one of its events (${known.join(', ') || 'it has none'}), or declare it under "events" of defineKind`,
  }))
}

/** Records and tables write active states as `open.idle+other.leaf`; these characters in a name would make that ambiguous. */
const NOT_IN_NAMES = /[.+\p{Cc}]/u

const checkStateNames = (machine: AnyStateMachine): Refusal[] =>
  nodesOf(machine)
    .filter(({ key, path }) => path.length > 0 && (key === '' || NOT_IN_NAMES.test(key) || !key.isWellFormed()))
    .map((node) => ({
      code: 'bad_state_name',
      where: pathOf(node),
      what: `the state name ${JSON.stringify(node.key)} is not allowed: records join names with . and +`,
      instead: 'use a name that is not empty and has no ".", no "+" and no control characters',
    }))
