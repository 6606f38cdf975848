import { ColloquyError } from '../../schemas/errors.ts'
import type { Kind } from './define-kind.ts'
import { checkActions, checkGuards } from './check-behaviour.ts'
import { checkContext } from './check-context.ts'
import { checkCycles } from './check-cycles.ts'
import { checkEvents } from './check-events.ts'
import { checkStateNames } from './check-names.ts'
import { refusalText, type Refusal } from './refusal.ts'
import { checkSources } from './check-invokes.ts'
import { actionsOf } from './walk-machine.ts'

/** All that is wrong with a definition; its `code` is that of the first. */
export class DefinitionError extends ColloquyError {
  readonly refusals: readonly Refusal[]

  constructor(kind: string, refusals: readonly [Refusal, ...Refusal[]]) {
    const lines = refusals.map((refusal) => `\n  ${refusal.code}: ${refusalText(refusal)}`)
    super(refusals[0].code, `kind "${kind}" cannot be carried out as it is drawn:${lines.join('')}`)
    this.refusals = refusals
  }
}

/**
 * Checks that a machine asks for nothing that would be lost: what a record cannot hold, what nobody would run, what would end or
 * hang the actor. All of it is found at once; what cannot be seen in a definition is found by decisions.
 *
 * @throws DefinitionError
 */
export function checkDefinition(kind: Kind): void {
  const { machine, tasks } = kind
  const actions = actionsOf(machine)
  const [first, ...more] = [
    ...checkSources(machine, tasks, actions), ...checkActions(machine, actions), ...checkGuards(machine), ...checkEvents(kind),
    ...checkCycles(machine), ...checkStateNames(machine),
  ]
  // A machine that goes round for ever, or whose parts are missing, cannot be asked for its first state.
  const refusals = first === undefined ? checkContext(kind) : [first, ...more]
  if (isFilled(refusals)) throw new DefinitionError(kind.name, refusals)
}

const isFilled = (refusals: readonly Refusal[]): refusals is readonly [Refusal, ...Refusal[]] => refusals.length > 0
